"""The quote of a cart: reading what it depends on, storing what it came to.

Each change of a cart renews its quote; checkout computes it once more and compares.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import connection
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KeyTextTransform

from commerce.compiled import Compiled
from commerce.expressions import requirements
from commerce.models import Cart, CartLine, CartVoucher, ShippingMethod, TaxRate, Voucher
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
        has_vouchers: whether the cart has any, which may or may not apply.
    """

    order_number: str | None = None
    missing: Sequence[str] = ()
    shipping_price: Decimal | None = None
    shipping_name: str | None = None
    tax_rate: Decimal | None = None
    quoted_total: Decimal | None = None
    quote_expires_at: datetime | None = None
    has_vouchers: bool = False


# Lines and quote, new or changed, in one statement. New lines keep the order that they came in.
STORE = """
WITH stale AS (
    INSERT INTO commerce_cartline (cart_id, variant_id, quantity, unit_price, total, currency)
    SELECT %(cart)s, variant_id, quantity, price, price * quantity, %(currency)s
      FROM unnest(%(variants)s::bigint[], %(quantities)s::int[], %(prices)s::numeric[])
           WITH ORDINALITY AS line (variant_id, quantity, price, position)
     ORDER BY position
        ON CONFLICT (cart_id, variant_id) DO UPDATE
       SET quantity = excluded.quantity,
           unit_price = excluded.unit_price,
           total = excluded.total,
           currency = excluded.currency
)
INSERT INTO commerce_quote
       (cart_id, currency, subtotal, discount, shipping, tax, total, included_tax, expires_at)
VALUES (%(cart)s, %(currency)s, %(subtotal)s, %(discount)s, %(shipping)s, %(tax)s, %(total)s,
        %(included_tax)s, %(expires_at)s)
    ON CONFLICT (cart_id) DO UPDATE
   SET currency = excluded.currency,
       subtotal = excluded.subtotal,
       discount = excluded.discount,
       shipping = excluded.shipping,
       tax = excluded.tax,
       total = excluded.total,
       included_tax = excluded.included_tax,
       expires_at = excluded.expires_at
"""

# A cart that has no address, method or order yet.
NO_TERMS = Terms()


@dataclass(slots=True)
class Line:
    """A line of a cart, beside what its variant is now.

    Attributes:
        price: what one costs now.
        is_sold: whether the shop still sells it.
        pk: of the stored line; None for a new one.
        unit_price: what one cost when the line was stored last.
    """

    variant_id: int
    quantity: int
    price: Decimal
    sku: str | None
    product: str
    variant: str
    is_sold: bool
    pk: int | None = None
    unit_price: Decimal | None = None

    @property
    def name(self) -> str:
        """What orders call it: the product's name and, where there is one, the variant's own."""
        return f"{self.product} ({self.variant})" if self.variant else self.product

    @property
    def total(self) -> Decimal:
        """What the line costs now."""
        return self.price * self.quantity


def _terms(cart: int) -> QuerySet:
    country = KeyTextTransform("country", OuterRef("shipping_address"))
    method = ShippingMethod.objects.for_country(country).filter(pk=OuterRef("shipping_method_id"))
    return Cart.objects.filter(pk=cart).values_list(
        F("order__number"),
        requirements(),
        Subquery(method.values("price")[:1]),
        Subquery(method.values("name")[:1]),
        Subquery(TaxRate.objects.filter(country=country).values("rate")),
        F("quote__total"),
        F("quote__expires_at"),
        Exists(CartVoucher.objects.filter(cart=OuterRef("pk"))),
    )


# Their samples are numbers and texts that no condition of theirs has.
_TERMS = Compiled(_terms, cart=-20_260_601)
_LINES = Compiled(
    lambda cart: (
        CartLine.objects.filter(cart=cart)
        .order_by("pk")
        .values_list(
            "variant_id",
            "quantity",
            "variant__price",
            "variant__sku",
            "variant__product__name",
            "variant__name",
            "variant__product__is_published",
            "pk",
            "unit_price",
        )
    ),
    cart=-20_260_601,
)


def terms_of(cart: Cart) -> Terms:
    """Read a stored cart's terms, in one query."""
    (found,) = _TERMS.rows(cart=cart.pk)
    return Terms(*found)


def lines_of(cart: Cart) -> list[Line]:
    """Read a cart's lines in their order, in one query."""
    return [Line(*row) for row in _LINES.rows(cart=cart.pk)]


def vouchers_of(cart: Cart, *, terms: Terms) -> list[Voucher]:
    """Read a cart's vouchers, each with the number of uses by the cart's customer."""
    if not terms.has_vouchers:
        return []
    return list(
        Voucher.objects.filter(pk__in=CartVoucher.objects.filter(cart=cart).values("voucher"))
        .with_uses_by(cart.email, user_id=cart.user_id)
        .order_by("pk")
    )


def subtotal_of(lines: Iterable[Line]) -> Decimal:
    """Compute what a cart's goods cost at today's prices."""
    return sum((line.total for line in lines), ZERO)


def price_cart(
    *,
    lines: Collection[Line],
    vouchers: Iterable[Voucher],
    terms: Terms,
    now: datetime,
) -> Amounts:
    """Compute what a cart costs at today's prices; a voucher that no longer applies gives 0.

    Args:
        lines: whose prices of today count.
        vouchers: as ``vouchers_of`` reads them.
    """
    subtotal = subtotal_of(lines)
    return quote_cart(
        lines=[(line.price, line.quantity) for line in lines],
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
    lines: Iterable[Line],
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
    stale = [line for line in lines if line.variant_id in changed or line.unit_price != line.price]
    CartVoucher.objects.bulk_create(
        [
            CartVoucher(cart=cart, voucher=voucher, amount=amounts.taken_off.get(voucher.pk, ZERO))
            for voucher in vouchers
        ],
        update_conflicts=True,
        unique_fields=["cart", "voucher"],
        update_fields=["amount", "currency"],
    )
    with connection.cursor() as cursor:
        cursor.execute(
            STORE,
            {
                "cart": cart.pk,
                "currency": settings.CURRENCY,
                "variants": [line.variant_id for line in stale],
                "quantities": [line.quantity for line in stale],
                "prices": [line.price for line in stale],
                "subtotal": amounts.subtotal,
                "discount": amounts.discount,
                "shipping": amounts.shipping,
                "tax": amounts.tax,
                "total": amounts.total,
                "included_tax": amounts.included_tax,
                "expires_at": now + settings.QUOTE_LIFETIME,
            },
        )
