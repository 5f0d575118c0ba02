"""Step C: what came of a payment, written down once, whoever learns it first.

The client's repeat, its confirmation, a webhook and a job may all bring the same news, at once or
in any order. News only ever leads forward: a payment that is paid is not declined by an answer
that was late.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from commerce.models import Order, OrderEvent, Payment, PaymentOperation
from commerce.payments import PaymentOutcome
from commerce.services.confirmations import enqueue_confirmation
from commerce.services.events import append_events
from commerce.services.payments.books import (
    OVER,
    REFUSED,
    holds_money,
    is_unwanted,
    lock_payments,
    show_payment_status,
)
from commerce.services.payments.jobs import enqueue_giving_back
from commerce.states import TRANSITIONS, SystemAction
from tasks.models import Job
from tasks.transactions import in_transaction

Status = Payment.Status
PAID = frozenset({Status.AUTHORIZED, Status.CAPTURED})


@dataclass(frozen=True, slots=True)
class Recorded:
    """A payment and its order after an outcome was recorded, and the jobs that tell the buyer."""

    order: Order
    payment: Payment
    jobs: list[Job]


def record_outcome(*, payment: Payment, outcome: PaymentOutcome, now: datetime) -> Recorded:
    """Record where a provider says that a payment stands, and what follows for its order.

    Money that is there confirms the order and enqueues its confirmation; where the order is over
    or already paid, the money is given back by a job.
    """

    def record() -> Recorded:
        order, payments = lock_payments(payment.order_id)
        current = next(each for each in payments if each.pk == payment.pk)
        before = current.status
        if not _apply(outcome, current):
            return Recorded(order, current, [])
        current.save()
        jobs = _follow(order, payments, current, before=before, reason=outcome.reason, now=now)
        show_payment_status(order, payments)
        return Recorded(order, current, jobs)

    return in_transaction(record)


def _apply(outcome: PaymentOutcome, payment: Payment) -> bool:
    """Bring a payment to what the outcome says; False where that is no news."""
    before = payment.status
    match outcome.status:
        case Status.PENDING:
            if before != Status.PENDING:
                return False
            payment.next_action = outcome.next_action
        case Status.AUTHORIZED:
            # News of a reservation that has ended since comes late.
            if before in PAID or before == Status.CANCELLED:
                return False
            payment.status = Status.AUTHORIZED
            payment.authorized = payment.amount
        case Status.CAPTURED:
            captured = min(payment.amount, outcome.captured or payment.amount)
            if before == Status.CAPTURED and captured <= payment.captured:
                return False
            _capture_all(payment, max(captured, payment.captured))
        case Status.FAILED:
            if before != Status.PENDING:
                return False
            payment.status = Status.FAILED
        case Status.CANCELLED:
            if before not in {Status.PENDING, Status.AUTHORIZED}:
                return False
            # What was captured, or is being captured at this moment, stays.
            payment.authorized = payment.captured + payment.capturing
            payment.status = Status.CAPTURED if payment.authorized else Status.CANCELLED
    payment.provider_ref = outcome.reference or payment.provider_ref
    if payment.status != Status.PENDING:
        # The client's turn is over, and with it the use of the client's secret.
        payment.next_action = None
    return True


def _capture_all(payment: Payment, captured: Decimal) -> None:
    """The provider says how much it has captured in all: captures under way are part of it."""
    PaymentOperation.objects.filter(
        payment=payment,
        kind=PaymentOperation.Kind.CAPTURE,
        status=PaymentOperation.Status.PENDING,
    ).update(status=PaymentOperation.Status.SUCCEEDED)
    payment.status = Status.CAPTURED
    payment.capturing = Decimal(0)
    payment.captured = payment.authorized = captured


def _follow(
    order: Order,
    payments: list[Payment],
    payment: Payment,
    *,
    before: str,
    reason: str,
    now: datetime,
) -> list[Job]:
    """What a payment's new state leads to."""
    Kind = OrderEvent.Kind  # noqa: N806  (a class)
    match payment.status:
        case Status.FAILED:
            message = f"The payment was refused: {reason}" if reason else "The payment was refused."
            append_events(order, (Kind.PAYMENT_FAILED, message), now=now)
            # Nobody shall succeed with it later on.
            enqueue_giving_back(payment)
        case Status.AUTHORIZED | Status.CAPTURED if before not in PAID:
            return _receive(order, payments, payment, now=now)
        case Status.CAPTURED if before == Status.AUTHORIZED:
            message = f"We have received {payment.captured} {payment.currency}."
            append_events(order, (Kind.PAYMENT_CAPTURED, message), now=now)
            if order.status in OVER or payment.is_superseded:
                enqueue_giving_back(payment)
        case Status.CANCELLED if before == Status.AUTHORIZED:
            message = "The money that was reserved for the order is free again."
            append_events(order, (Kind.PAYMENT_RELEASED, message), now=now)
    return []


def _receive(
    order: Order, payments: list[Payment], payment: Payment, *, now: datetime
) -> list[Job]:
    """Money has come: it confirms the order, or it is given back."""
    others = [each for each in payments if each.pk != payment.pk]
    confirm = TRANSITIONS[SystemAction.CONFIRM]
    if order.status in confirm.sources and not any(map(holds_money, others)):
        order.status = confirm.target
        Order.objects.filter(pk=order.pk).update(status=order.status)
        message = "We have your payment; the order is confirmed."
        append_events(order, (OrderEvent.Kind.CONFIRMED, message), now=now)
        for other in payments:
            if other.status == Status.PENDING:
                # Another one that the buyer had begun is not waited for any more.
                other.is_superseded = True
                other.save(update_fields=["is_superseded"])
                enqueue_giving_back(other)
        return [enqueue_confirmation(order)]
    if not is_unwanted(payment) and all(other.status in REFUSED for other in others):
        # What had been reserved for the confirmed order was free again.
        append_events(order, (OrderEvent.Kind.CONFIRMED, "We have your new payment."), now=now)
        return []
    why = "was paid already" if order.status not in OVER else f"was {order.status.lower()} before"
    message = f"A payment has come, but the order {why}: we give the money back."
    append_events(order, (OrderEvent.Kind.PAYMENT_LATE, message), now=now)
    payment.is_superseded = order.status not in OVER
    payment.save(update_fields=["is_superseded"])
    enqueue_giving_back(payment)
    return []
