"""The background job that sends a delivery: thin, it calls a service."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from tasks.job import job_task
from tasks.webhooks import deliveries


# Pauses of 10 s, 20 s and so on up to three hours, a day in all.
@job_task(
    deliveries.SEND,
    external=True,
    max_attempts=18,
    backoff=timedelta(seconds=10),
    max_delay=timedelta(hours=3),
)
def send_delivery(*, job_id: str, **kwargs: Any) -> None:
    """Send an event to an endpoint, until it arrives or a day is over."""
    deliveries.send_delivery(job_id=job_id, now=timezone.now())
