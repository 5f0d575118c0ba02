"""The background job of background jobs."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.utils import timezone

from tasks import cleanup
from tasks.job import job_task
from tasks.models import Job

logger = logging.getLogger(__name__)


@job_task("tasks.delete_old_rows", external=True, every=timedelta(hours=1), queue=Job.Queue.BULK)
def delete_old_rows(**kwargs: Any) -> None:
    """Delete ended jobs and idempotency records that have served their time."""
    deleted = cleanup.delete_old_rows(now=timezone.now())
    logger.info("Deleted %s", ", ".join(f"{count} {name}" for name, count in deleted.items()))
