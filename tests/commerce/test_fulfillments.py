"""Sending orders."""

from __future__ import annotations

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Stock, StockMovement, Variant
from commerce.models import Fulfillment, Order, OrderLine
from commerce.services.fulfillments import (
    cancel_fulfillment,
    create_fulfillment,
    deliver_fulfillment,
)
from commerce.services.order_lines import OrderLineInput
from commerce.services.orders import cancel_order
from commerce.services.returns import request_return
from commerce.services.shipping_notices import send_notice
from commerce.tasks import send_shipping_notice
from tasks.models import Job
from tests.commerce.factories import (
    NOON,
    buy,
    make_customer,
    make_ready_cart,
    make_variant,
)
from tests.commerce.refusals import refused
from tests.invariants import broken_invariants
from users.models import Notification
from users.roles import ROLES
from users.viewer import ANONYMOUS, Viewer

STAFF = Viewer(user_id=0, permissions=ROLES["order_manager"])


@pytest.fixture
def order(standard):
    make_variant("mug-1", stock=5)
    make_variant("hat-1", stock=5)
    return buy(make_ready_cart(method=standard, mug_1=3, hat_1=1)).order


def line(sku, quantity):
    return OrderLineInput(order_line_id=OrderLine.objects.get(sku=sku).pk, quantity=quantity)


def send(order, *lines, **options):
    return create_fulfillment(
        **{
            "viewer": STAFF,
            "order_number": order.number,
            "lines": list(lines) or None,
            "now": NOON,
            **options,
        }
    )


def stock(sku):
    return Stock.objects.values_list("on_hand", "allocated").get(variant__sku=sku)


def last_event(order):
    event = order.events.order_by("sequence").last()
    return event.kind, event.message


