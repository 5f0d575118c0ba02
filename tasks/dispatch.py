"""``enqueue``: the one way to ask for background work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from tasks.context import request_id
from tasks.models import Job


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A job to enqueue; the arguments are those of `enqueue`."""

    kind: str
    key: str = ""
    queue: str = Job.Queue.DEFAULT
    not_before: datetime | None = None
    kwargs: dict[str, Any] = field(default_factory=dict)


def enqueue(
    kind: str,
    *,
    key: str = "",
    queue: str = Job.Queue.DEFAULT,
    not_before: datetime | None = None,
    **kwargs: Any,
) -> Job:
    """Write down a job in the transaction of the change that it belongs to.

    Nothing is sent here: the relay finds the row once the transaction has committed, so that a
    job exists exactly when its change does, whatever the broker is up to.

    Args:
        kind: the task's name, ``"users.notify_recipient"``.
        key: where given, a second job of the same kind and key is not made: the first is returned.
        queue: ``"high"``, ``"default"`` or ``"bulk"``.
        not_before: when it may start; by default at once.
        kwargs: the task's arguments, plain JSON values; ids rather than contents.

    Raises:
        TransactionManagementError: outside a transaction.
    """
    return enqueue_many(
        [NewJob(kind=kind, key=key, queue=queue, not_before=not_before, kwargs=kwargs)]
    )[0]


def enqueue_many(new: Sequence[NewJob]) -> list[Job]:
    """`enqueue` several jobs with one insert; the rows are in the order of ``new``."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "A job is enqueued in the transaction of its change: wrap both in atomic()."
        )
    caused_by = request_id.get().strip("-")
    now = timezone.now()
    jobs = [
        Job(
            kind=job.kind,
            key=job.key,
            queue=Job.Queue(job.queue),
            not_before=job.not_before or now,
            kwargs=job.kwargs,
            request_id=caused_by,
            created_at=now,
        )
        for job in new
    ]
    if not any(job.key for job in jobs):
        return Job.objects.bulk_create(jobs)
    return _enqueue_once_per_key(jobs)


def _enqueue_once_per_key(jobs: list[Job]) -> list[Job]:
    # In the order of the keys, so that two transactions never wait for each other in a circle.
    Job.objects.bulk_create(
        sorted(jobs, key=lambda job: (job.kind, job.key)), ignore_conflicts=True
    )
    # The insert doesn't tell which rows were there before; whoever was first, its row is read.
    wanted = Q(public_id__in=[job.public_id for job in jobs if not job.key])
    for kind in {job.kind for job in jobs if job.key}:
        wanted |= Q(kind=kind, key__in=[job.key for job in jobs if job.key and job.kind == kind])
    rows = {_identity(row): row for row in Job.objects.filter(wanted)}
    return [rows[_identity(job)] for job in jobs]


def _identity(job: Job) -> tuple[str, object]:
    return (job.kind, job.key or job.public_id)
