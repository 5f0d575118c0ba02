"""What the database itself refuses, whoever writes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from commerce.models import Cart, CartLine, OrderLine, Payment, Quote, TaxRate, Voucher
from tests.commerce.factories import (
    buy,
    make_cart,
    make_ready_cart,
    make_variant,
    make_voucher,
)


@pytest.fixture
def order(standard):
    make_variant()
    make_voucher()
    return buy(make_ready_cart(method=standard, mug_1=2)).order


def breaks(change, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        change()


class TestConstraints:
    @pytest.mark.parametrize(
        ("model", "values", "constraint"),
        [
            (CartLine, {"quantity": 0, "total": 0}, "cart_line_quantity"),
            (CartLine, {"quantity": 1000, "total": 10_000}, "cart_line_quantity"),
            (CartLine, {"total": 1}, "cart_line_total"),
            (Quote, {"total": 1}, "quote_adds_up"),
            (Quote, {"tax": -1}, "quote_adds_up"),
            (OrderLine, {"fulfilled": 3}, "order_line_fulfilled"),
            (OrderLine, {"returned": 1}, "order_line_returned"),
            (OrderLine, {"total": 1}, "order_line_total"),
            (Payment, {"captured": 1}, "payment_amounts"),
            (Voucher, {"usage_limit": 1, "used": 2}, "voucher_within_limit"),
            (Voucher, {"value": 101}, "voucher_percentage"),
            (TaxRate, {"rate": 1}, "tax_rate_fraction"),
        ],
    )
    def test_refuse_impossible_values(self, order, model, values, constraint):
        breaks(lambda: model.objects.update(**values), constraint)

    def test_a_variant_is_in_a_cart_once(self, order):
        line = CartLine.objects.get()
        line.pk = None
        breaks(line.save, "cart_line_variant_unique")

    def test_a_code_is_one_vouchers_whatever_its_case(self, order):
        breaks(lambda: make_voucher("save"), "voucher_code_unique")

    def test_an_event_has_its_own_sequence(self, order):
        breaks(
            lambda: order.events.create(sequence=1, kind="PLACED", message=""),
            "order_event_sequence",
        )

    def test_an_ordered_variant_cannot_be_deleted(self, order):
        with pytest.raises(ProtectedError):
            order.lines.get().variant.delete()

    def test_an_order_outlives_its_cart(self, order):
        Cart.objects.all().delete()
        order.refresh_from_db()
        assert order.cart is None
        assert order.total == Decimal("30.00")

    def test_a_cart_forgets_what_is_deleted(self):
        variant = make_variant()
        cart = make_cart(mug_1=1)
        variant.delete()
        assert not cart.lines.exists()


class TestHistory:
    def test_is_only_ever_added_to(self, order):
        event = order.events.order_by("sequence").first()
        breaks(lambda: order.events.update(message="Never."), "only ever added to")
        breaks(event.delete, "only ever added to")
        breaks(order.delete, "only ever added to")
        event.message = "Never."
        breaks(event.save, "only ever added to")
        assert order.events.count() == 2
