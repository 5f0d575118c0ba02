"""Staff and customers who act on one order at once, with real threads and connections."""

from __future__ import annotations

from collections import Counter

import pytest

from catalog.models import Stock
from commerce.models import Fulfillment, Order, OrderLine, Return
from commerce.services.fulfillments import (
    cancel_fulfillment,
    create_fulfillment,
    deliver_fulfillment,
)
from commerce.services.order_lines import OrderLineInput
from commerce.services.orders import cancel_order
from commerce.services.returns import (
    approve_return,
    receive_return,
    reject_return,
    request_return,
)
from tests.commerce.factories import NOON, buy, make_ready_cart, make_variant
from tests.commerce.racing import race
from users.roles import ROLES
from users.viewer import ANONYMOUS, Viewer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]

STAFF = Viewer(permissions=ROLES["order_manager"])


@pytest.fixture
def order(standard):
    """Three mugs and two hats of five each."""
    make_variant("mug-1", stock=5)
    make_variant("hat-1", stock=5)
    return buy(make_ready_cart(method=standard, mug_1=3, hat_1=2)).order


def line(sku, quantity):
    return OrderLineInput(order_line_id=OrderLine.objects.get(sku=sku).pk, quantity=quantity)


def outcomes(results):
    return Counter(result if isinstance(result, str) else "done" for result in results)


def send(order, *lines, **options):
    return create_fulfillment(
        viewer=STAFF, order_number=order.number, lines=list(lines) or None, now=NOON, **options
    )


def stock(sku):
    return Stock.objects.values_list("on_hand", "allocated").get(variant__sku=sku)


class TestTwoParcelsOfOneLine:
    def test_send_exactly_what_was_ordered(self, order):
        mugs = line("mug-1", 2)
        assert outcomes(race(lambda _: send(order, mugs), range(4))) == {"done": 1, "INVALID": 3}
        assert OrderLine.objects.get(sku="mug-1").fulfilled == 2
        assert stock("mug-1") == (3, 1)

    def test_of_one_each_end_with_the_last(self, order):
        mug = line("mug-1", 1)
        assert outcomes(race(lambda _: send(order, mug), range(5))) == {"done": 3, "INVALID": 2}
        assert stock("mug-1") == (2, 0)

    def test_with_one_key_are_one_parcel(self, order):
        mug = line("mug-1", 1)
        results = race(lambda _: send(order, mug, idempotency_key="k"), range(4))
        assert {result.fulfillment.pk for result in results} == {Fulfillment.objects.get().pk}

    def test_of_everything_are_one_parcel(self, order):
        results = outcomes(race(lambda _: send(order), range(4)))
        assert results == {"done": 1, "INVALID_TRANSITION": 3}
        assert Order.objects.get().status == "FULFILLED"

    def test_of_different_lines_are_both_sent(self, order):
        lines = [line("mug-1", 3), line("hat-1", 2)]
        assert outcomes(race(lambda each: send(order, each), lines)) == {"done": 2}
        assert Order.objects.get().status == "FULFILLED"


class TestCancellationAndParcel:
    @pytest.mark.parametrize("_attempt", range(3))
    def test_exclude_each_other(self, order, _attempt):
        def act(what):
            if what == "cancel":
                return cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
            return send(order)

        results = outcomes(race(act, ["cancel", "send", "cancel", "send"]))
        assert results == {"done": 1, "INVALID_TRANSITION": 3}
        status = Order.objects.get().status
        assert status in {"CANCELLED", "FULFILLED"}
        assert stock("mug-1") == ((5, 0) if status == "CANCELLED" else (2, 0))


class TestOneParcel:
    def test_is_delivered_or_cancelled(self, order):
        parcel = send(order).fulfillment

        def act(change):
            return change(viewer=STAFF, fulfillment_id=parcel.pk, now=NOON)

        changes = [deliver_fulfillment, cancel_fulfillment] * 2
        assert outcomes(race(act, changes)) == {"done": 1, "INVALID_TRANSITION": 3}

    def test_that_something_comes_back_of_is_not_cancelled(self, order):
        parcel = send(order).fulfillment
        mug = line("mug-1", 1)

        def act(what):
            if what == "cancel":
                return cancel_fulfillment(viewer=STAFF, fulfillment_id=parcel.pk, now=NOON)
            return request_return(viewer=ANONYMOUS, token=order.token, lines=[mug], now=NOON)

        results = outcomes(race(act, ["cancel", "return"]))
        assert results == {"done": 1, "INVALID_TRANSITION": 1}


class TestReturns:
    @pytest.fixture
    def sent(self, order):
        send(order)
        return order

    def ask(self, order, **options):
        return request_return(
            viewer=ANONYMOUS, token=order.token, lines=[line("mug-1", 2)], now=NOON, **options
        )

    def test_of_one_line_take_back_no_more_than_was_sent(self, sent):
        results = outcomes(race(lambda _: self.ask(sent), range(4)))
        assert results == {"done": 1, "INVALID": 3}
        assert OrderLine.objects.get(sku="mug-1").returning == 2

    def test_with_one_key_are_one(self, sent):
        results = race(lambda _: self.ask(sent, idempotency_key="k"), range(4))
        assert {result.pk for result in results} == {Return.objects.get().pk}

    def test_are_approved_or_rejected(self, sent):
        asked = self.ask(sent)

        def decide(decision):
            return decision(viewer=STAFF, return_id=asked.pk, now=NOON)

        *approvals, first, second = race(decide, [approve_return] * 2 + [reject_return] * 2)
        # An approved one may be rejected, and that once.
        assert outcomes([first, second]) == {"done": 1, "INVALID_TRANSITION": 1}
        assert "INVALID_TRANSITION" in approvals
        assert Return.objects.get().status == "REJECTED"
        assert OrderLine.objects.get(sku="mug-1").returning == 0

    def test_are_received_or_closed(self, sent):
        asked = self.ask(sent)
        approve_return(viewer=STAFF, return_id=asked.pk, now=NOON)

        def end(decision):
            return decision(viewer=STAFF, return_id=asked.pk, now=NOON)

        results = outcomes(race(end, [receive_return, reject_return] * 2))
        assert results == {"done": 1, "INVALID_TRANSITION": 3}

    def test_are_received_once(self, sent):
        asked = self.ask(sent)
        approve_return(viewer=STAFF, return_id=asked.pk, now=NOON)

        def receive(restock):
            return receive_return(viewer=STAFF, return_id=asked.pk, restock=restock, now=NOON)

        results = outcomes(race(receive, [True, True, False, True]))
        assert results == {"done": 1, "INVALID_TRANSITION": 3}
        assert stock("mug-1")[0] == (4 if Return.objects.get().is_restocked else 2)
