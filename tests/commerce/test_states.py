"""The table of what may be done with an order, and how it is shown and kept to."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from commerce.expressions import allowed_actions
from commerce.models import (
    Fulfillment,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentStatus,
    Return,
)
from commerce.services.payments.staff import capture_payment, refund_payment
from commerce.services.transitions import lock_order, move_order, move_part
from commerce.states import TRANSITIONS, OrderAction, SystemAction
from tests.commerce.factories import NOON, buy, make_customer, make_ready_cart, make_variant
from tests.commerce.refusals import refused
from users.roles import ROLES
from users.viewer import ANONYMOUS, Viewer

STAFF = Viewer(user_id=0, permissions=ROLES["order_manager"])
SUPPORT = Viewer(user_id=0, permissions=ROLES["support"])
ACTIONS = [*OrderAction, *SystemAction]
# How a payment of 28.00 may stand.
UNPAID = {"status": "PENDING"}
PARTLY_PAID = {"status": "AUTHORIZED", "authorized": 9, "captured": 9}
RESERVED = {"status": "AUTHORIZED", "authorized": 28}
PAID = {"status": "CAPTURED", "authorized": 28, "captured": 28}
BEING_REFUNDED = {**PAID, "refunding": 28}
REFUNDED = {**PAID, "refunded": 28}
NOT_WANTED = {**RESERVED, "is_superseded": True}


@pytest.fixture
def owner(db):
    return make_customer()


@pytest.fixture
def order(standard, owner):
    make_variant()
    return buy(make_ready_cart(method=standard, viewer=owner, mug_1=2), viewer=owner).order


def allowed(order, viewer):
    return Order.objects.filter(pk=order.pk).values_list(allowed_actions(viewer), flat=True).get()


class TestTable:
    def test_has_a_row_for_every_action(self):
        assert TRANSITIONS.keys() == set(ACTIONS)

    def test_says_of_every_action_of_people_what_staff_need(self):
        for action in OrderAction:
            assert TRANSITIONS[action].permission in ROLES["order_manager"]

    def test_leaves_no_way_out_of_an_ended_order(self):
        for transition in TRANSITIONS.values():
            if transition.sources & {OrderStatus.CANCELLED, OrderStatus.EXPIRED}:
                assert not transition.targets

    @pytest.mark.parametrize("action", [each for each in ACTIONS if TRANSITIONS[each].targets])
    @pytest.mark.parametrize("status", OrderStatus)
    def test_is_kept_to_by_the_update_itself(self, order, action, status):
        Order.objects.update(status=status)
        # What was read before does not decide.
        order.status = next(iter(TRANSITIONS[action].sources))
        if status not in TRANSITIONS[action].sources:
            with refused(("INVALID_TRANSITION", ""), match=status):
                move_order(order, action)
            return
        if OrderStatus.FULFILLED in TRANSITIONS[action].targets:
            OrderLine.objects.update(fulfilled=1)
        move_order(order, action)
        assert order.status == Order.objects.get().status
        assert order.status in TRANSITIONS[action].targets

    @pytest.mark.parametrize("payment_status", PaymentStatus)
    def test_may_ask_for_a_state_of_the_money(self, order, payment_status):
        Order.objects.update(payment_status=payment_status, status="PENDING_PAYMENT")
        if payment_status in {"PENDING", "FAILED"}:
            lock_order(order, SystemAction.EXPIRE)
            assert order.payment_status == payment_status
        else:
            with refused(("INVALID_TRANSITION", ""), match=f"payment is {payment_status}"):
                lock_order(order, SystemAction.EXPIRE)

    @pytest.mark.parametrize(
        ("action", "model"),
        [(each, TRANSITIONS[each].move.part) for each in ACTIONS if TRANSITIONS[each].move],
    )
    def test_is_kept_to_by_the_parts_of_an_order(self, order, action, model):
        move = TRANSITIONS[action].move
        for status in model.Status.values:
            part = model.objects.create(order=order, status=status)
            if status in move.sources:
                assert move_part(part, action).status == move.target
            else:
                with refused(("INVALID_TRANSITION", "id"), match=status):
                    move_part(part, action)

    def test_of_orders_is_no_business_of_an_action_without_a_part(self, order):
        with pytest.raises(ValueError, match="moves no part"):
            move_part(Fulfillment(order=order), OrderAction.CANCEL)

    @pytest.mark.parametrize(
        ("model", "values", "constraint"),
        [
            (Order, {"status": "LOST"}, "order_status_known"),
            (Order, {"payment_status": "LOST"}, "order_payment_status_known"),
            (Fulfillment, {"status": "LOST"}, "fulfillment_status_known"),
            (Return, {"status": "LOST"}, "return_status_known"),
            (Return, {"is_restocked": True}, "return_restocked_once_received"),
        ],
    )
    def test_has_no_other_states(self, order, model, values, constraint):
        Fulfillment.objects.create(order=order)
        Return.objects.create(order=order)
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            model.objects.update(**values)


class TestAllowedActions:
    @pytest.mark.parametrize("status", OrderStatus.values)
    def test_of_a_customer_follow_the_table(self, order, owner, status):
        Order.objects.update(status=status)
        expected = ["CANCEL"] if status in {"PENDING_PAYMENT", "CONFIRMED"} else []
        holder = ANONYMOUS.holding(order_token=order.token)
        assert allowed(order, owner) == allowed(order, holder) == expected

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ("PENDING_PAYMENT", ["CANCEL"]),
            ("CONFIRMED", ["CANCEL", "CAPTURE", "FULFILL"]),
            ("PARTIALLY_FULFILLED", ["CAPTURE", "FULFILL"]),
            ("FULFILLED", ["CAPTURE"]),
            ("CANCELLED", []),
            ("EXPIRED", []),
        ],
    )
    def test_of_staff_follow_the_table(self, order, status, expected):
        Order.objects.update(status=status)
        assert allowed(order, STAFF) == expected

    def test_are_none_for_who_may_only_look_and_for_strangers(self, order):
        for viewer in [SUPPORT, ANONYMOUS, Viewer(user_id=0)]:
            assert allowed(order, viewer) == []

    def test_of_staff_who_bought_it_are_both(self, order, owner):
        seller = Viewer(user_id=owner.user_id, permissions=frozenset({"commerce.add_fulfillment"}))
        assert allowed(order, seller) == ["CANCEL", "FULFILL"]

    @pytest.mark.parametrize(
        ("money", "expected"),
        [
            (UNPAID, ["CAPTURE"]),
            (PARTLY_PAID, ["CAPTURE", "REFUND"]),
            (RESERVED, ["CAPTURE"]),
            (PAID, ["REFUND"]),
            (BEING_REFUNDED, []),
            (REFUNDED, []),
            (NOT_WANTED, []),
        ],
    )
    def test_depend_on_the_money(self, order, money, expected):
        Payment.objects.update(**money)
        assert allowed(order, STAFF) == ["CANCEL", *expected, "FULFILL"]

    def test_tell_of_money_that_came_too_late(self, order):
        Order.objects.update(status="EXPIRED")
        Payment.objects.update(**PAID)
        assert allowed(order, STAFF) == ["REFUND"]

    @pytest.mark.parametrize("provider", ["manual", "fake"])
    @pytest.mark.parametrize("status", OrderStatus)
    def test_of_money_are_what_the_services_do(self, order, status, provider):
        for number, money in enumerate(
            [UNPAID, PARTLY_PAID, RESERVED, PAID, BEING_REFUNDED, REFUNDED, NOT_WANTED]
        ):
            with transaction.atomic():
                Order.objects.update(status=status)
                data = {"card": "SUCCEEDS"}
                Payment.objects.update(provider=provider, data=data, **money)
                shown = allowed(order, STAFF)
                for action, operate in [("CAPTURE", capture_payment), ("REFUND", refund_payment)]:
                    assert self.is_done(operate, order, f"key-{number}") is (action in shown)
                transaction.set_rollback(True)

    def is_done(self, operate, order, key):
        """Whether something can be captured or given back; all stays as it is."""
        try:
            with transaction.atomic():
                operate(
                    viewer=STAFF,
                    order_number=order.number,
                    amount=Decimal("0.01"),
                    idempotency_key=key,
                    now=NOON,
                )
                transaction.set_rollback(True)
        except ValidationError as error:
            return error.code != "INVALID_TRANSITION"
        return True

    def test_depend_on_parcels_and_returns(self, order, owner):
        Order.objects.update(status="FULFILLED")
        Payment.objects.update(**REFUNDED)
        OrderLine.objects.update(fulfilled=2, returned=1)
        assert allowed(order, owner) == ["REQUEST_RETURN"]
        OrderLine.objects.update(returning=1)
        assert allowed(order, owner) == allowed(order, STAFF) == []
        parcel = Fulfillment.objects.create(order=order)
        assert allowed(order, STAFF) == ["DELIVER", "CANCEL_FULFILLMENT"]
        Fulfillment.objects.filter(pk=parcel.pk).update(status="DELIVERED")
        assert allowed(order, STAFF) == []
        Return.objects.create(order=order)
        assert allowed(order, STAFF) == ["APPROVE_RETURN", "REJECT_RETURN"]
        Return.objects.update(status="APPROVED")
        assert allowed(order, STAFF) == ["REJECT_RETURN", "RECEIVE_RETURN"]
        assert allowed(order, owner) == []
