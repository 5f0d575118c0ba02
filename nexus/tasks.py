"""The project's own background tasks, which need all that stands below."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from catalog.services import announcements
from commerce.services import events
from nexus import webhooks
from tasks.job import job_task


@job_task("nexus.try_out")
def try_out(**kwargs: Any) -> None:
    """Do nothing: that it ran shows that relay, broker and worker work together."""


@job_task(events.TELL)
def tell_of_order(*, order_id: int, sequences: list[int], **kwargs: Any) -> None:
    """Have integrators' endpoints told of what has become of an order."""
    webhooks.tell_of_order(order_id=order_id, sequences=sequences, now=timezone.now())


@job_task(announcements.TELL)
def tell_of_product(
    *, event_types: list[str], product: dict[str, Any], happened_at: str, **kwargs: Any
) -> None:
    """Have integrators' endpoints told of what has become of a product."""
    webhooks.tell_of_product(
        event_types=event_types,
        product=product,
        happened_at=datetime.fromisoformat(happened_at),
        now=timezone.now(),
    )
