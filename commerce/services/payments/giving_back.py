"""Money that is not, or no longer, for an order goes back to its buyer."""

from __future__ import annotations

from datetime import datetime

from commerce.models import Order, Payment, PaymentOperation
from commerce.payments import ProviderUnavailable, is_offline, provider_of
from commerce.services.payments.books import is_unwanted, lock_payments, show_payment_status
from commerce.services.payments.jobs import enqueue_giving_back
from commerce.services.payments.operations import left_to_refund, perform, refuse_failed, reserve
from commerce.services.payments.recording import record_outcome
from tasks.errors import TryAgain
from tasks.transactions import in_transaction

Status = Payment.Status


def give_up_payments(order: Order) -> None:
    """Give up all payments of an order that is over, in the transaction that ends it.

    Those that a provider may hold money of are undone by a job; what came outside the system,
    staff give back themselves.
    """
    _, payments = lock_payments(order.pk)
    for payment in payments:
        if not is_offline(payment):
            if payment.status not in {Status.FAILED, Status.CANCELLED}:
                enqueue_giving_back(payment)
        elif payment.status in {Status.PENDING, Status.AUTHORIZED}:
            has_come = payment.captured + payment.capturing
            payment.status = Status.CAPTURED if has_come else Status.CANCELLED
            payment.save(update_fields=["status"])
    show_payment_status(order, payments)


def give_back(*, payment_id: int, now: datetime) -> None:
    """Undo a payment that is not wanted: cancel it, and refund what was captured.

    A repeat finds out what is left to undo. A payment that is wanted by now stays.

    Raises:
        TryAgain: the provider does not answer.
        Rejected: ``PAYMENT_DECLINED``: it refuses, which staff have to know.
    """
    payment = Payment.objects.select_related("order").filter(pk=payment_id).first()
    if payment is None:
        return
    if payment.status == Status.FAILED or (
        is_unwanted(payment) and payment.status in {Status.PENDING, Status.AUTHORIZED}
    ):
        try:
            outcome = provider_of(payment).cancel(payment=payment)
        except ProviderUnavailable as error:
            raise TryAgain("The payment provider does not answer.") from error
        record_outcome(payment=payment, outcome=outcome, now=now)
    operation = in_transaction(lambda: _reserve_rest(payment, now=now))
    if operation is not None:
        refuse_failed(perform(operation, now=now))


def _reserve_rest(payment: Payment, *, now: datetime) -> PaymentOperation | None:
    """A refund of all that is left; None where nothing is, or where the money is wanted."""
    _, payments = lock_payments(payment.order_id)
    current = next(each for each in payments if each.pk == payment.pk)
    rest = left_to_refund(current)
    if not rest or not is_unwanted(current):
        return None
    return reserve(current, kind=PaymentOperation.Kind.REFUND, amount=rest, now=now)
