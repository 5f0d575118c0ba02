"""Amounts of money: which there are, how they are rounded and compared.

Nowhere else do they lose digits.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from django.conf import settings
from django.core.exceptions import ValidationError

# The digits that the columns of amounts hold; a shop in a finer currency does not start.
STORED_DIGITS = 2
# ISO 4217's currencies with another number of digits than two. MGA's and MRU's parts are fifths,
# which it counts as two digits; amounts are paid whole, and payment providers count them so.
_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW MGA MRU PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS_OF = {code: digits for digits, codes in _DIGITS.items() for code in codes.split()}


def digits_of(currency: str) -> int:
    """How many digits a currency's amounts have after the point."""
    return _DIGITS_OF.get(currency, 2)


def plain(amount: Decimal) -> str:
    """Return one text for equal amounts: 99.9 and 99.90 give the same."""
    return f"{amount.normalize():f}"


def rounded(amount: Decimal, *, currency: str) -> Decimal:
    """Return ``amount`` with the currency's digits, a half going to the even neighbour.

    Args:
        amount: any exact amount, such as a price times a tax rate.
        currency: an ISO 4217 code.
    """
    return amount.quantize(Decimal(1).scaleb(-digits_of(currency)), rounding=ROUND_HALF_EVEN)


def in_words(amount: Decimal, *, currency: str) -> str:
    """An amount as people read it: ``1,234.50 EUR``, ``1,234 JPY``."""
    return f"{rounded(amount, currency=currency):,} {currency}"


def is_payable(amount: Decimal, *, currency: str) -> bool:
    """Whether an amount has no more digits than its currency."""
    return rounded(amount, currency=currency) == amount


def too_fine(amount: Decimal) -> str | None:
    """Say why the shop can't ask for an amount, in words for staff; None where it can."""
    currency = settings.CURRENCY
    if is_payable(amount, currency=currency):
        return None
    digits = digits_of(currency) or "no"
    return f"{currency} has no such small amounts; give {digits} digits after the point."


def refuse_too_fine(amount: Decimal) -> None:
    """Validate an amount of the shop's currency, for fields of models and serializers.

    Raises:
        ValidationError: ``too_fine``, where it has more digits than the currency.
    """
    if objection := too_fine(amount):
        raise ValidationError(objection, code="too_fine")
