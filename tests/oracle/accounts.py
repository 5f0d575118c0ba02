"""Accounts, jobs, and whatever has an id, as the oracle reads them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from catalog.models import (
    Category,
    Collection,
    Media,
    Product,
    ProductImport,
    Review,
    StockMovement,
    Variant,
)
from commerce.models import Cart, Fulfillment, OrderNote, Return, ShippingMethod, Voucher
from commerce.models import Order as OrderRow
from tasks.models import Job
from tasks.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests.oracle.fields import Asking, columns, failed, first_of, global_id, resolver
from tests.oracle.pages import Order, Page, newest, page_of
from tests.oracle.sales import names_in, placed
from tests.oracle.shop import Rows
from users.models import Address, Message, Notification, User

for _type in ("Address", "Message", "Notification", "User"):
    global_id(_type)
global_id("Job", "public_id")
columns("Address", "name street city postal_code country phone")
columns("Address", "is_default_shipping is_default_billing")
columns("Message", "body created_at")
columns("Notification", "kind title body read_at created_at")
columns("User", "email first_name last_name is_email_verified")
columns("Job", "kind status attempts progress error created_at finished_at")


@resolver("Query.viewer")
def viewer(_: Any, asking: Asking) -> Any:
    if asking.viewer.user_id is None:
        raise failed("UNAUTHENTICATED")
    return asking.see(User, asking.viewer.user_id)


@resolver("User.roles")
def roles(user: Any, asking: Asking) -> list[str]:
    return sorted(user.groups.values_list("name", flat=True))


@resolver("User.addresses")
def addresses(user: Any, asking: Asking, first: int | None = None) -> Rows:
    return first_of(asking.sees(Address, asking.shop.of(Address, user=user.pk)), first)


@resolver("User.cart")
def cart(user: Any, asking: Asking) -> Any:
    ordered = {order.cart_id for order in asking.shop.rows(OrderRow)}
    carts = asking.sees(Cart, asking.shop.of(Cart, user=user.pk))
    left = [cart for cart in carts if cart.pk not in ordered]
    return max(left, key=lambda cart: (cart.updated_at, cart.pk), default=None)


@resolver("User.orders")
def orders_of(user: Any, asking: Asking, **page: Any) -> Page:
    rows = asking.sees(OrderRow, asking.shop.of(OrderRow, user=user.pk))
    return placed(asking, rows, "NEWEST", page)


@resolver("User.notifications")
def notifications(user: Any, asking: Asking, **page: Any) -> Page:
    order = Order("NotificationConnection:NEWEST", newest(asking.shop.rows(Notification)))
    rows = asking.sees(Notification, asking.shop.of(Notification, user=user.pk))
    return page_of(asking, rows, order, **page)


@resolver("NotificationConnection.unreadCount")
def unread_count(page: Page, asking: Asking) -> int:
    return sum(row.read_at is None for row in page.listed)


@resolver("User.messages")
def messages(user: Any, asking: Asking, **page: Any) -> Page:
    everything = asking.shop.rows(Message)
    mine = [row for row in everything if user.pk in (row.sender_id, row.recipient_id)]
    order = Order("MessageConnection:NEWEST", newest(everything))
    return page_of(asking, asking.sees(Message, mine), order, **page)


@resolver("Message.isMine")
def is_mine(message: Any, asking: Asking) -> bool:
    return message.sender_id == asking.viewer.user_id


@resolver("Message.order")
def order_of_message(message: Any, asking: Asking) -> Any:
    return asking.see(OrderRow, message.order_id)


# --- jobs ---------------------------------------------------------------------------------------


@resolver("Query.job")
def job(_: Any, asking: Asking, id: str) -> Any:  # noqa: A002 - the argument's name
    key = parts_of(id)[1]
    found = [row for row in asking.shop.rows(Job) if str(row.public_id) == key]
    held = [row.public_id for row in found]
    holder = Asking(asking.shop, asking.viewer.holding(job_ids=held))
    return next(iter(holder.sees(Job, found)), None)


@resolver("Query.jobs")
def jobs(
    _: Any,
    asking: Asking,
    filter: Mapping[str, Any] | None = None,  # noqa: A002 - the argument's name
    **page: Any,
) -> Page:
    if not asking.viewer.may("tasks.view_job"):
        raise failed("FORBIDDEN" if asking.viewer.user_id else "UNAUTHENTICATED")
    wanted = filter or {}
    rows = [
        row
        for row in asking.sees(Job, asking.shop.rows(Job))
        if row.status in names_in(wanted.get("status") or None, row.status)
        and row.kind in (wanted.get("kind") or [row.kind])
    ]
    return page_of(
        asking, rows, Order("JobConnection:NEWEST", newest(asking.shop.rows(Job))), **page
    )


# --- whatever has an id -------------------------------------------------------------------------

NODES = {
    "Address": Address,
    "Cart": Cart,
    "Category": Category,
    "Collection": Collection,
    "Fulfillment": Fulfillment,
    "Job": Job,
    "Media": Media,
    "Message": Message,
    "Notification": Notification,
    "Order": OrderRow,
    "OrderNote": OrderNote,
    "Product": Product,
    "ProductImport": ProductImport,
    "Return": Return,
    "Review": Review,
    "StockMovement": StockMovement,
    "ShippingMethod": ShippingMethod,
    "User": User,
    "Variant": Variant,
    "Voucher": Voucher,
    "WebhookDelivery": WebhookDelivery,
    "WebhookEndpoint": WebhookEndpoint,
}
NAMES = {model: name for name, model in NODES.items()}


def parts_of(global_id: str) -> tuple[str, str]:
    """The type and key in an id."""
    try:
        type_name, _, key = base64.b64decode(global_id, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return type_name, key


def row_of(asking: Asking, global_id: str) -> Any:
    """The visible row of an id, or None."""
    type_name, key = parts_of(global_id)
    model = NODES.get(type_name)
    if model is None:
        return None
    column = "public_id" if model is Job else "pk"
    found = [row for row in asking.shop.rows(model) if str(getattr(row, column)) == key]
    return next(iter(asking.sees(model, found)), None)


@resolver("Query.node")
def node(_: Any, asking: Asking, id: str) -> Any:  # noqa: A002 - the argument's name
    return row_of(asking, id)


@resolver("Query.nodes")
def nodes(_: Any, asking: Asking, ids: list[str]) -> Rows:
    return [row_of(asking, each) for each in ids]


def type_of(row: Any, *_: Any) -> str:
    """The GraphQL type of a row that was found by its id."""
    return NAMES[type(row)]
