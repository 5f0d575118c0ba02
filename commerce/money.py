"""Amounts of money: how they are rounded, the only place where they lose digits, and compared."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

# The digits that the columns of amounts hold; a shop in a finer currency does not start.
STORED_DIGITS = 2
# ISO 4217's currencies with another number of digits than two.
_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
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


def is_payable(amount: Decimal, *, currency: str) -> bool:
    """Whether an amount has no more digits than its currency."""
    return rounded(amount, currency=currency) == amount
