"""Captures and refunds: reserved, asked for and recorded.

1. One transaction promises the amount to the operation, where the payment has so much left.
2. The provider is called outside any transaction, with the operation's id as idempotency key.
3. A short transaction records the answer.

A job does 2 and 3 where the caller could not, so that no promise stays open.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from commerce.models import Order, OrderEvent, Payment, PaymentOperation
from commerce.payments import OperationOutcome, ProviderUnavailable, is_offline, provider_of
from commerce.services.events import append_events
from commerce.services.payments.books import OVER, lock_payments, show_payment_status
from commerce.services.payments.jobs import enqueue_finishing, enqueue_giving_back
from tasks.errors import Rejected, TryAgain
from tasks.transactions import in_transaction

Kind = PaymentOperation.Kind
Status = PaymentOperation.Status

MAX_FAILURE = 200


def left_to_capture(payment: Payment) -> Decimal:
    """How much of a payment can still be captured; nothing of one that is to be given back."""
    if payment.is_superseded:
        return Decimal(0)
    if is_offline(payment):
        # Nobody authorizes it: what the order costs is what may come.
        is_open = payment.status in {Payment.Status.PENDING, Payment.Status.AUTHORIZED}
        return payment.amount - payment.captured - payment.capturing if is_open else Decimal(0)
    is_open = payment.status == Payment.Status.AUTHORIZED
    return payment.authorized - payment.captured - payment.capturing if is_open else Decimal(0)


def left_to_refund(payment: Payment) -> Decimal:
    """How much of a payment can still be given back."""
    return payment.captured - payment.refunded - payment.refunding


def reserve(
    payment: Payment, *, kind: Kind, amount: Decimal, reason: str = "", now: datetime
) -> PaymentOperation:
    """Promise an amount of a locked payment to a new operation.

    The caller has checked what is left; the database's constraints refuse more than that.
    """
    if kind == Kind.CAPTURE:
        payment.capturing += amount
        payment.authorized = max(payment.authorized, payment.captured + payment.capturing)
    else:
        payment.refunding += amount
    payment.save(update_fields=["authorized", "capturing", "refunding"])
    operation = PaymentOperation.objects.create(
        payment=payment, kind=kind, amount=amount, reason=reason, created_at=now
    )
    enqueue_finishing(operation, now=now)
    return operation


def finish(*, operation_id: int, now: datetime) -> None:
    """Ask again for an operation whose answer is not known.

    Raises:
        TryAgain: the provider does not answer.
        Rejected: ``PAYMENT_DECLINED``: it refuses, which staff have to know.
    """
    operation = (
        PaymentOperation.objects.select_related("payment")
        .filter(pk=operation_id, status=Status.PENDING)
        .first()
    )
    if operation is None:
        return
    operation = perform(operation, now=now)
    if operation.status == Status.PENDING:
        raise TryAgain("The payment provider does not answer.")
    refuse_failed(operation)


def refuse_failed(operation: PaymentOperation) -> None:
    """Raise ``PAYMENT_DECLINED`` where the provider has refused an operation."""
    if operation.status == Status.FAILED:
        message = operation.failure or "The payment provider refused."
        raise Rejected("PAYMENT_DECLINED", message, field="amount")


def perform(operation: PaymentOperation, *, now: datetime) -> PaymentOperation:
    """Call the provider for an operation and record its answer.

    Returns:
        The operation as it is now: pending where the provider does not answer.
    """
    try:
        provider = provider_of(operation.payment)
        call = provider.capture if operation.kind == Kind.CAPTURE else provider.refund
        outcome = call(operation=operation)
    except ProviderUnavailable:
        return operation
    return record_operation(operation=operation, outcome=outcome, now=now)


def record_operation(
    *, operation: PaymentOperation, outcome: OperationOutcome, now: datetime
) -> PaymentOperation:
    """Record a provider's answer to a capture or refund, once.

    A refund that was done may still fail days later; nothing else is taken back.
    """

    def record() -> PaymentOperation:
        order, payments = lock_payments(operation.payment.order_id)
        current = PaymentOperation.objects.select_for_update(no_key=True).get(pk=operation.pk)
        current.payment = next(each for each in payments if each.pk == current.payment_id)
        if not _apply(outcome, current, order=order, now=now):
            return current
        current.payment.save()
        current.save()
        show_payment_status(order, payments)
        return current

    return in_transaction(record)


def _apply(
    outcome: OperationOutcome, operation: PaymentOperation, *, order: Order, now: datetime
) -> bool:
    """Bring an operation and its payment to what the outcome says; False where it is no news."""
    was_done = operation.status == Status.SUCCEEDED
    is_news = operation.status == Status.PENDING or (
        was_done and operation.kind == Kind.REFUND and not outcome.is_done
    )
    if not is_news:
        return False
    operation.status = Status.SUCCEEDED if outcome.is_done else Status.FAILED
    operation.provider_ref = outcome.reference or operation.provider_ref
    operation.failure = outcome.reason[:MAX_FAILURE]
    if operation.kind == Kind.CAPTURE:
        _book_capture(outcome, operation, order=order, now=now)
    else:
        _book_refund(operation, was_done=was_done, order=order, now=now)
    return True


def _book_capture(
    outcome: OperationOutcome, operation: PaymentOperation, *, order: Order, now: datetime
) -> None:
    payment, amount = operation.payment, operation.amount
    payment.capturing -= amount
    if not outcome.is_done:
        if payment.status == Payment.Status.CAPTURED:
            # It was called off meanwhile; this capture alone had kept its money.
            payment.authorized = payment.captured + payment.capturing
            if not payment.authorized:
                payment.status = Payment.Status.CANCELLED
        return
    payment.captured += amount
    if outcome.is_last:
        payment.authorized = payment.captured + payment.capturing
    whole = payment.amount if is_offline(payment) else payment.authorized
    is_whole = payment.captured == whole
    payment.status = Payment.Status.CAPTURED if is_whole else Payment.Status.AUTHORIZED
    message = f"We have received {amount} {payment.currency}."
    append_events(order, (OrderEvent.Kind.PAYMENT_CAPTURED, message), now=now)
    if order.status in OVER or payment.is_superseded:
        enqueue_giving_back(payment)


def _book_refund(
    operation: PaymentOperation, *, was_done: bool, order: Order, now: datetime
) -> None:
    payment, amount = operation.payment, operation.amount
    money = f"{amount} {payment.currency}"
    if was_done:
        payment.refunded -= amount
        message = f"The refund of {money} did not arrive; we will come back to you."
        append_events(order, (OrderEvent.Kind.REFUND_FAILED, message), now=now)
        return
    payment.refunding -= amount
    if operation.status == Status.SUCCEEDED:
        payment.refunded += amount
        why = f": {operation.reason}" if operation.reason else "."
        append_events(
            order, (OrderEvent.Kind.PAYMENT_REFUNDED, f"We have given back {money}{why}"), now=now
        )
