"""Measures dispatch: on its way from the commit to the worker, and for the one who commits."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles

from benchmarks.database import ROOT, Database
from benchmarks.dispatch import purchases, writers
from benchmarks.dispatch.broker import ADDRESS, purge, rabbitmq
from benchmarks.processes import program

KIND, QUEUE, WORKERS = "nexus.try_out", "high", 4
# Jobs of one measurement of the relay; jobs that have waited for a relay that was down.
BATCH, BACKLOG = 10_000, 100_000
# Jobs a second: a shop at rest, and one at work.
IDLE, BUSY = 20, 200
WARM_UP_JOBS = 200
PATIENCE_SECONDS = 300


@dataclass
class Dispatch:
    """What came of it.

    Attributes:
        rates: jobs a second that one relay brought to a quorum queue, confirmed.
        drained: seconds in which one that starts brings `BACKLOG` jobs there that have waited.
        latencies: seconds from the commit until the task started, by jobs a second.
        look: seconds of a look for what is due, of which a relay takes 50 a second.
        notify: how many times the rate writers have without a NOTIFY, they have with one.
        enqueue: the share of a purchase's time that enqueueing its job takes.
    """

    rates: list[float] = field(default_factory=list)
    drained: float = 0.0
    latencies: dict[int, list[float]] = field(default_factory=dict)
    look: float = 0.0
    notify: float = 0.0
    enqueue: float = 0.0

    @property
    def rate(self) -> float:
        """Confirmed jobs a second."""
        return median(self.rates)

    def p50(self, load: int) -> float:
        """Milliseconds from commit to start, of half of the jobs at most."""
        return 1000 * median(self.latencies[load])

    def p99(self, load: int) -> float:
        """Likewise, of 99 in 100."""
        return 1000 * quantiles(self.latencies[load], n=100)[-1]


def measure(
    own: Database, *, url: str, seconds: float, rounds: int, say: Callable[[str], None]
) -> Dispatch | None:
    """Measure with the RabbitMQ at ``url``, or at its usual place; None where none answers."""
    url = url or ADDRESS
    with rabbitmq(url) as answers:
        if not answers:
            say("Background jobs are left out: no RabbitMQ answers. CELERY_BROKER_URL names one.")
            return None
        found = Dispatch()
        for turn in range(rounds):
            say(f"Relay: round {turn + 1} of {rounds}, {BATCH:,} jobs")
            with _no_jobs(own, url), _relay():
                _insert(own, 1)
                _until_none_waits(own)  # the relay is up
                _insert(own, BATCH)
                found.rates.append(BATCH / _until_none_waits(own))
        say(f"Relay: {BACKLOG:,} jobs that have waited")
        with _no_jobs(own, url):
            _insert(own, BACKLOG)
            with _relay():
                found.drained = _until_none_waits(own)
        with _no_jobs(own, url), _relay(), _worker():
            found.look = writers.look(rounds=1_000)
            _latencies(WARM_UP_JOBS / BUSY, BUSY)
            for load in (IDLE, BUSY):
                say(f"From commit to start: {load} jobs a second")
                found.latencies[load] = _latencies(rounds * seconds, load)
        say("What a NOTIFY would cost")
        with _no_jobs(own, url):
            found.notify = writers.with_notify(own, seconds=seconds, rounds=rounds)
        say("What enqueueing costs a purchase")
        found.enqueue = purchases.share_of_enqueue(own, seconds=rounds * seconds)
        return found


def _relay() -> AbstractContextManager:
    # Messages that nobody takes are not sent again while it is measured.
    environment = {"JOB_RESEND_SECONDS": "3600"}
    return program([sys.executable, "manage.py", "relay"], folder=ROOT, environment=environment)


def _worker() -> AbstractContextManager:
    """Runs our jobs alone: the shop's periodic ones would change what else is measured."""
    from tasks.broker import queue_name

    options = [f"--concurrency={WORKERS}", f"--queues={queue_name(QUEUE)}"]
    return program([sys.executable, "-m", "celery", "-A", "nexus", "worker", *options], folder=ROOT)


@contextmanager
def _no_jobs(own: Database, url: str) -> Iterator[None]:
    """Begin without any and leave none, in the database or on their way."""
    own.execute("TRUNCATE tasks_job CASCADE")
    try:
        yield
    finally:
        purge(url)
        own.execute("TRUNCATE tasks_job CASCADE")


def _insert(own: Database, count: int) -> None:
    """Commit so many jobs at once."""
    own.execute(
        f"""
        INSERT INTO tasks_job (public_id, kind, key, kwargs, queue, status, attempts, dispatches,
                               version, progress, error, request_id, not_before, created_at)
        SELECT gen_random_uuid(), '{KIND}', '', '{{}}', '{QUEUE}', 'PENDING', 0, 0,
               1, 0, '', '', now(), now()
          FROM generate_series(1, {count})"""  # noqa: S608
    )


def _until_none_waits(own: Database) -> float:
    """Seconds until the broker has all."""
    began = time.monotonic()
    connection = own.connect()
    cursor = connection.cursor()
    while time.monotonic() - began < PATIENCE_SECONDS:
        cursor.execute("SELECT EXISTS (SELECT FROM tasks_job WHERE status = 'PENDING')")
        if not cursor.fetchone()[0]:
            connection.close()
            return time.monotonic() - began
        time.sleep(0.02)
    raise TimeoutError("The relay does not get done.")


def _latencies(seconds: float, rate: int) -> list[float]:
    """Of jobs that are committed one by one: seconds until a worker started each."""
    from django.db.transaction import atomic
    from django.utils import timezone

    from tasks.dispatch import enqueue
    from tasks.models import Job

    committed = {}
    began = time.monotonic()
    for number in range(round(seconds * rate)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        with atomic():
            job = enqueue(KIND, queue=QUEUE)
        committed[job.pk] = timezone.now()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Job.objects.filter(pk__in=committed, started_at=None).exists():
        if time.monotonic() > deadline:
            raise TimeoutError("The workers do not get done.")
        time.sleep(0.1)
    started = Job.objects.filter(pk__in=committed).values_list("pk", "started_at")
    return [(at - committed[pk]).total_seconds() for pk, at in started]
