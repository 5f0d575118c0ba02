"""What a cart costs: arithmetic alone, no database.

The order of the steps is the rule:

1. Every line costs its unit price times its quantity; together they are the subtotal.
2. Vouchers take off. A percentage is of the whole subtotal, so that their order does not matter;
   the goods never go below zero. Free shipping takes off what the shipping costs.
3. Tax is on what is then left to pay, shipping included. Where prices include tax, nothing is
   added: the tax column says what comes on top, and is zero; what the total contains is told apart.

Each amount is rounded once, when it becomes one of the quote's columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from catalog.money import rounded
from commerce.models import Voucher

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Amounts:
    """The columns of a quote or an order; ``total = subtotal - discount + shipping + tax``.

    Attributes:
        included_tax: what of the total is tax that the prices contain; zero where tax is on top.
        taken_off: what each voucher takes off, by its primary key; together the discount.
    """

    subtotal: Decimal = ZERO
    discount: Decimal = ZERO
    shipping: Decimal = ZERO
    tax: Decimal = ZERO
    total: Decimal = ZERO
    included_tax: Decimal = ZERO
    taken_off: dict[int, Decimal] = field(default_factory=dict)


def quote_cart(
    *,
    lines: Iterable[tuple[Decimal, int]],
    vouchers: Iterable[Voucher],
    shipping: Decimal,
    tax_rate: Decimal,
    prices_include_tax: bool,
    currency: str,
) -> Amounts:
    """Compute what a cart costs.

    Args:
        lines: unit price and quantity of each.
        vouchers: those that apply; see ``commerce.services.vouchers``.
        shipping: the chosen method's price, zero where none is chosen.
        tax_rate: the shipping country's, as a fraction; zero where it is unknown.
        prices_include_tax: whether the prices already contain the tax.
        currency: ISO 4217 code of all amounts.
    """
    subtotal = sum((price * quantity for price, quantity in lines), ZERO)
    goods, postage = subtotal, shipping
    taken_off = {}
    for voucher in vouchers:
        if voucher.kind == Voucher.Kind.FREE_SHIPPING:
            amount, postage = postage, ZERO
        else:
            amount = min(goods, _face_value(voucher, subtotal=subtotal, currency=currency))
            goods -= amount
        taken_off[voucher.pk] = amount
    to_pay = goods + postage
    if prices_include_tax:
        tax = ZERO
        included_tax = rounded(to_pay * tax_rate / (1 + tax_rate), currency=currency)
    else:
        tax = rounded(to_pay * tax_rate, currency=currency)
        included_tax = ZERO
    return Amounts(
        subtotal=subtotal,
        discount=sum(taken_off.values(), ZERO),
        shipping=shipping,
        tax=tax,
        total=to_pay + tax,
        included_tax=included_tax,
        taken_off=taken_off,
    )


def _face_value(voucher: Voucher, *, subtotal: Decimal, currency: str) -> Decimal:
    """What a voucher is worth before the goods' price limits it."""
    if voucher.kind == Voucher.Kind.PERCENTAGE:
        return rounded(subtotal * voucher.value / 100, currency=currency)
    return voucher.value
