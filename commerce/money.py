"""Amounts of money: how they are rounded, the only place where they lose digits, and compared."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

# Currencies without a minor unit; all others that the shop's columns hold have two digits.
_CODES = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
WITHOUT_MINOR_UNIT = frozenset(_CODES.split())


def plain(amount: Decimal) -> str:
    """Return one text for equal amounts: 99.9 and 99.90 give the same."""
    return f"{amount.normalize():f}"


def rounded(amount: Decimal, *, currency: str) -> Decimal:
    """Return ``amount`` with the currency's digits, a half going to the even neighbour.

    Args:
        amount: any exact amount, such as a price times a tax rate.
        currency: an ISO 4217 code.
    """
    digit = Decimal(1) if currency in WITHOUT_MINOR_UNIT else Decimal("0.01")
    return amount.quantize(digit, rounding=ROUND_HALF_EVEN)
