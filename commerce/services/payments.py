"""Recording what came of a payment; whoever learns it first records it."""

from __future__ import annotations

from datetime import datetime

from commerce.models import Order, OrderEvent, OrderStatus, Payment, PaymentStatus
from commerce.payments import PaymentOutcome
from commerce.services.confirmations import enqueue_confirmation
from commerce.services.events import append_events
from commerce.services.transactions import in_transaction
from tasks.models import Job

PAID = frozenset({Payment.Status.AUTHORIZED, Payment.Status.CAPTURED})
ORDER_SHOWS = {
    Payment.Status.AUTHORIZED: PaymentStatus.AUTHORIZED,
    Payment.Status.CAPTURED: PaymentStatus.PAID,
    Payment.Status.FAILED: PaymentStatus.FAILED,
}


def record_outcome(*, payment: Payment, outcome: PaymentOutcome, now: datetime) -> list[Job]:
    """Record a provider's answer on the payment and its order, once.

    Money that is there confirms the order and enqueues its confirmation. A payment that is no
    longer pending stays as it is: another answer was first.

    Returns:
        The jobs that were enqueued.
    """
    amount = payment.amount

    def record() -> list[Job]:
        changed = Payment.objects.filter(pk=payment.pk, status=Payment.Status.PENDING).update(
            status=outcome.status,
            provider_ref=outcome.reference,
            next_action=outcome.next_action,
            authorized=amount if outcome.status in PAID else 0,
            captured=amount if outcome.status == Payment.Status.CAPTURED else 0,
        )
        if not changed or outcome.status not in ORDER_SHOWS:
            return []
        order = payment.order
        waiting = Order.objects.filter(pk=order.pk, status=OrderStatus.PENDING_PAYMENT)
        if outcome.status not in PAID:
            waiting.update(payment_status=ORDER_SHOWS[outcome.status])
            return []
        confirmed = waiting.update(
            status=OrderStatus.CONFIRMED, payment_status=ORDER_SHOWS[outcome.status]
        )
        if not confirmed:
            return []
        append_events(
            order,
            (OrderEvent.Kind.CONFIRMED, "We have your payment; the order is confirmed."),
            now=now,
        )
        return [enqueue_confirmation(order)]

    jobs = in_transaction(record)
    payment.refresh_from_db()
    return jobs
