"""The background jobs of payments: their kinds, and how each is enqueued."""

from __future__ import annotations

from datetime import datetime, timedelta

from commerce.models import Payment, PaymentOperation
from tasks.dispatch import enqueue
from tasks.models import Job

ASK = "commerce.ask_payment_provider"
FINISH = "commerce.finish_payment_operation"
GIVE_BACK = "commerce.give_money_back"
EXPIRE = "commerce.expire_unpaid_orders"

# What is left to the caller of a provider before a job asks in its place.
HEAD_START = timedelta(seconds=30)


def enqueue_asking(payment: Payment, *, now: datetime) -> Job:
    """Have the provider asked later on, in case that its answer gets lost.

    It is enqueued before the provider is called: whatever happens then, somebody asks again.
    """
    return enqueue(
        ASK, key=payment_key(payment), not_before=now + HEAD_START, payment_id=payment.pk
    )


def payment_key(payment: Payment) -> str:
    """What makes a payment's job be enqueued once."""
    return f"payment:{payment.pk}"


def enqueue_finishing(operation: PaymentOperation, *, now: datetime) -> Job:
    """The same for a capture or a refund."""
    return enqueue(
        FINISH,
        key=operation_key(operation),
        not_before=now + HEAD_START,
        operation_id=operation.pk,
    )


def operation_key(operation: PaymentOperation) -> str:
    """What makes an operation's job be enqueued once."""
    return f"operation:{operation.pk}"


def enqueue_giving_back(payment: Payment) -> Job:
    """Enqueue, in the transaction that makes a payment unwanted, that it is undone.

    The job finds out what is to be undone, so that more of them do no harm.
    """
    return enqueue(GIVE_BACK, payment_id=payment.pk)
