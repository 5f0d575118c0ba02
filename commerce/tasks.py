"""Background jobs of carts and orders: thin, each calls a service."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from commerce.services import confirmations, shipping_notices
from tasks.job import job_task


@job_task(confirmations.KIND, external=True)
def send_order_confirmation(*, order_id: int, job_id: str, **kwargs: Any) -> None:
    """Mail the confirmation of an order."""
    confirmations.send_confirmation(order_id=order_id, job_id=job_id, now=timezone.now())


@job_task(shipping_notices.KIND, external=True)
def send_shipping_notice(*, fulfillment_id: int, job_id: str, **kwargs: Any) -> None:
    """Mail that a parcel is on its way."""
    shipping_notices.send_notice(fulfillment_id=fulfillment_id, job_id=job_id, now=timezone.now())
