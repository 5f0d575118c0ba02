"""What people do with jobs."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tasks.errors import Rejected
from tasks.models import ENDED_BADLY, Job


def retry_job(*, public_id: UUID, now: datetime) -> Job:
    """Send a job again that failed or was given up; it has all its attempts again.

    Raises:
        Rejected: ``NOT_FOUND``, or ``INVALID_TRANSITION`` for a job in any other status.
    """
    retried = Job.objects.filter(public_id=public_id, status__in=ENDED_BADLY).change(
        status=Job.Status.PENDING,
        not_before=now,
        attempts=0,
        dispatches=0,
        progress=0,
        error="",
        finished_at=None,
    )
    job = Job.objects.filter(public_id=public_id).first()
    if job is None:
        raise Rejected("NOT_FOUND", "There is no such job.", field="id")
    if not retried:
        raise Rejected(
            "INVALID_TRANSITION",
            f"Only a failed or dead job can be sent again; this one is {job.status}.",
            field="id",
        )
    return job
