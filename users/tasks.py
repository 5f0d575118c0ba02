"""Background jobs of accounts."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tasks.job import job_task
from users.services import notifications


@job_task("users.notify_recipient")
def notify_recipient(*, message_id: int, **kwargs: Any) -> None:
    """Tell a message's recipient that it has arrived."""
    notifications.notify_recipient(message_id=message_id, now=timezone.now())
