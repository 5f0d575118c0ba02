"""Deleting the rows that have served their time."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.db.transaction import atomic

from tasks.models import IdempotencyRecord, Job

BATCH = 1000


def delete_old_rows(*, now: datetime) -> dict[str, int]:
    """Delete old rows, a short transaction for each batch; how many of each model.

    Jobs that succeeded go after ``JOB_RETENTION``, with their inbox entries; those that did not
    stay for ``FAILED_JOB_RETENTION``, for people to look at and send again. A message of a job
    that is gone does nothing. Idempotency records go first, since a repeat that finds its record
    may look for the record's job.
    """
    ended: QuerySet[Job] = Job.objects.order_by("finished_at")
    old: list[tuple[str, QuerySet]] = [
        (
            "idempotency records",
            IdempotencyRecord.objects.filter(
                created_at__lt=now - settings.IDEMPOTENCY_RETENTION
            ).order_by("created_at"),
        ),
        (
            "jobs",
            ended.filter(status=Job.Status.SUCCEEDED, finished_at__lt=now - settings.JOB_RETENTION),
        ),
        (
            "failed jobs",
            ended.filter(
                status__in=[Job.Status.FAILED, Job.Status.DEAD],
                finished_at__lt=now - settings.FAILED_JOB_RETENTION,
            ),
        ),
    ]
    return {name: delete_in_batches(rows) for name, rows in old}


def delete_in_batches(rows: QuerySet) -> int:
    """Delete rows, a short transaction for each batch; how many.

    Rows that somebody holds locked meanwhile are left for the next time.
    """
    count = 0
    while batch := _delete_batch(rows):
        count += batch
    return count


def _delete_batch(rows: QuerySet) -> int:
    with atomic():
        # Locked, so that a job that is sent again meanwhile is left alone, or is gone.
        found = rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH]
        pks = list(found)
        rows.model._default_manager.filter(pk__in=pks).delete()
    return len(pks)
