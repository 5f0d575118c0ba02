"""Carts and orders, as the oracle reads them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import UTC
from typing import Any

from catalog.models import Variant
from commerce import models
from tests.oracle.fields import Asking, columns, failed, first_of, global_id, money, resolver
from tests.oracle.pages import Order, Page, newest, page_of
from tests.oracle.shop import Rows, Shop
from users.models import User

PARTS = ("subtotal", "discount", "shipping", "tax", "total", "included_tax")

columns("PostalAddress", "name street city postal_code country phone")
columns("Quote", " ".join(PARTS) + " expires_at")
columns("Totals", " ".join(PARTS))
for _type in (
    "ShippingMethod",
    "CartLine",
    "Cart",
    "OrderLine",
    "Fulfillment",
    "Return",
    "OrderNote",
    "Order",
    "Voucher",
):
    global_id(_type)
global_id("Payment", "public_id")


def amounts(name: str, *names: str) -> None:
    """Fields for amounts of money in the row's own currency."""
    for field in names:

        def read(row: Any, asking: Asking, column: str = field) -> Any:
            return money(getattr(row, column), row.currency)

        camel = "unitPrice" if field == "unit_price" else field
        resolver(f"{name}.{camel}")(read)


def together(row: Any) -> dict[str, Any]:
    """The parts of what something costs."""
    return {part: money(getattr(row, part), row.currency) for part in PARTS}


# --- carts --------------------------------------------------------------------------------------

columns("ShippingMethod", "name")
columns("CartLine", "quantity")
columns("Cart", "token version shipping_address billing_address")
amounts("ShippingMethod", "price")
amounts("CartLine", "unit_price", "total")
amounts("CartVoucher", "amount")


columns(
    "Voucher",
    "code kind value minimum_subtotal usage_limit usage_limit_per_customer used valid_from"
    " valid_until",
)


def see_vouchers(asking: Asking) -> Rows:
    if not asking.viewer.may("commerce.view_voucher"):
        raise failed("FORBIDDEN" if asking.viewer.user_id else "UNAUTHENTICATED")
    return asking.sees(models.Voucher, asking.shop.rows(models.Voucher))


@resolver("Query.voucher")
def voucher(_: Any, asking: Asking, code: str) -> Any:
    found = [row for row in see_vouchers(asking) if row.code.upper() == code.upper()]
    return next(iter(found), None)


@resolver("Query.vouchers")
def all_vouchers(_: Any, asking: Asking, **page: Any) -> Page:
    rows = see_vouchers(asking)
    order = Order("VoucherConnection:NEWEST", {row.pk: -row.pk for row in rows})
    return page_of(asking, rows, order, **page)


@resolver("Query.cart")
def cart_of_token(_: Any, asking: Asking, token: str) -> Any:
    holder = Asking(asking.shop, asking.viewer.holding(cart_token=token))
    found = [row for row in asking.shop.rows(models.Cart) if row.token == token]
    return next(iter(holder.sees(models.Cart, found)), None)


@resolver("CartLine.variant")
def variant(line: Any, asking: Asking) -> Any:
    return asking.shop.get(Variant, line.variant_id)


@resolver("CartVoucher.code")
def code(used: Any, asking: Asking) -> str:
    return asking.shop.get(models.Voucher, used.voucher_id).code


@resolver("Cart.email")
def cart_email(cart: Any, asking: Asking) -> str | None:
    return cart.email or None


@resolver("Cart.lines")
def cart_lines(cart: Any, asking: Asking, first: int | None = None) -> Rows:
    return first_of(asking.shop.of(models.CartLine, cart=cart.pk), first)


@resolver("Cart.vouchers")
def vouchers(cart: Any, asking: Asking, first: int | None = None) -> Rows:
    return first_of(asking.shop.of(models.CartVoucher, cart=cart.pk), first)


