"""What a provider tells by itself: each event has its effect once."""

from __future__ import annotations

import logging
from datetime import datetime

from commerce.models import OrderEvent, Payment, PaymentEvent, PaymentOperation
from commerce.payments import ProviderEvent, RefundNews
from commerce.services.events import append_events
from commerce.services.payments.books import lock_payments, show_payment_status
from commerce.services.payments.operations import left_to_refund, record_operation
from commerce.services.payments.recording import record_outcome
from tasks.transactions import in_transaction

logger = logging.getLogger(__name__)


def receive_event(*, provider: str, event: ProviderEvent, now: datetime) -> bool:
    """Record what a provider tells of a payment, by the same steps as its answers.

    Returns:
        Whether it was news; not where the event came before, or where no payment is known that
        it is about.
    """
    payment = _payment_of(provider, event)
    if payment is None:
        logger.info("%s tells of a payment that is not ours: %s", provider, event.kind)
        return False

    def record() -> bool:
        # Of two that insert it at once, one waits here and then finds it.
        _, is_new = PaymentEvent.objects.get_or_create(
            provider=provider,
            external_id=event.external_id,
            defaults={"kind": event.kind, "payment": payment, "received_at": now},
        )
        if is_new and event.outcome is not None:
            record_outcome(payment=payment, outcome=event.outcome, now=now)
        if is_new and event.refund is not None:
            _record_refund(payment, event.refund, now=now)
        return is_new

    return in_transaction(record)


def _payment_of(provider: str, event: ProviderEvent) -> Payment | None:
    """By our id, which an event may bring before the provider's own is stored, or by that."""
    payments = Payment.objects.filter(provider=provider)
    if event.payment_id is None:
        return payments.filter(provider_ref=event.reference).first() if event.reference else None
    payment = payments.filter(public_id=event.payment_id).first()
    if payment and payment.provider_ref and event.reference not in {None, payment.provider_ref}:
        return None
    return payment


def _record_refund(payment: Payment, news: RefundNews, *, now: datetime) -> None:
    """Record a refund: one that the shop asked for, or one made at the provider's."""
    order, payments = lock_payments(payment.order_id)
    refunds = PaymentOperation.objects.select_related("payment").filter(
        payment=payment, kind=PaymentOperation.Kind.REFUND
    )
    known = (
        refunds.filter(public_id=news.operation_id).first()
        if news.operation_id
        else refunds.filter(provider_ref=news.outcome.reference).first()
    )
    if known is not None:
        record_operation(operation=known, outcome=news.outcome, now=now)
        return
    current = next(each for each in payments if each.pk == payment.pk)
    if not news.outcome.is_done:
        return
    if news.amount > left_to_refund(current):
        logger.error("%s tells of a refund of more than is left: %s", payment.provider, payment)
        return
    PaymentOperation.objects.create(
        payment=current,
        kind=PaymentOperation.Kind.REFUND,
        amount=news.amount,
        status=PaymentOperation.Status.SUCCEEDED,
        provider_ref=news.outcome.reference,
        created_at=now,
    )
    current.refunded += news.amount
    current.save(update_fields=["refunded"])
    message = f"We have given back {news.amount} {payment.currency}."
    append_events(order, (OrderEvent.Kind.PAYMENT_REFUNDED, message), now=now)
    show_payment_status(order, payments)
