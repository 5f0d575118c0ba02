"""Background jobs of carts and orders: thin, each calls a service."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.utils import timezone

from commerce.models import Payment
from commerce.payments import PaymentOutcome, ProviderEvent
from commerce.payments.fake import EVENT as FAKE_EVENT
from commerce.services import confirmations, expired_carts, expiry, shipping_notices
from commerce.services.payments import asking, events, giving_back, jobs, operations
from tasks.job import job_task
from tasks.models import Job

logger = logging.getLogger(__name__)


@job_task(confirmations.KIND, external=True)
def send_order_confirmation(*, order_id: int, job_id: str, **kwargs: Any) -> None:
    """Mail the confirmation of an order."""
    confirmations.send_confirmation(order_id=order_id, job_id=job_id, now=timezone.now())


@job_task(shipping_notices.KIND, external=True)
def send_shipping_notice(*, fulfillment_id: int, job_id: str, **kwargs: Any) -> None:
    """Mail that a parcel is on its way."""
    shipping_notices.send_notice(fulfillment_id=fulfillment_id, job_id=job_id, now=timezone.now())


@job_task(jobs.ASK, external=True)
def ask_payment_provider(*, payment_id: int, **kwargs: Any) -> None:
    """Find out what came of a payment whose answer may be lost."""
    asking.ask_provider(payment_id=payment_id, now=timezone.now())


@job_task(jobs.FINISH, external=True)
def finish_payment_operation(*, operation_id: int, **kwargs: Any) -> None:
    """Find out what came of a capture or refund whose answer may be lost."""
    operations.finish(operation_id=operation_id, now=timezone.now())


@job_task(jobs.GIVE_BACK, external=True)
def give_money_back(*, payment_id: int, **kwargs: Any) -> None:
    """Cancel or refund a payment that is not wanted."""
    giving_back.give_back(payment_id=payment_id, now=timezone.now())


@job_task(jobs.EXPIRE, external=True, every=timedelta(minutes=1))
def expire_unpaid_orders(**kwargs: Any) -> None:
    """Expire the orders that were not paid in time."""
    if count := expiry.expire_unpaid_orders(now=timezone.now()):
        logger.info("Expired %s unpaid orders", count)


@job_task(
    "commerce.delete_expired_carts", external=True, every=timedelta(hours=1), queue=Job.Queue.BULK
)
def delete_expired_carts(**kwargs: Any) -> None:
    """Delete the carts that nobody came back to."""
    if count := expired_carts.delete_expired_carts(now=timezone.now()):
        logger.info("Deleted %s expired carts", count)


@job_task(FAKE_EVENT)
def receive_fake_event(*, payment_id: str, external_id: str, **kwargs: Any) -> None:
    """Be told by the fake provider that it has captured a payment."""
    outcome = PaymentOutcome(Payment.Status.CAPTURED)
    event = ProviderEvent(external_id, "captured", payment_id, outcome=outcome)
    events.receive_event(provider="fake", event=event, now=timezone.now())
