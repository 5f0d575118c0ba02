"""Jobs that come by themselves, again and again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from celery import current_app
from django.db.transaction import atomic

from tasks.dispatch import enqueue
from tasks.models import Job

# A slot's row must outlive its slot, and rows are kept for days.
LONGEST = timedelta(days=1)
ENDED = {Job.Status.SUCCEEDED, Job.Status.FAILED, Job.Status.DEAD}

_registered: dict[str, Periodic] = {}


@dataclass(frozen=True)
class Periodic:
    """That a kind of job is to run once in every slot of so long."""

    kind: str
    every: timedelta
    queue: str = Job.Queue.DEFAULT

    def __post_init__(self) -> None:
        if not timedelta(seconds=1) <= self.every <= LONGEST:
            raise ValueError(f"{self.kind}: `every` is a second to a day, not {self.every}.")

    def slot(self, now: datetime) -> datetime:
        """When the slot began that ``now`` is in: the slots of a day begin at 00:00 UTC."""
        seconds = self.every.total_seconds()
        return datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC)


def register(periodic: Periodic) -> None:
    """Have the timetable of this process hold a job; `tasks.job.job_task` calls it."""
    _registered[periodic.kind] = periodic


def all_periodic() -> list[Periodic]:
    """Every periodic job of the installed apps, whose tasks are imported here for that."""
    current_app.loader.import_default_modules()
    return list(_registered.values())


class Timetable:
    """Enqueues periodic jobs when they are due, each once in its slot, whoever else does so.

    Only the slot that time is in counts: what an outage made the shop miss is not made up for.
    A job whose last run still waits or runs is not enqueued beside it, but in the slot in which
    that ends.
    """

    def __init__(self, periodic: Iterable[Periodic]) -> None:
        self._periodic = list(periodic)
        # What need not be asked again before the slot ends.
        self._last_slots: dict[str, datetime] = {}

    def enqueue_due(self, now: datetime) -> list[Job]:
        """Enqueue what is due now; the jobs, one of which another relay may have made."""
        jobs = []
        for periodic in self._periodic:
            slot = periodic.slot(now)
            if self._last_slots.get(periodic.kind) == slot:
                continue
            if job := enqueue_slot(periodic, slot):
                self._last_slots[periodic.kind] = slot
                jobs.append(job)
        return jobs


def enqueue_slot(periodic: Periodic, slot: datetime) -> Job | None:
    """Enqueue a slot's job, or find it enqueued; None while the slot before has not ended.

    The slot is the job's key: of two relays that insert it at once, one does.
    """
    key = slot.isoformat()
    with atomic():
        last = Job.objects.filter(kind=periodic.kind).exclude(key="").order_by("-key").first()
        if last and last.key != key and last.status not in ENDED:
            return None
        return enqueue(periodic.kind, key=key, queue=periodic.queue)