@resolver("Cart.shippingMethods")
def shipping_methods(cart: Any, asking: Asking, first: int | None = None) -> Rows:
    return first_of(asking.sees(models.ShippingMethod, methods_for(asking.shop, cart)), first)


def methods_for(shop: Shop, cart: Any) -> Rows:
    """The ways in which the shop sends to a cart's address."""
    if cart.shipping_address is None:
        return []
    methods = [
        method
        for method in shop.rows(models.ShippingMethod)
        if method.is_active
        and cart.shipping_address["country"]
        in shop.get(models.ShippingZone, method.zone_id).countries
    ]
    return sorted(methods, key=lambda method: (method.position, method.pk))


@resolver("Cart.shippingMethod")
def shipping_method(cart: Any, asking: Asking) -> Any:
    return asking.see(models.ShippingMethod, cart.shipping_method_id)


@resolver("Cart.quote")
def quote(cart: Any, asking: Asking) -> Any:
    stored = asking.shop.get(models.Quote, cart.pk)
    return None if stored is None else {**together(stored), "expires_at": stored.expires_at}


@resolver("Cart.requirements")
def requirements(cart: Any, asking: Asking) -> list[str]:
    lacking = {
        "LINES": not asking.shop.of(models.CartLine, cart=cart.pk),
        "EMAIL": not cart.email,
        "SHIPPING_ADDRESS": cart.shipping_address is None,
        "SHIPPING_METHOD": cart.shipping_method_id
        not in [method.pk for method in methods_for(asking.shop, cart)],
    }
    return [name for name, lacks in lacking.items() if lacks]


# --- orders -------------------------------------------------------------------------------------

columns("OrderLine", "name sku quantity fulfilled returning returned")
columns("FulfillmentLine", "quantity")
columns("ReturnLine", "quantity")
columns("Return", "status reason answer created_at")
columns("Fulfillment", "tracking_number status")
columns("OrderNote", "body created_at")
columns("OrderEvent", "sequence kind message created_at")
columns("Order", "number status payment_status placed_at email shipping_method_name")
columns("Order", "shipping_address billing_address")
columns("Payment", "status next_action")
columns("NextAction", "kind client_secret redirect_url")
amounts("OrderLine", "unit_price", "total")
amounts("Order", "total")
amounts("Payment", "amount")


@resolver("Query.order")
def order_of_key(
    _: Any, asking: Asking, token: str | None = None, number: str | None = None
) -> Any:
    if token is None and number is None:
        return None
    viewer = asking.viewer if token is None else asking.viewer.holding(order_token=token)
    found = [
        row
        for row in asking.shop.rows(models.Order)
        if token in (None, row.token) and number in (None, row.number)
    ]
    for row in Asking(asking.shop, viewer).sees(models.Order, found):
        held = copy(row)
        held.holder = viewer
        return held
    return None


@resolver("Query.orders")
def orders(
    _: Any,
    asking: Asking,
    filter: dict[str, Any] | None = None,  # noqa: A002 - the argument's name
    sort: Any = None,
    **page: Any,
) -> Page:
    if not asking.viewer.may("commerce.view_order"):
        raise failed("FORBIDDEN" if asking.viewer.user_id else "UNAUTHENTICATED")
    rows = asking.sees(models.Order, asking.shop.rows(models.Order))
    wanted = {name: value for name, value in (filter or {}).items() if value not in (None, [])}
    return placed(asking, [row for row in rows if fits(row, wanted)], sort, page)


def placed(asking: Asking, rows: Rows, sort: Any, page: Mapping[str, Any]) -> Page:
    """A page of orders by the time they were placed."""
    name = getattr(sort, "name", sort) or "NEWEST"
    places = newest(asking.shop.rows(models.Order), "placed_at", oldest=name == "OLDEST")
    return page_of(asking, rows, Order(f"OrderConnection:{name}", places), **page)


