"""The quote of a cart: reading what it depends on, storing what it came to.

Each change of a cart renews its quote; checkout computes it once more and compares.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db.models import F, OuterRef, Subquery
from django.db.models.fields.json import KeyTextTransform

from commerce.expressions import requirements
from commerce.models import Cart, CartLine, CartVoucher, Quote, ShippingMethod, TaxRate, Voucher
from commerce.services.pricing import ZERO, Amounts, quote_cart


@dataclass(frozen=True, slots=True)
class Terms:
    """What a cart's price and checkout depend on besides its lines and vouchers.

    Attributes:
        order_number: of the order that the cart became, or None.
        missing: names of ``CheckoutRequirement``.
        shipping_price: of the chosen method, None where there is none for the address.
        tax_rate: of the shipping country, as a fraction; None where it is unknown.
        quoted_total: what the last change of the cart came to.
        quote_expires_at: until when that holds.
    """

    order_number: str | None = None
    missing: Sequence[str] = ()
    shipping_price: Decimal | None = None
    shipping_name: str | None = None
    tax_rate: Decimal | None = None
    quoted_total: Decimal | None = None
    quote_expires_at: datetime | None = None


# A cart that has no address, method or order yet.
NO_TERMS = Terms()


def terms_of(cart: Cart) -> Terms:
    """Read a stored cart's terms, in one query."""
    country = KeyTextTransform("country", OuterRef("shipping_address"))
    method = ShippingMethod.objects.for_country(country).filter(pk=OuterRef("shipping_method_id"))
    found = (
        Cart.objects.filter(pk=cart.pk)
        .values(
            order_number=F("order__number"),
            missing=requirements(),
            shipping_price=Subquery(method.values("price")[:1]),
            shipping_name=Subquery(method.values("name")[:1]),
            tax_rate=Subquery(TaxRate.objects.filter(country=country).values("rate")),
            quoted_total=F("quote__total"),
            quote_expires_at=F("quote__expires_at"),
        )
        .get()
    )
    return Terms(**found)


def lines_of(cart: Cart) -> list[CartLine]:
    """Read a cart's lines in their order, each with its variant and product."""
    return list(
        CartLine.objects.filter(cart=cart).select_related("variant__product").order_by("pk")
    )


def vouchers_of(cart: Cart) -> list[Voucher]:
    """Read a cart's vouchers, each with the number of uses by the cart's customer."""
    return list(
        Voucher.objects.filter(pk__in=CartVoucher.objects.filter(cart=cart).values("voucher"))
        .with_uses_by(cart.email)
        .order_by("pk")
    )


def subtotal_of(lines: Iterable[CartLine]) -> Decimal:
    """Compute what a cart's goods cost at today's prices."""
    return sum((line.variant.price * line.quantity for line in lines), ZERO)


def price_cart(
    *,
    lines: Collection[CartLine],
    vouchers: Iterable[Voucher],
    terms: Terms,
    now: datetime,
) -> Amounts:
    """Compute what a cart costs at today's prices; a voucher that no longer applies gives 0.

    Args:
        lines: with their variants, whose prices count.
        vouchers: as ``vouchers_of`` reads them.
    """
    subtotal = subtotal_of(lines)
    return quote_cart(
        lines=[(line.variant.price, line.quantity) for line in lines],
        vouchers=[
            voucher for voucher in vouchers if voucher.objection(subtotal=subtotal, now=now) is None
        ],
        shipping=terms.shipping_price or ZERO,
        tax_rate=terms.tax_rate or ZERO,
        prices_include_tax=settings.PRICES_INCLUDE_TAX,
        currency=settings.CURRENCY,
    )


def store_quote(
    *,
    cart: Cart,
    lines: Iterable[CartLine],
    changed: Collection[int] = (),
    vouchers: Iterable[Voucher],
    amounts: Amounts,
    now: datetime,
) -> None:
    """Store what a cart costs, with its lines' prices and its vouchers' amounts.

    Args:
        lines: all that the cart now has.
        changed: primary keys of the variants whose lines are new or have another quantity; of
            the others those are stored whose price changed.
        vouchers: all that the cart now has.
        amounts: as ``price_cart`` computes them.
    """
    stale = [
        line
        for line in lines
        if line.variant_id in changed or line.unit_price != line.variant.price
    ]
    for line in stale:
        line.unit_price = line.variant.price
        line.total = line.unit_price * line.quantity
        line.currency = settings.CURRENCY
    CartLine.objects.bulk_create(
        stale,
        update_conflicts=True,
        unique_fields=["cart", "variant"],
        update_fields=["quantity", "unit_price", "total", "currency"],
    )
    CartVoucher.objects.bulk_create(
        [
            CartVoucher(cart=cart, voucher=voucher, amount=amounts.taken_off.get(voucher.pk, ZERO))
            for voucher in vouchers
        ],
        update_conflicts=True,
        unique_fields=["cart", "voucher"],
        update_fields=["amount", "currency"],
    )
    Quote.objects.bulk_create(
        [
            Quote(
                cart=cart,
                currency=settings.CURRENCY,
                subtotal=amounts.subtotal,
                discount=amounts.discount,
                shipping=amounts.shipping,
                tax=amounts.tax,
                total=amounts.total,
                expires_at=now + settings.QUOTE_LIFETIME,
            )
        ],
        update_conflicts=True,
        unique_fields=["cart"],
        update_fields=[
            "currency",
            "subtotal",
            "discount",
            "shipping",
            "tax",
            "total",
            "expires_at",
        ],
    )
