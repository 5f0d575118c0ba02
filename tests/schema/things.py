"""What the calls of `permission_rows` name: somebody's own, and what staff work on."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from catalog.models import Category, Collection, Media, ProductImport, Review
from commerce.models import Order, OrderLine, Return
from commerce.services.fulfillments import create_fulfillment
from commerce.services.order_lines import OrderLineInput
from commerce.services.returns import approve_return, request_return
from schema.compiler.ids import encode_id
from tasks.models import Job
from tests.commerce.factories import make_voucher
from tests.schema.shop import (
    PAID,
    PASSWORD,
    Endpoint,
    buy,
    id_of,
    mailed_token,
    make_user,
    product_id,
    ready_cart,
    token_of,
)
from tests.tasks.webhooks.factories import make_delivery
from users.models import Address, Notification, User
from users.roles import ROLES
from users.services.sessions import log_in
from users.viewer import ANONYMOUS, Viewer

BOSS = "boss@example.com"
# A card with 3-D Secure, which is still to be done.
SECURED = {"provider": "fake", "data": {"card": "4000000000003220"}}
# What opens something to whoever has it, and how one may guess at it who hasn't.
GUESSES = dict.fromkeys(
    ("order", "sent", "guest_cart", "access", "refresh", "verification", "reset", "password"),
    "a guess",
) | {"payment": encode_id("Payment", 1), "job": encode_id("Job", 1)}
_MANAGER = Viewer(permissions=ROLES["order_manager"])


# What nobody but its owner may be shown.
OWNED = (
    *("email", "access", "refresh", "verification", "reset", "address", "notification"),
    *("cart", "order", "number", "sent", "sent_number", "line", "asked", "approved"),
    *("paid", "payment", "parcel", "job"),
)


def things(endpoint: Endpoint, user: User | None) -> dict[str, str]:
    """What calls name, in a filled shop.

    Args:
        user: whose it is; a guest's and staff's own where None.
    """
    boss = User.objects.of_email(BOSS).first() or make_user(BOSS, role="admin")
    return _shops() | _buyers(endpoint, user) | _accounts(user or boss) | {"boss": BOSS}


def owned(endpoint: Endpoint, user: User | None) -> dict[str, str]:
    """What calls name of somebody's own; of a guest's without what only accounts have."""
    return _buyers(endpoint, user) | (_accounts(user) if user else {})


def _accounts(user: User) -> dict[str, str]:
    """What only an account has."""
    session = log_in(email=user.email, password=PASSWORD, address=None, now=timezone.now())
    notification = Notification.objects.create(
        user=user, kind="MESSAGE_RECEIVED", source="message:99", sequence=99, title="New message"
    )
    address = Address.objects.create(user=user, name="A", street="B", city="C", country="GB")
    return {
        "email": user.email,
        "password": PASSWORD,
        "access": session.token,
        "refresh": session.refresh_token,
        "verification": mailed_token(user, "EMAIL_VERIFICATION"),
        "reset": mailed_token(user, "PASSWORD_RESET"),
        "address": id_of(address),
        "notification": id_of(notification),
    }


def _buyers(endpoint: Endpoint, user: User | None) -> dict[str, str]:
    """What each has who buys; who has an account may review the mug, which was sent."""
    bearer = token_of(user) if user else None
    order = buy(endpoint, bearer=bearer)["order"]
    sent = buy(endpoint, bearer=bearer, quantity=3)["order"]
    paid = buy(endpoint, bearer=bearer, sku="OBS-1", payment=PAID)
    waiting = buy(endpoint, bearer=bearer, sku="OBS-1", payment=SECURED)
    parcel = create_fulfillment(
        viewer=_MANAGER,
        order_number=buy(endpoint, bearer=bearer)["order"]["number"],
        now=timezone.now(),
    ).fulfillment
    job = Job.objects.create(kind="users.notify_recipient", status="DEAD")
    return {
        "guest_cart": ready_cart(endpoint)["token"],
        "cart": ready_cart(endpoint, bearer=bearer)["token"],
        "order": order["token"],
        "number": order["number"],
        "sent": sent["token"],
        "sent_number": sent["number"],
        "line": sent["lines"][0]["id"],
        "asked": id_of(_returned(sent, "REQUESTED")),
        "approved": id_of(_returned(sent, "APPROVED")),
        "paid": paid["order"]["number"],
        "payment": waiting["payment"]["id"],
        "parcel": id_of(parcel),
        "job": encode_id("Job", job.public_id),
    }


def _shops() -> dict[str, str]:
    """What is the shop's."""
    delivery = make_delivery()
    reviewed = ProductImport.objects.create(
        file="shop.csv", file_hash="0" * 64, status="VALIDATED", row_count=1, valid_count=1
    )
    return {
        "category": id_of(Category.objects.get(slug="clothing")),
        "collection": id_of(Collection.objects.get()),
        "file_hash": reviewed.file_hash,
        "import": id_of(reviewed),
        "lamp": product_id("lamp"),
        "product": product_id("mug"),
        "media": id_of(Media.objects.first()),
        "review": id_of(Review.objects.order_by("pk").first()),
        "voucher": id_of(make_voucher()),
        "delivery": id_of(delivery),
        "endpoint": id_of(delivery.endpoint),
    }


def _returned(order: dict[str, Any], status: str) -> Return:
    """A return of an order of three; what is not sent before is sent at first."""
    if Order.objects.get(token=order["token"]).status == "CONFIRMED":
        create_fulfillment(viewer=_MANAGER, order_number=order["number"], now=timezone.now())
    (line,) = OrderLine.objects.filter(order__token=order["token"])
    asked = request_return(
        viewer=ANONYMOUS,
        token=order["token"],
        lines=[OrderLineInput(order_line_id=line.pk, quantity=1)],
        now=timezone.now(),
    )
    if status == "APPROVED":
        approve_return(viewer=_MANAGER, return_id=asked.pk, now=timezone.now())
    return asked
