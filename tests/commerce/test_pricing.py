from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from catalog.money import digits_of, is_payable, rounded
from commerce.models import Voucher
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


@st.composite
def carts(draw):
    """Whatever may be priced: any lines, vouchers, shipping and tax, in a currency of its own."""
    currency = draw(st.sampled_from(["EUR", "JPY", "KWD"]))
    digits = digits_of(currency)

    def amounts(most):
        return st.decimals(0, most, places=digits, allow_nan=False, allow_infinity=False)

    vouchers = [
        Voucher(pk=pk, kind=kind, value=draw(amounts(100)))
        for pk, kind in enumerate(draw(st.lists(st.sampled_from(Voucher.Kind.values), max_size=5)))
    ]
    return {
        "lines": draw(st.lists(st.tuples(amounts(10_000), st.integers(1, 999)), max_size=8)),
        "vouchers": vouchers,
        "shipping": draw(amounts(200)),
        "tax_rate": draw(st.decimals(0, D("0.9999"), places=4)),
        "prices_include_tax": draw(st.booleans()),
        "currency": currency,
    }


class TestAnyCart:
    @given(carts())
    def test_loses_no_cent(self, cart):
        amounts = quote_cart(**cart)
        assert amounts.subtotal == sum(price * quantity for price, quantity in cart["lines"])
        assert amounts.shipping == cart["shipping"]
        assert amounts.discount == sum(amounts.taken_off.values())
        assert amounts.total == (
            amounts.subtotal - amounts.discount + amounts.shipping + amounts.tax
        )
        parts = ("subtotal", "discount", "shipping", "tax", "total", "included_tax")
        for part in parts:
            value = getattr(amounts, part)
            assert value >= 0
            assert is_payable(value, currency=cart["currency"])

    @given(carts())
    def test_is_lowered_by_at_most_what_it_costs(self, cart):
        amounts = quote_cart(**cart)
        assert amounts.discount <= amounts.subtotal + amounts.shipping
        assert amounts.taken_off.keys() == {voucher.pk for voucher in cart["vouchers"]}
        if not any(voucher.kind == "FREE_SHIPPING" for voucher in cart["vouchers"]):
            assert amounts.discount <= amounts.subtotal

    @given(carts())
    def test_has_its_tax_right_to_half_of_the_smallest_coin(self, cart):
        amounts, rate = quote_cart(**cart), Fraction(cart["tax_rate"])
        net = amounts.subtotal - amounts.discount + amounts.shipping
        half = Fraction(1, 2 * 10 ** digits_of(cart["currency"]))
        if cart["prices_include_tax"]:
            assert (amounts.tax, amounts.total) == (0, net)
            exact = Fraction(net) * rate / (1 + rate)
            assert abs(Fraction(amounts.included_tax) - exact) <= half
        else:
            assert amounts.included_tax == 0
            assert abs(Fraction(amounts.tax) - Fraction(net) * rate) <= half

    @given(carts(), st.randoms())
    def test_costs_the_same_whatever_the_order_of_its_vouchers(self, cart, random):
        shuffled = random.sample(cart["vouchers"], k=len(cart["vouchers"]))
        one, other = quote_cart(**cart), quote_cart(**{**cart, "vouchers": shuffled})
        assert (one.discount, one.tax, one.total) == (other.discount, other.tax, other.total)

    @given(
        st.decimals(-(10**6), 10**6, places=6),
        st.sampled_from(["EUR", "JPY", "KWD"]),
    )
    def test_is_rounded_to_the_nearest_and_a_half_to_the_even(self, amount, currency):
        step = Fraction(1, 10 ** digits_of(currency))
        away = abs(Fraction(rounded(amount, currency=currency)) - Fraction(amount))
        assert away <= step / 2
        if away == step / 2:
            assert Fraction(rounded(amount, currency=currency)) / step % 2 == 0


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

    def test_included_tax_adds_nothing_and_is_told_apart(self):
        amounts = priced(("12.00", 1), tax="0.2", included=True)
        assert (amounts.tax, amounts.total) == (0, D("12.00"))
        assert amounts.included_tax == D("2.00")

    def test_tax_on_top_is_not_included(self):
        assert priced(("12.00", 1), tax="0.2").included_tax == 0

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
