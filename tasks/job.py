"""``job_task``: makes a function a background job that never has its effect twice."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from celery import Task, shared_task
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.db.transaction import atomic
from django.utils import timezone

from tasks.context import about
from tasks.errors import TryAgain
from tasks.heartbeat import Heartbeat, report_progress
from tasks.models import Job
from tasks.periodic import Periodic, register

__all__ = ["job_task", "report_progress"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

MAX_DELAY = timedelta(hours=1)
# Seconds to wait for a database that is away before a delivery is left to the lease.
DATABASE_PATIENCE = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)


def job_task(
    kind: str,
    *,
    external: bool = False,
    max_attempts: int = 10,
    backoff: timedelta = timedelta(seconds=2),
    max_delay: timedelta = MAX_DELAY,
    every: timedelta | None = None,
    queue: str = Job.Queue.DEFAULT,
) -> Callable[[Callable[..., None]], Task]:
    """Make the decorated function the task that runs the jobs of a kind.

    It takes keyword arguments and ends in ``**kwargs``, so that a worker of yesterday survives
    the arguments of tomorrow. By default its effects are rows: it runs in one transaction with
    the record that it ran, and a message delivered twice has its effect once. It must be short,
    like any transaction. Called as a function it is just the function.

    A `ValidationError` from a service ends the job as ``FAILED``. Any other exception is tried
    again later, `TryAgain` with words for the client; after the last attempt the job is ``DEAD``.

    Args:
        kind: the job's kind, ``"users.notify_recipient"``.
        external: for effects that no transaction undoes (mail, webhooks) and for long work: runs
            outside a transaction, at least once, and gets ``job_id``, the job's public id, to
            tell the other side which repeat is one. Its own writes must bear repetition.
        max_attempts: after so many attempts the job is given up.
        backoff: the pause after the first failed attempt; doubles each time.
        max_delay: what it doubles up to, an hour by default.
        every: for a periodic job, a second to a day: the relay enqueues it once in each slot of so
            long, without arguments, unless the last one has not ended yet.
        queue: the queue that periodic jobs go to.
    """
    if every is not None:
        register(Periodic(kind, every, queue))

    def decorate(body: Callable[..., None]) -> Task:
        policy = _Policy(kind, body, external, max_attempts, backoff, max_delay)

        def run(task: Task, **kwargs: Any) -> None:
            if task.request.id is None:
                body(**kwargs)
            else:
                _run(policy, uuid.UUID(task.request.id), kwargs)

        run.__name__, run.__module__, run.__doc__ = body.__name__, body.__module__, body.__doc__
        return shared_task(name=kind, bind=True, typing=False)(run)

    return decorate


@dataclass(frozen=True)
class _Policy:
    kind: str
    body: Callable[..., None]
    external: bool
    max_attempts: int
    backoff: timedelta
    max_delay: timedelta

    def delay(self, attempts: int) -> timedelta:
        """The pause after so many attempts, half to one and a half times its nominal length."""
        nominal = min(self.backoff * 2 ** min(attempts - 1, 20), self.max_delay)
        return nominal * random.uniform(0.5, 1.5)  # noqa: S311  (spreads load, guards nothing)


def _run(policy: _Policy, public_id: uuid.UUID, kwargs: dict[str, Any]) -> None:
    # Of the job no more is known than its message says.
    with about(Job(public_id=public_id, kind=policy.kind)):
        close_old_connections()
        job = _patiently(partial(_claim, policy, public_id))
    if job is None:
        return
    with about(job):
        logger.info("Job %s is started, attempt %s", job, job.attempts)
        began = time.monotonic()
        try:
            with Heartbeat(job) as heartbeat:
                _have_effect(policy, job, kwargs, heartbeat)
        except Exception as error:  # noqa: BLE001  (whatever it is, the job's row must tell)
            _patiently(partial(_fail, policy, job, error, timezone.now()))
        else:
            milliseconds = 1000 * (time.monotonic() - began)
            logger.info("Job %s succeeded in %.0f ms", job, milliseconds)


def _claim(policy: _Policy, public_id: uuid.UUID) -> Job | None:
    """The job, now leased to this run; None where another run has it, had it, or is to have it.

    Waits for a relay that has sent the message but not yet committed that it has.
    """
    with atomic():
        jobs = Job.objects.select_for_update(no_key=True)
        job = jobs.filter(public_id=public_id, kind=policy.kind).first()
        # Not before: the lease, half gone by then, would soon have a second worker run the job.
        now = timezone.now()
        if job is None or not _may_start(job, now):
            logger.info("Job %s %s is not started: a repeated message", policy.kind, public_id)
            return None
        if job.attempts >= policy.max_attempts:
            # Every attempt took its worker down with it, or this one could never say how it ended.
            jobs.filter(pk=job.pk).change(**_ended(Job.Status.DEAD, _given_up(policy), now))
            with about(job):
                logger.error("Job %s is given up: no attempt has reported back", job)
            return None
        job.status = Job.Status.RUNNING
        job.run_id = uuid.uuid4()
        job.lease_expires_at = now + settings.JOB_LEASE
        job.attempts += 1
        job.version += 1
        job.dispatches = 0
        job.progress = 0
        job.started_at = now
        job.save()
        return job


def _may_start(job: Job, now: datetime) -> bool:
    if job.status == Job.Status.DISPATCHED:
        return True
    if job.status == Job.Status.PENDING:
        # Sent, but the relay died before it could commit that; not an old message's repeat,
        # which must not cut short the pause before the next attempt.
        return job.not_before <= now
    expired = job.lease_expires_at is None or job.lease_expires_at <= now
    return job.status == Job.Status.RUNNING and expired


def _have_effect(policy: _Policy, job: Job, kwargs: dict[str, Any], heartbeat: Heartbeat) -> None:
    if policy.external:
        policy.body(**kwargs, job_id=str(job.public_id))
        heartbeat.stop()
        _patiently(partial(_succeed, job, timezone.now()))
        return
    with atomic():
        if _is_first(policy, job):
            policy.body(**kwargs)
        heartbeat.stop()
        _succeed(job, timezone.now())


def _is_first(policy: _Policy, job: Job) -> bool:
    """Insert the inbox entry; False where there is one.

    A run that has lost its lease and the one that overtook it meet here: one inserts, the other
    waits for it and then finds the effect made. The ORM's insert that ignores conflicts does not
    tell whether it inserted; its `get_or_create` takes four statements, of every job.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tasks_inboxentry (task, job_id, created_at) VALUES (%s, %s, now())"
            " ON CONFLICT DO NOTHING",
            [policy.kind, job.pk],
        )
        return cursor.rowcount == 1


