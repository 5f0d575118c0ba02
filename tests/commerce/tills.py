"""What tests of payments do as the shop's staff, and what they look at afterwards."""

from __future__ import annotations

from decimal import Decimal

from commerce.models import Payment
from commerce.payments import OperationOutcome, PaymentOutcome
from commerce.services.payments.staff import capture_payment, refund_payment
from tests.commerce.factories import NOON
from users.viewer import Viewer

STAFF = Viewer(user_id=1, permissions=frozenset({"commerce.view_order", "commerce.change_payment"}))
DONE = OperationOutcome(is_done=True)
REFUSED = OperationOutcome(is_done=False, reason="The bank says no.")
AUTHORIZED = PaymentOutcome(Payment.Status.AUTHORIZED, "b-1")
CAPTURED = PaymentOutcome(Payment.Status.CAPTURED, "b-1")
CANCELLED = PaymentOutcome(Payment.Status.CANCELLED)


def capture(order, amount=None, key="k-1", now=NOON):
    return capture_payment(
        viewer=STAFF,
        order_number=order.number,
        amount=None if amount is None else Decimal(amount),
        idempotency_key=key,
        now=now,
    )


def refund(order, amount=None, key="k-1", reason="", now=NOON):
    return refund_payment(
        viewer=STAFF,
        order_number=order.number,
        amount=None if amount is None else Decimal(amount),
        reason=reason,
        idempotency_key=key,
        now=now,
    )


def amounts():
    return tuple(map(str, Payment.objects.values_list("authorized", "captured", "refunded").get()))


def shown(order):
    order.refresh_from_db()
    return order.status, order.payment_status


def last_event(order):
    event = order.events.order_by("sequence").last()
    return event.kind, event.message
