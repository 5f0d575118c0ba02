from __future__ import annotations

from decimal import Decimal

import pytest

from commerce.models import Voucher
from commerce.money import rounded
from commerce.services.pricing import quote_cart


def D(text: str) -> Decimal:  # noqa: N802
    return Decimal(text)


def priced(*lines, vouchers=(), shipping="0", tax="0", included=False, currency="EUR"):
    return quote_cart(
        lines=[(D(price), quantity) for price, quantity in lines],
        vouchers=vouchers,
        shipping=D(shipping),
        tax_rate=D(tax),
        prices_include_tax=included,
        currency=currency,
    )


def percentage(value, pk=1):
    return Voucher(pk=pk, kind=Voucher.Kind.PERCENTAGE, value=D(value))


def fixed(value, pk=2):
    return Voucher(pk=pk, kind=Voucher.Kind.FIXED, value=D(value))


def free_shipping(pk=3):
    return Voucher(pk=pk, kind=Voucher.Kind.FREE_SHIPPING, value=D("0"))


class TestRounded:
    @pytest.mark.parametrize(
        ("amount", "expected"),
        [("0.125", "0.12"), ("0.135", "0.14"), ("0.1251", "0.13"), ("-0.125", "-0.12")],
    )
    def test_a_half_goes_to_the_even_neighbour(self, amount, expected):
        assert str(rounded(D(amount), currency="EUR")) == expected

    def test_a_currency_without_minor_unit_has_no_digits(self):
        assert str(rounded(D("120.5"), currency="JPY")) == "120"


class TestQuoteCart:
    def test_an_empty_cart_costs_nothing(self):
        assert priced().total == 0

    def test_lines_add_up_to_the_subtotal(self):
        assert priced(("19.99", 3), ("0.01", 1)).subtotal == D("59.98")

    def test_tax_comes_on_top_of_goods_and_shipping(self):
        amounts = priced(("10.00", 2), shipping="5.00", tax="0.2")
        assert (amounts.tax, amounts.total) == (D("5.00"), D("30.00"))

    def test_tax_is_rounded_half_even_once_for_the_whole(self):
        # Line by line it would be 0.02 (0.0175 each); the whole is 0.0525.
        assert priced(("0.25", 1), ("0.25", 1), ("0.25", 1), tax="0.07").tax == D("0.05")
        assert priced(("0.25", 1), tax="0.1").tax == D("0.02")

    def test_included_tax_adds_nothing(self):
        amounts = priced(("12.00", 1), tax="0.2", included=True)
        assert (amounts.tax, amounts.total) == (0, D("12.00"))

    def test_a_percentage_is_of_the_subtotal_and_lowers_the_tax(self):
        amounts = priced(("9.95", 1), vouchers=[percentage("10")], tax="0.2")
        assert amounts.discount == D("1.00")  # 0.995 goes to the even neighbour
        assert amounts.tax == D("1.79")

    def test_a_fixed_amount_never_exceeds_the_goods(self):
        amounts = priced(("3.00", 1), vouchers=[fixed("5.00")], shipping="2.00")
        assert (amounts.discount, amounts.total) == (D("3.00"), D("2.00"))

    def test_free_shipping_takes_off_what_shipping_costs(self):
        amounts = priced(("3.00", 1), vouchers=[free_shipping()], shipping="2.00", tax="0.5")
        assert amounts.shipping == amounts.discount == D("2.00")
        assert (amounts.tax, amounts.total) == (D("1.50"), D("4.50"))

    def test_vouchers_together_come_to_the_same_in_any_order(self):
        vouchers = [percentage("10"), fixed("5.00"), free_shipping()]
        one = priced(("50.00", 1), vouchers=vouchers, shipping="4.00")
        other = priced(("50.00", 1), vouchers=vouchers[::-1], shipping="4.00")
        assert one == other
        assert one.taken_off == {1: D("5.00"), 2: D("5.00"), 3: D("4.00")}

    def test_shipping_is_free_once(self):
        amounts = priced(
            ("1.00", 1), vouchers=[free_shipping(3), free_shipping(4)], shipping="4.00"
        )
        assert (amounts.discount, amounts.total) == (D("4.00"), D("1.00"))

    def test_parts_always_add_up(self):
        amounts = priced(("33.33", 3), vouchers=[percentage("33.33")], shipping="4.95", tax="0.255")
        assert amounts.total == (
            amounts.subtotal - amounts.discount + amounts.shipping + amounts.tax
        )
