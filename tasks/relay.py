"""The relay: carries committed jobs from the database to the broker."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.transaction import atomic
from django.utils import timezone
from prometheus_client import Counter, Gauge

from tasks.broker import Publisher, Unavailable
from tasks.context import about
from tasks.models import Job
from tasks.periodic import Timetable

logger = logging.getLogger(__name__)

BATCH = 300
# Seconds between two looks for new jobs. A look is one statement on a small partial index, 0.2 ms.
# LISTEN/NOTIFY would wake us sooner, but every NOTIFY takes a lock that all committing writers
# share: a cost to each purchase for what ten milliseconds of waiting give for nothing.
POLL_INTERVAL = 0.02
# Seconds between two looks for what outlived its lease, for dead letters, and at the timetable.
CHORES_INTERVAL = 1.0
# Seconds to wait for a broker or a database that is away: doubling from the first to the last.
FIRST_PAUSE, LAST_PAUSE = 0.25, 5.0

# What one relay has done; `manage.py relay --metrics-port` shows it.
published_jobs = Counter("nexus_relay_published", "Jobs that the broker took.", ["queue"])
refused_jobs = Counter("nexus_relay_refused", "Jobs that the broker refused.", ["queue"])
resent_jobs = Counter("nexus_relay_resent", "Jobs that are sent again: their lease had ended.")
dead_letters = Counter("nexus_relay_dead_letters", "Messages that no worker could take.")
outages = Counter("nexus_relay_outages", "Outages of the broker or of the database.", ["of"])
is_up = Gauge("nexus_relay_up", "Whether this relay reaches the broker and the database.")


class Relay:
    """Publishes what is due until told to stop. Two may run: each row is one relay's at a time."""

    def __init__(self, stop: threading.Event, *, timetable: Timetable) -> None:
        self._stop = stop
        self._timetable = timetable
        self._pause = FIRST_PAUSE
        self._is_ready = False
        self._has_trouble = False

    def run(self) -> None:
        """Relay until stopped, through outages of the broker and of the database."""
        while not self._stop.is_set():
            try:
                with Publisher() as publisher:
                    self._relay(publisher)
            except Unavailable as error:
                trouble = "The broker takes no jobs, they wait in the database"
                self._wait_out("broker", trouble, error)
            except (DatabaseError, InterfaceError) as error:
                # Also a database that is still to be migrated.
                self._wait_out("database", "The database can't be used", error)
                connection.close()
        connection.close()

    def _relay(self, publisher: Publisher) -> None:
        # One job is enough to find out whether an outage is over.
        limit = 1 if self._has_trouble else BATCH
        next_chores = 0.0
        while not self._stop.is_set():
            if time.monotonic() >= next_chores:
                resend_overdue(timezone.now())
                write_down_dead_letters(publisher, timezone.now())
                self._timetable.enqueue_due(timezone.now())
                next_chores = time.monotonic() + CHORES_INTERVAL
            now = timezone.now()
            if is_anything_due(now):
                for queue in Job.Queue.values:
                    relay_batch(publisher, queue=queue, limit=limit, now=now)
            else:
                self._stop.wait(POLL_INTERVAL)
            if not self._is_ready:
                logger.info("Relay is ready: %s", publisher)
                self._is_ready = True
            is_up.set(1)
            limit, self._pause, self._has_trouble = BATCH, FIRST_PAUSE, False

    def _wait_out(self, of: str, trouble: str, error: BaseException) -> None:
        is_up.set(0)
        if not self._has_trouble:
            outages.labels(of).inc()
            logger.warning("%s, trying again: %s", trouble, error or type(error).__name__)
        self._is_ready, self._has_trouble = False, True
        self._stop.wait(self._pause)
        self._pause = min(self._pause * 2, LAST_PAUSE)


def is_anything_due(now: datetime) -> bool:
    """Whether any job waits for the relay."""
    return (
        Job.objects.filter(
            status=Job.Status.PENDING, queue__in=Job.Queue.values, not_before__lte=now
        )
        .order_by()
        .exists()
    )


