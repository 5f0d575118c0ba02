"""Goods that customers send back."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from catalog.models import ProductListing, Stock, StockMovement
from commerce.models import Order, OrderLine, Return
from commerce.services.fulfillments import create_fulfillment
from commerce.services.order_lines import OrderLineInput
from commerce.services.returns import (
    approve_return,
    receive_return,
    reject_return,
    request_return,
)
from tests.commerce.factories import NOON, buy, make_customer, make_ready_cart, make_variant
from tests.commerce.refusals import refused
from tests.invariants import broken_invariants
from users.roles import ROLES
from users.viewer import ANONYMOUS, Viewer

STAFF = Viewer(user_id=0, permissions=ROLES["order_manager"])


@pytest.fixture
def owner(db):
    return make_customer()


@pytest.fixture
def order(standard, owner):
    """Two of three mugs were sent, and the last hat of the shop."""
    make_variant("mug-1", stock=5)
    make_variant("hat-1", stock=1)
    cart = make_ready_cart(method=standard, viewer=owner, mug_1=3, hat_1=1)
    order = buy(cart, viewer=owner).order
    create_fulfillment(
        viewer=STAFF,
        order_number=order.number,
        lines=[line("mug-1", 2), line("hat-1", 1)],
        now=NOON,
    )
    return order


def line(sku, quantity):
    return OrderLineInput(order_line_id=OrderLine.objects.get(sku=sku).pk, quantity=quantity)


def ask(order, *lines, **options):
    key = {} if "number" in options else {"token": order.token}
    return request_return(
        **{"viewer": ANONYMOUS, "lines": list(lines), "now": NOON, **key, **options}
    )


def counters(sku):
    return OrderLine.objects.values_list("fulfilled", "returning", "returned").get(sku=sku)


def stock(sku):
    return Stock.objects.values_list("on_hand", "allocated").get(variant__sku=sku)


def last_event(order):
    event = order.events.order_by("sequence").last()
    return event.kind, event.message


class TestRequestReturn:
    def test_of_a_guest_waits_for_the_shop(self, order):
        asked = ask(order, line("mug-1", 1), reason=" too small ")
        assert (asked.status, asked.reason, asked.created_at) == ("REQUESTED", "too small", NOON)
        assert list(asked.lines.values_list("order_line__sku", "quantity")) == [("mug-1", 1)]
        assert counters("mug-1") == (2, 1, 0)
        assert last_event(order) == (
            "RETURN_REQUESTED",
            "A return of 1 item was asked for: too small",
        )
        assert broken_invariants() == []

    def test_by_number_is_for_the_owner_and_staff(self, order, owner):
        ask(order, line("mug-1", 1), viewer=owner, number=order.number)
        ask(order, line("mug-1", 1), viewer=STAFF, number=order.number)
        for viewer in [ANONYMOUS, make_customer("bob@example.com")]:
            with refused(("NOT_FOUND", "number")):
                ask(order, line("hat-1", 1), viewer=viewer, number=order.number)
        support = Viewer(user_id=0, permissions=ROLES["support"])
        with pytest.raises(PermissionDenied, match=r"commerce\.add_return"):
            ask(order, line("hat-1", 1), viewer=support, number=order.number)

    def test_needs_token_or_number(self, order, owner):
        with refused(("REQUIRED", "token")):
            ask(order, line("mug-1", 1), token=None)
        with refused(("INVALID", "token")):
            ask(order, line("mug-1", 1), token=order.token, number=order.number)
        for token in ["garbage", ""]:
            with refused(("NOT_FOUND", "token")):
                ask(order, line("mug-1", 1), token=token)

    def test_takes_what_was_sent_and_stays_alone(self, order):
        with refused(("INVALID", "lines.0.quantity"), match="Only 2 of mug-1 left to send back"):
            ask(order, line("mug-1", 3))
        ask(order, line("mug-1", 2))
        with refused(("INVALID", "lines.1.quantity"), match="Only 0 of mug-1"):
            ask(order, line("hat-1", 1), line("mug-1", 1))

    def test_refuses_what_is_wrong_with_its_lines(self, order):
        with refused(("REQUIRED", "lines")):
            ask(order)
        with refused(("INVALID", "lines.0.quantity")):
            ask(order, line("mug-1", -1))
        with refused(("INVALID", "lines.1.orderLineId")):
            ask(order, line("mug-1", 1), line("mug-1", 1))
        with refused(("NOT_FOUND", "lines.0.orderLineId")):
            ask(order, OrderLineInput(order_line_id=2**63 - 1, quantity=1))
        with refused(("INVALID", "reason")):
            ask(order, line("mug-1", 1), reason="a" * 401)

    def test_once_for_a_key(self, order):
        asked = ask(order, line("mug-1", 1), idempotency_key="k")
        assert ask(order, line("mug-1", 1), idempotency_key="k") == asked
        assert counters("mug-1") == (2, 1, 0)
        with refused(("IDEMPOTENCY_CONFLICT", "idempotencyKey")):
            ask(order, line("mug-1", 2), idempotency_key="k")

    @pytest.mark.parametrize("status", ["PENDING_PAYMENT", "CONFIRMED", "CANCELLED", "EXPIRED"])
    def test_is_refused_in_other_states(self, order, status):
        Order.objects.update(status=status)
        with refused(("INVALID_TRANSITION", ""), match=status):
            ask(order, line("mug-1", 1))


class TestDecision:
    def test_to_approve_is_told_to_the_customer(self, order):
        asked = ask(order, line("mug-1", 1))
        approved = approve_return(
            viewer=STAFF, return_id=asked.pk, answer="use the label", now=NOON
        )
        assert (approved.status, approved.answer) == ("APPROVED", "use the label")
        assert counters("mug-1") == (2, 1, 0)
        assert last_event(order) == (
            "RETURN_APPROVED",
            "Your return was approved; send the goods back: use the label",
        )
        assert broken_invariants() == []

    def test_to_reject_lets_the_customer_ask_again(self, order):
        asked = ask(order, line("mug-1", 2))
        rejected = reject_return(viewer=STAFF, return_id=asked.pk, answer="worn", now=NOON)
        assert (rejected.status, rejected.answer) == ("REJECTED", "worn")
        assert counters("mug-1") == (2, 0, 0)
        assert last_event(order) == ("RETURN_REJECTED", "Your return was declined: worn")
        assert broken_invariants() == []
        ask(order, line("mug-1", 2))

    def test_to_reject_closes_an_approved_one_that_never_arrives(self, order):
        asked = ask(order, line("mug-1", 2))
        approve_return(viewer=STAFF, return_id=asked.pk, now=NOON)
        closed = reject_return(viewer=STAFF, return_id=asked.pk, answer="nothing came", now=NOON)
        assert closed.status == "REJECTED"
        assert counters("mug-1") == (2, 0, 0)
        assert last_event(order) == ("RETURN_REJECTED", "Your return was declined: nothing came")
        assert broken_invariants() == []
        with refused(("INVALID_TRANSITION", "id"), match="REJECTED"):
            receive_return(viewer=STAFF, return_id=asked.pk, now=NOON)

    def test_comes_once_and_refuses_long_words(self, order):
        asked = ask(order, line("mug-1", 1))
        for decide in [approve_return, reject_return]:
            with refused(("INVALID", "answer")):
                decide(viewer=STAFF, return_id=asked.pk, answer="a" * 401, now=NOON)
        reject_return(viewer=STAFF, return_id=asked.pk, now=NOON)
        for decide in [approve_return, reject_return, receive_return]:
            with refused(("INVALID_TRANSITION", "id"), match="REJECTED"):
                decide(viewer=STAFF, return_id=asked.pk, now=NOON)

    def test_of_an_unknown_one_is_refused(self, order, owner):
        asked = ask(order, line("mug-1", 1))
        for decide in [approve_return, reject_return, receive_return]:
            for viewer, pk in [(STAFF, asked.pk + 1), (ANONYMOUS, asked.pk)]:
                with refused(("NOT_FOUND", "id")):
                    decide(viewer=viewer, return_id=pk, now=NOON)


class TestReceiveReturn:
    @pytest.fixture
    def approved(self, order):
        asked = ask(order, line("mug-1", 1), line("hat-1", 1))
        return approve_return(viewer=STAFF, return_id=asked.pk, now=NOON)

    def test_puts_the_goods_on_sale_again(self, order, approved):
        hat = OrderLine.objects.get(sku="hat-1").variant.product_id
        assert not ProductListing.objects.get(pk=hat).in_stock
        received = receive_return(viewer=STAFF, return_id=approved.pk, now=NOON)
        assert (received.status, received.is_restocked) == ("RECEIVED", True)
        assert counters("mug-1") == (2, 0, 1)
        # Of five mugs two were sent and one came back; one is still promised.
        assert (stock("mug-1"), stock("hat-1")) == ((4, 1), (1, 0))
        assert StockMovement.objects.filter(kind="RETURNED").count() == 2
        assert ProductListing.objects.get(pk=hat).in_stock
        assert last_event(order) == ("RETURN_RECEIVED", "We have received your return.")
        assert broken_invariants() == []

    def test_of_broken_goods_moves_no_stock(self, approved):
        received = receive_return(viewer=STAFF, return_id=approved.pk, restock=False, now=NOON)
        assert not received.is_restocked
        assert counters("mug-1") == (2, 0, 1)
        assert (stock("mug-1"), stock("hat-1")) == ((3, 1), (0, 0))
        assert broken_invariants() == []

    def test_happens_once_and_after_approval(self, order, approved):
        receive_return(viewer=STAFF, return_id=approved.pk, now=NOON)
        other = ask(order, line("mug-1", 1))
        for pk in [approved.pk, other.pk]:
            with refused(("INVALID_TRANSITION", "id")):
                receive_return(viewer=STAFF, return_id=pk, now=NOON)
        assert Return.objects.get(pk=other.pk).status == "REQUESTED"