class TestCreateFulfillment:
    def test_sends_a_part_and_then_the_rest(self, order):
        made = send(order, line("mug-1", 2), tracking_number=" TRACK1 ")
        order.refresh_from_db()
        assert order.status == made.fulfillment.order.status == "PARTIALLY_FULFILLED"
        assert made.fulfillment.tracking_number == "TRACK1"
        assert made.fulfillment.status == "SHIPPED"
        assert list(made.fulfillment.lines.values_list("order_line__sku", "quantity")) == [
            ("mug-1", 2)
        ]
        assert (stock("mug-1"), stock("hat-1")) == ((3, 1), (5, 1))
        movement = StockMovement.objects.get(kind="SHIPPED")
        assert (movement.delta, movement.variant.sku) == (-2, "mug-1")
        assert last_event(order) == (
            "FULFILLED",
            "A parcel with a part of it is on its way. Its tracking number is TRACK1.",
        )

        send(order)
        order.refresh_from_db()
        assert order.status == "FULFILLED"
        assert (stock("mug-1"), stock("hat-1")) == ((2, 0), (4, 0))
        assert last_event(order) == ("FULFILLED", "A parcel with everything is on its way.")
        assert broken_invariants() == []

    def test_leaves_what_can_be_bought_as_it_is(self, order):
        before = Stock.objects.get(variant__sku="mug-1")
        send(order)
        after = Stock.objects.get(variant__sku="mug-1")
        assert before.on_hand - before.allocated == after.on_hand - after.allocated == 2

    def test_enqueues_the_notice(self, order):
        (job,) = send(order).jobs
        assert job.kind == "commerce.send_shipping_notice"
        assert job.kwargs == {"fulfillment_id": Fulfillment.objects.get().pk}

    def test_once_for_a_key(self, order):
        given = [line("mug-1", 1)]
        first = send(order, *given, idempotency_key="k")
        again = send(order, *given, idempotency_key="k")
        assert first.fulfillment == again.fulfillment == Fulfillment.objects.get()
        assert first.jobs == again.jobs
        assert stock("mug-1") == (4, 2)
        with refused(("IDEMPOTENCY_CONFLICT", "idempotencyKey")):
            send(order, line("mug-1", 2), idempotency_key="k")

    def test_of_a_line_whose_variant_is_gone_moves_no_stock(self, order):
        OrderLine.objects.filter(sku="hat-1").update(variant=None)
        Variant.objects.get(sku="hat-1").delete()
        send(order)
        assert StockMovement.objects.filter(kind="SHIPPED").count() == 1
        assert Order.objects.get().status == "FULFILLED"

    def test_sends_no_more_than_is_left(self, order):
        send(order, line("mug-1", 2))
        with refused(("INVALID", "lines.1.quantity"), match="Only 1 of mug-1 left to send"):
            send(order, line("hat-1", 1), line("mug-1", 2))

    def test_refuses_what_is_wrong_with_its_lines(self, order, standard):
        make_variant("pen-1")
        buy(make_ready_cart(method=standard, pen_1=1), key="key-2")
        with refused(("REQUIRED", "lines")):
            send(order, lines=[])
        with refused(("INVALID", "lines.0.quantity"), ("INVALID", "lines.1.quantity")):
            send(order, line("mug-1", 0), line("hat-1", 2**31 - 1))
        with refused(("INVALID", "lines.1.orderLineId")):
            send(order, line("mug-1", 1), line("mug-1", 1))
        with refused(("NOT_FOUND", "lines.0.orderLineId"), ("NOT_FOUND", "lines.2.orderLineId")):
            unknown = OrderLineInput(order_line_id=2**63 - 1, quantity=1)
            send(order, line("pen-1", 1), line("mug-1", 1), unknown)
        with refused(("INVALID", "lines")):
            send(order, lines=[OrderLineInput(n, 1) for n in range(201)])

    def test_refuses_an_unknown_order_and_an_impossible_tracking_number(self, order):
        for number in ["N-1", ""]:
            with refused(("NOT_FOUND", "orderNumber")):
                send(order, order_number=number)
        with refused(("NOT_FOUND", "orderNumber")):
            send(order, viewer=ANONYMOUS)
        for tracking_number in ["x" * 101, "a\0b", "a\nb"]:
            with refused(("INVALID", "trackingNumber")):
                send(order, tracking_number=tracking_number)

    @pytest.mark.parametrize("status", ["PENDING_PAYMENT", "FULFILLED", "CANCELLED", "EXPIRED"])
    def test_is_refused_in_other_states(self, order, status):
        Order.objects.update(status=status)
        with refused(("INVALID_TRANSITION", ""), match=status):
            send(order)

    def test_takes_as_many_statements_for_many_lines_as_for_one(self, standard):
        def statements(count):
            skus = [f"v{count}x{number}" for number in range(count)]
            for sku in skus:
                make_variant(sku)
            cart = make_ready_cart(method=standard, **dict.fromkeys(skus, 1))
            order = buy(cart, key=f"key-{count}").order
            with CaptureQueriesContext(connection) as captured:
                send(order, idempotency_key=f"key-{count}")
            return len(captured)

        assert statements(1) == statements(12)


class TestDeliverFulfillment:
    def test_records_that_a_parcel_arrived(self, order):
        parcel = send(order, tracking_number="T1").fulfillment
        delivered = deliver_fulfillment(viewer=STAFF, fulfillment_id=parcel.pk, now=NOON)
        assert delivered.status == Fulfillment.objects.get().status == "DELIVERED"
        assert last_event(order) == ("DELIVERED", "The parcel T1 was delivered.")
        with refused(("INVALID_TRANSITION", "id"), match="DELIVERED"):
            deliver_fulfillment(viewer=STAFF, fulfillment_id=parcel.pk, now=NOON)

    def test_refuses_an_unknown_one(self, order):
        parcel = send(order).fulfillment
        for viewer, pk in [(STAFF, parcel.pk + 1), (ANONYMOUS, parcel.pk)]:
            with refused(("NOT_FOUND", "id")):
                deliver_fulfillment(viewer=viewer, fulfillment_id=pk, now=NOON)