def fits(order: Any, wanted: Mapping[str, Any]) -> bool:
    """Whether an order meets every condition; the form strips texts, and blank ones set none."""
    email = wanted.get("email", "").strip().lower()
    term = wanted.get("search", "").strip().lower()
    return (
        order.status in names_in(wanted.get("status"), order.status)
        and order.payment_status in names_in(wanted.get("payment_status"), order.payment_status)
        and order.placed_at >= aware(wanted.get("placed_after", order.placed_at))
        and ("placed_before" not in wanted or order.placed_at < aware(wanted["placed_before"]))
        and email in ("", order.email.lower())
        and (order.number.lower().startswith(term) or order.email.lower().startswith(term))
    )


def names_in(choices: Any, otherwise: str) -> list[str]:
    """The names of enum values; where nothing is wanted, what is there."""
    return [otherwise] if choices is None else [getattr(each, "name", each) for each in choices]


def aware(moment: Any) -> Any:
    """A time; without a zone, it is UTC's."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@resolver("Order.token")
def order_token(order: Any, asking: Asking) -> str | None:
    return order.token if is_customers(order, asking) else None


def is_customers(order: Any, asking: Asking) -> bool:
    """Whether the viewer bought it or holds its token."""
    holder = getattr(order, "holder", asking.viewer)
    mine = holder.user_id is not None and order.user_id == holder.user_id
    return mine or holder.order_token == order.token


@resolver("OrderLine.variant")
def bought_variant(line: Any, asking: Asking) -> Any:
    return asking.shop.get(Variant, line.variant_id)


@resolver("FulfillmentLine.orderLine")
def order_line(line: Any, asking: Asking) -> Any:
    return asking.shop.get(models.OrderLine, line.order_line_id)


@resolver("Fulfillment.lines")
def parcel_lines(parcel: Any, asking: Asking, first: int | None = None) -> Rows:
    return first_of(asking.shop.of(models.FulfillmentLine, fulfillment=parcel.pk), first)


@resolver("Order.lines")
def order_lines(order: Any, asking: Asking, first: int | None = None) -> Rows:
    return first_of(asking.shop.of(models.OrderLine, order=order.pk), first)


@resolver("Order.fulfillments")
def fulfillments(order: Any, asking: Asking, first: int | None = None) -> Rows:
    return first_of(asking.shop.of(models.Fulfillment, order=order.pk), first)


@resolver("ReturnLine.orderLine")
def returned_line(line: Any, asking: Asking) -> Any:
    return asking.shop.get(models.OrderLine, line.order_line_id)


@resolver("Return.lines")
def return_lines(asked: Any, asking: Asking, first: int | None = None) -> Rows:
    return first_of(asking.shop.of(models.ReturnLine, order_return=asked.pk), first)


@resolver("Order.returns")
def returns(order: Any, asking: Asking, first: int | None = None) -> Rows:
    return first_of(asking.shop.of(models.Return, order=order.pk), first)


@resolver("OrderNote.author")
def note_author(note: Any, asking: Asking) -> str | None:
    author = asking.shop.get(User, note.author_id)
    if author is None:
        return None
    return f"{author.first_name} {author.last_name}".strip(" ") or author.email


@resolver("Order.notes")
def notes(order: Any, asking: Asking, first: int | None = None) -> Rows:
    rows = asking.shop.of(models.OrderNote, order=order.pk)
    return first_of(asking.sees(models.OrderNote, rows), first)


@resolver("Order.totals")
def totals(order: Any, asking: Asking) -> Any:
    return together(order)


@resolver("Order.events")
def events(order: Any, asking: Asking, **page: Any) -> Page:
    rows = sorted(asking.shop.rows(models.OrderEvent), key=lambda row: (row.sequence, row.pk))
    order_of = Order("OrderEventConnection:OLDEST", {row.pk: at for at, row in enumerate(rows)})
    return page_of(asking, asking.shop.of(models.OrderEvent, order=order.pk), order_of, **page)
