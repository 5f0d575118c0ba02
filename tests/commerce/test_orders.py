from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from commerce.models import Order, VoucherRedemption
from commerce.services.orders import cancel_order
from tests.commerce.factories import (
    NOON,
    available,
    buy,
    make_customer,
    make_ready_cart,
    make_variant,
    make_voucher,
)
from tests.commerce.refusals import refused, stored_rows
from users.viewer import ANONYMOUS, Viewer


@pytest.fixture
def owner(db):
    return make_customer("ada@example.com")


@pytest.fixture
def order(standard, owner):
    make_variant(stock=5)
    return buy(make_ready_cart(method=standard, viewer=owner, mug_1=2), viewer=owner).order


def cancel(viewer, **options):
    return cancel_order(viewer=viewer, now=NOON, **options)


class TestCancelOrder:
    def test_gives_stock_back_and_tells_the_customer_why(self, order, owner):
        cancelled = cancel(owner, number=order.number, reason="changed my mind")
        assert cancelled.status == Order.objects.get().status == "CANCELLED"
        assert available("mug-1") == 5
        event = order.events.order_by("sequence").last()
        assert (event.sequence, event.kind) == (3, "CANCELLED")
        assert "changed my mind" in event.message
        assert order.payments.get().status == "CANCELLED"

    def test_gives_the_use_of_a_voucher_back(self, standard):
        make_variant()
        voucher = make_voucher(usage_limit=1)
        cart = make_ready_cart(method=standard, mug_1=1, changes={"voucher_codes": ["SAVE"]})
        cancel(ANONYMOUS, token=buy(cart).order.token)
        voucher.refresh_from_db()
        assert voucher.used == VoucherRedemption.objects.count() == 0

    def test_a_guest_may_with_the_token(self, order):
        assert cancel(ANONYMOUS, token=order.token).status == "CANCELLED"

    def test_staff_may_who_change_orders(self, order):
        staff = Viewer(
            user_id=0, permissions=frozenset({"commerce.view_order", "commerce.change_order"})
        )
        assert cancel(staff, number=order.number).status == "CANCELLED"

    def test_staff_may_not_who_only_see_orders(self, order):
        before = stored_rows()
        viewer = Viewer(user_id=0, permissions=frozenset({"commerce.view_order"}))
        with (
            pytest.raises(PermissionDenied, match=r"commerce\.change_order"),
            transaction.atomic(),
        ):
            cancel(viewer, number=order.number)
        assert stored_rows() == before

    def test_others_find_no_such_order(self, order):
        bob = make_customer("bob@example.com")
        for viewer in [ANONYMOUS, bob]:
            with refused(("NOT_FOUND", "number")):
                cancel(viewer, number=order.number)
        with refused(("NOT_FOUND", "token")):
            cancel(ANONYMOUS, token="garbage")

    def test_needs_token_or_number(self, order, owner):
        with refused(("REQUIRED", "token")):
            cancel(owner)
        with refused(("INVALID", "token")):
            cancel(owner, token=order.token, number=order.number)

    def test_refuses_a_long_reason(self, order, owner):
        with refused(("INVALID", "reason")):
            cancel(owner, number=order.number, reason="a" * 401)

    @pytest.mark.parametrize("status", ["CANCELLED", "FULFILLED", "EXPIRED"])
    def test_is_refused_in_other_states(self, order, owner, status):
        Order.objects.update(status=status)
        with refused(("INVALID_TRANSITION", ""), match=status):
            cancel(owner, number=order.number)
