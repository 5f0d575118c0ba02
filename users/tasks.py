"""Background jobs of accounts."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.utils import timezone

from tasks.job import job_task
from tasks.models import Job
from users.services import cleanup, notifications, passwords, verification

logger = logging.getLogger(__name__)


@job_task("users.notify_recipient")
def notify_recipient(*, message_id: int, **kwargs: Any) -> None:
    """Tell a message's recipient that it has arrived."""
    notifications.notify_recipient(message_id=message_id, now=timezone.now())


@job_task(verification.KIND, external=True)
def send_email_verification(*, user_id: int, job_id: str, **kwargs: Any) -> None:
    """Mail the link that verifies an account's e-mail address."""
    verification.send_verification(user_id=user_id, job_id=job_id, now=timezone.now())


@job_task(passwords.RESET_MAIL, external=True)
def send_password_reset(*, user_id: int | None, job_id: str, **kwargs: Any) -> None:
    """Mail the link that sets a new password."""
    passwords.send_password_reset(user_id=user_id, job_id=job_id, now=timezone.now())


@job_task("users.delete_expired", external=True, every=timedelta(hours=1), queue=Job.Queue.BULK)
def delete_expired(**kwargs: Any) -> None:
    """Delete refresh tokens, mailed tokens and browser sessions that nobody can use any more."""
    deleted = cleanup.delete_expired(now=timezone.now())
    logger.info("Deleted %s", ", ".join(f"{count} {name}" for name, count in deleted.items()))