def relay_batch(publisher: Publisher, *, queue: str, limit: int = BATCH, now: datetime) -> int:
    """Publish jobs of a queue that are due and mark those that the broker has; how many.

    Rows are locked from before they are sent until they are marked, so that a second relay
    passes them by and a worker that is quicker than our commit waits for it. A relay that dies
    between sends again, and the worker swallows the repeat. Not "everything after the last id
    seen": that misses a row whose transaction commits late.
    """
    with atomic():
        jobs = list(
            Job.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(status=Job.Status.PENDING, queue=queue, not_before__lte=now)
            # By id but for the delayed, whom this order lets the index leave out.
            .order_by("not_before", "id")[:limit]
        )
        published = publisher.publish(jobs) if jobs else []
        _mark_dispatched(published, timezone.now())
    published_jobs.labels(queue).inc(len(published))
    for job in published:
        with about(job):
            logger.info("Job %s is dispatched; it was enqueued at %s", job, job.created_at)
    if len(published) < len(jobs):
        refused_jobs.labels(queue).inc(len(jobs) - len(published))
        raise Refused(f"The broker refused {len(jobs) - len(published)} of {len(jobs)} jobs.")
    return len(published)


class Refused(ConnectionError):
    """The broker took some messages and not others: it is full, or a queue is gone."""


def _mark_dispatched(jobs: Iterable[Job], now: datetime) -> None:
    by_dispatches = attrgetter("dispatches")
    for dispatches, group in groupby(sorted(jobs, key=by_dispatches), key=by_dispatches):
        # The lease doubles with every repeat: behind a long backlog, sending again what merely
        # waits its turn would make the backlog longer.
        lease = settings.JOB_RESEND_AFTER * 2 ** min(dispatches, 6)
        Job.objects.filter(pk__in=[job.pk for job in group]).change(
            status=Job.Status.DISPATCHED,
            dispatches=min(dispatches + 1, 1000),
            lease_expires_at=now + lease,
        )


def resend_overdue(now: datetime) -> int:
    """Have the jobs sent again whose message or worker is gone: their lease has ended; how many."""
    with atomic():
        overdue = list(
            Job.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(
                status__in=[Job.Status.DISPATCHED, Job.Status.RUNNING], lease_expires_at__lte=now
            )
            .order_by("lease_expires_at")
            .only("public_id", "kind", "request_id", "status")[:BATCH]
        )
        if overdue:
            Job.objects.filter(pk__in=[job.pk for job in overdue]).change(
                status=Job.Status.PENDING, not_before=now, lease_expires_at=None, run_id=None
            )
    resent_jobs.inc(len(overdue))
    for job in overdue:
        with about(job):
            logger.warning("Job %s is sent again: it was %s beyond its lease", job, job.status)
    return len(overdue)


def write_down_dead_letters(publisher: Publisher, now: datetime) -> int:
    """Mark the jobs whose messages the broker put aside as ``DEAD``; how many messages."""
    count = 0
    for letter in publisher.dead_letters():
        declare_undeliverable(letter.job_id, now)
        letter.settle()
        dead_letters.inc()
        count += 1
    return count


def declare_undeliverable(public_id: str, now: datetime) -> None:
    """Give up a job that no worker could take.

    Only one that waits for a worker: of any other, this was an old message's repeat. Anybody may
    publish to the queues: what is no job's id at all is logged and passed over.
    """
    try:
        job_id = UUID(public_id)
    except ValueError:
        logger.warning("Dropping a message that is no job's: id %.100r", public_id)
        return
    waiting = Job.objects.filter(public_id=job_id, status=Job.Status.DISPATCHED)
    job = waiting.first()
    if job is not None and waiting.change(
        status=Job.Status.DEAD,
        error="No worker could take this job.",
        finished_at=now,
        lease_expires_at=None,
    ):
        with about(job):
            logger.error("Job %s is given up: no worker could take it", job)