def _fail(policy: _Policy, job: Job, error: Exception, now: datetime) -> None:
    # The reason of a task that asks for another attempt says all; anything else is traced.
    unexpected = None if isinstance(error, TryAgain) else error
    if isinstance(error, ValidationError):
        reason = "; ".join(error.messages)
        logger.warning("Job %s failed at attempt %s, by a rule: %s", job, job.attempts, reason)
        _held(job).change(**_ended(Job.Status.FAILED, reason, now))
    elif isinstance(error, PermissionDenied):
        logger.warning("Job %s failed at attempt %s: it is not permitted", job, job.attempts)
        _held(job).change(**_ended(Job.Status.FAILED, "This is not permitted.", now))
    elif job.attempts >= policy.max_attempts:
        logger.error(
            "Job %s is given up after attempt %s: %s",
            job,
            job.attempts,
            _reason(error),
            exc_info=unexpected,
        )
        _held(job).change(**_ended(Job.Status.DEAD, f"{_reason(error)} {_given_up(policy)}", now))
    else:
        delay = policy.delay(job.attempts)
        logger.warning(
            "Job %s failed at attempt %s and is tried again in %.1f s: %s",
            job,
            job.attempts,
            delay.total_seconds(),
            _reason(error),
            exc_info=unexpected,
        )
        _held(job).change(
            status=Job.Status.PENDING,
            not_before=now + delay,
            error=_reason(error),
            lease_expires_at=None,
            run_id=None,
        )


def _reason(error: Exception) -> str:
    """What a client may know: what the task says itself, nothing of what a library says."""
    return str(error) if isinstance(error, TryAgain) else "Something went wrong in the shop."


def _given_up(policy: _Policy) -> str:
    return f"Given up after {policy.max_attempts} attempts."


def _held(job: Job) -> Any:
    """The job's row while this run holds it; nothing once another run has overtaken it."""
    return Job.objects.filter(pk=job.pk, run_id=job.run_id, status=Job.Status.RUNNING)


def _ended(status: Job.Status, error: str, now: datetime) -> dict[str, Any]:
    return {
        "status": status,
        "error": error,
        "finished_at": now,
        "lease_expires_at": None,
        "run_id": None,
    }


def _succeed(job: Job, now: datetime) -> None:
    """Write down that the effect stands, whoever holds the lease by now."""
    Job.objects.filter(pk=job.pk).exclude(status=Job.Status.SUCCEEDED).change(
        progress=100, **_ended(Job.Status.SUCCEEDED, "", now)
    )


def _patiently(step: Callable[[], T]) -> T:
    """Run a step on the database, waiting for it where it is away or the row is locked.

    After about twenty seconds the error is raised: the message is then done with, the row keeps
    its lease, and when that ends the relay sends the job again.
    """
    for pause in DATABASE_PATIENCE:
        try:
            return step()
        except (OperationalError, InterfaceError) as error:
            if connection.in_atomic_block:
                raise
            logger.warning("The database can't be used, waiting %s s: %s", pause, error)
            connection.close()
            time.sleep(pause)
    return step()
