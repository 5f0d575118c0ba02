"""Carts, orders and vouchers for the tests of commerce."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from catalog.models import Stock, Variant
from commerce.models import Cart, ShippingMethod, Voucher
from commerce.services.carts import LineInput, create_cart, update_cart
from commerce.services.checkout import Checkout, complete_checkout
from tests.catalog.factories import make_product
from users.models import User
from users.viewer import ANONYMOUS, Viewer

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LONDON = {
    "name": "Ada Byron",
    "street": "1 Analytical Way",
    "city": "London",
    "postal_code": "N1 9GU",
    "country": "GB",
    "phone": "",
}


def make_variant(sku: str = "mug-1", *, price: str = "10.00", stock: int = 10) -> Variant:
    """A variant of a published product of its own."""
    product = make_product(slug=sku, variants=[{"sku": sku, "price": price, "stock": stock}])
    return product.variants.get()


def wanted(**quantities: int) -> list[LineInput]:
    """Line inputs by SKU; an underscore stands for a dash: ``wanted(mug_1=2)``."""
    return [
        LineInput(sku=sku.replace("_", "-"), variant_id=None, quantity=quantity)
        for sku, quantity in quantities.items()
    ]


def make_cart(*, viewer: Viewer = ANONYMOUS, now: datetime = NOON, **quantities: int) -> Cart:
    """A cart with those quantities by SKU."""
    return create_cart(viewer=viewer, lines=wanted(**quantities), now=now)


def make_ready_cart(
    *, method: ShippingMethod, viewer: Viewer = ANONYMOUS, changes: Any = (), **quantities: int
) -> Cart:
    """A cart that lacks nothing: to London by ``method``."""
    cart = make_cart(viewer=viewer, **quantities)
    return update_cart(
        viewer=viewer,
        token=cart.token,
        changes={
            "email": "ada@example.com",
            "shipping_address": LONDON,
            "shipping_method_id": method.pk,
            **dict(changes),
        },
        now=NOON,
    )


def buy(cart: Cart, *, key: str = "key-1", viewer: Viewer = ANONYMOUS, **options: Any) -> Checkout:
    """Complete the cart's checkout with manual payment."""
    return complete_checkout(
        **{
            "viewer": viewer,
            "cart_token": cart.token,
            "idempotency_key": key,
            "provider": "manual",
            "payment_data": {},
            "now": NOON + timedelta(minutes=1),
            **options,
        }
    )


def make_voucher(
    code: str = "SAVE", kind: str = "PERCENTAGE", value: str = "10", **fields: Any
) -> Voucher:
    """A voucher valid since a day before noon."""
    return Voucher.objects.create(
        code=code,
        kind=kind,
        value=Decimal(value),
        **{"valid_from": NOON - timedelta(days=1), **fields},
    )


def make_customer(email: str = "ada@example.com") -> Viewer:
    """A customer's viewer."""
    return Viewer(user_id=User.objects.create_user(email, "pass").pk)


def available(sku: str) -> int:
    """How many of a variant can be bought."""
    stock = Stock.objects.get(variant__sku=sku)
    return stock.on_hand - stock.allocated