class TestCancelFulfillment:
    def test_puts_everything_back_as_it_was(self, order):
        first = send(order, line("mug-1", 2)).fulfillment
        second = send(order).fulfillment
        cancel_fulfillment(viewer=STAFF, fulfillment_id=second.pk, now=NOON)
        assert Order.objects.get().status == "PARTIALLY_FULFILLED"
        cancelled = cancel_fulfillment(viewer=STAFF, fulfillment_id=first.pk, now=NOON)
        assert cancelled.status == "CANCELLED"
        assert Order.objects.get().status == "CONFIRMED"
        assert (stock("mug-1"), stock("hat-1")) == ((5, 3), (5, 1))
        assert last_event(order)[0] == "FULFILLMENT_CANCELLED"
        assert broken_invariants() == []
        # It can be sent again, and called off again.
        third = send(order).fulfillment
        cancel_fulfillment(viewer=STAFF, fulfillment_id=third.pk, now=NOON)
        cancel_order(viewer=STAFF, number=order.number, now=NOON)
        assert stock("mug-1") == (5, 0)
        assert broken_invariants() == []

    def test_is_refused_once_delivered_or_cancelled(self, order):
        first = send(order, line("mug-1", 1)).fulfillment
        second = send(order).fulfillment
        deliver_fulfillment(viewer=STAFF, fulfillment_id=first.pk, now=NOON)
        cancel_fulfillment(viewer=STAFF, fulfillment_id=second.pk, now=NOON)
        for parcel in [first, second]:
            with refused(("INVALID_TRANSITION", "id")):
                cancel_fulfillment(viewer=STAFF, fulfillment_id=parcel.pk, now=NOON)

    def test_is_refused_where_something_comes_back(self, order):
        parcel = send(order).fulfillment
        request_return(viewer=ANONYMOUS, token=order.token, lines=[line("mug-1", 1)], now=NOON)
        with refused(("INVALID_TRANSITION", "id"), match="back"):
            cancel_fulfillment(viewer=STAFF, fulfillment_id=parcel.pk, now=NOON)

    def test_refuses_an_unknown_one(self, order):
        with refused(("NOT_FOUND", "id")):
            cancel_fulfillment(viewer=STAFF, fulfillment_id=1, now=NOON)

    def test_refuses_more_than_a_stock_holds(self, order):
        parcel = send(order).fulfillment
        Stock.objects.filter(variant__sku="mug-1").update(on_hand=2**31 - 1)
        with refused(("INVALID", "")):
            cancel_fulfillment(viewer=STAFF, fulfillment_id=parcel.pk, now=NOON)


class TestShippingNotice:
    def test_mails_what_is_in_the_parcel_in_plain_text(self, order):
        parcel = send(order, line("mug-1", 2), tracking_number="T&1").fulfillment
        send_notice(fulfillment_id=parcel.pk, job_id="job-1", now=NOON)
        (message,) = mail.outbox
        assert message.to == ["ada@example.com"]
        assert message.subject == f"Your parcel of order {order.number} is on its way"
        for part in ["  2 x Mug 1 [mug-1]", "Its tracking number is T&1.", "Ada Byron"]:
            assert part in message.body
        assert "Hat" not in message.body
        assert "\n\n\n" not in message.body
        assert message.message()["Message-ID"] == "<job-1@example.com>"
        assert not Notification.objects.exists()

    def test_notifies_a_customer_once(self, standard):
        make_variant()
        ada = make_customer()
        order = buy(make_ready_cart(method=standard, viewer=ada, mug_1=1), viewer=ada).order
        parcel = send(order).fulfillment
        for _ in range(2):
            send_notice(fulfillment_id=parcel.pk, job_id="job-1", now=NOON)
        assert "tracking" not in mail.outbox[0].body
        notification = Notification.objects.get()
        assert (notification.user_id, notification.kind) == (ada.user_id, "ORDER_SHIPPED")
        assert notification.data == {"order_number": order.number, "tracking_number": ""}

    def test_of_a_parcel_that_did_not_leave_is_nothing(self, order):
        parcel = send(order).fulfillment
        cancel_fulfillment(viewer=STAFF, fulfillment_id=parcel.pk, now=NOON)
        send_notice(fulfillment_id=parcel.pk, job_id="job-1", now=NOON)
        assert mail.outbox == []

    @pytest.mark.django_db(transaction=True)
    def test_is_a_job_that_succeeds(self, order):
        (job,) = send(order).jobs
        send_shipping_notice.apply(task_id=str(job.public_id), kwargs=job.kwargs, throw=True)
        assert Job.objects.get(pk=job.pk).status == "SUCCEEDED"
        assert mail.outbox[0].message()["X-Job-ID"] == str(job.public_id)
