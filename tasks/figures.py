"""How the background work stands, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

from tasks.models import Job

# What the rate of ended jobs is taken of.
RECENTLY = timedelta(minutes=5)

Status = Job.Status


@dataclass(kw_only=True)
class Figures:
    """Numbers of one queue or one kind of job.

    Attributes:
        name: the queue or the kind.
        waiting: jobs that are due, or sent, and that no worker has begun.
        oldest: how long the longest waiting of them has been due.
        delayed: jobs that are due later and were never begun.
        retrying: jobs whose last attempt failed and whose next one is due later.
        running: jobs that a worker has.
        failed: jobs that a rule forbade and nobody has sent again.
        dead: jobs that were given up and nobody has sent again.
        per_minute: jobs that succeeded in each of the last five minutes, on average.
    """

    name: str
    waiting: int = 0
    oldest: timedelta = timedelta()
    delayed: int = 0
    retrying: int = 0
    running: int = 0
    failed: int = 0
    dead: int = 0
    per_minute: float = 0


def figures(*, by: str, now: datetime) -> list[Figures]:
    """The numbers by ``"queue"``, all of which are there, or by ``"kind"``.

    Read by small partial indexes, however many jobs have ended.
    """
    found = {name: Figures(name=name) for name in (Job.Queue.values if by == "queue" else [])}
    jobs = Job.objects.order_by(by).values(by)
    due = Q(status=Status.DISPATCHED) | Q(status=Status.PENDING, not_before__lte=now)
    later = Q(status=Status.PENDING, not_before__gt=now)
    for row in jobs.filter(status__in=[Status.PENDING, Status.DISPATCHED, Status.RUNNING]).annotate(
        waiting=Count("pk", filter=due),
        since=Min("not_before", filter=due),
        delayed=Count("pk", filter=later & Q(attempts=0)),
        retrying=Count("pk", filter=later & Q(attempts__gt=0)),
        running=Count("pk", filter=Q(status=Status.RUNNING)),
    ):
        one = found.setdefault(row[by], Figures(name=row[by]))
        for state in ("waiting", "delayed", "retrying", "running"):
            setattr(one, state, row[state])
        if row["since"]:
            one.oldest = max(now - row["since"], timedelta())
    for row in jobs.filter(status__in=[Status.FAILED, Status.DEAD]).annotate(
        failed=Count("pk", filter=Q(status=Status.FAILED)),
        dead=Count("pk", filter=Q(status=Status.DEAD)),
    ):
        one = found.setdefault(row[by], Figures(name=row[by]))
        one.failed, one.dead = row["failed"], row["dead"]
    for row in jobs.filter(
        status=Status.SUCCEEDED, finished_at__gt=now - RECENTLY, finished_at__lte=now
    ).annotate(count=Count("pk")):
        one = found.setdefault(row[by], Figures(name=row[by]))
        one.per_minute = row["count"] / (RECENTLY / timedelta(minutes=1))
    return list(found.values())
