"""Tasks that tests run, in this process and in workers (`--include tests.tasks.sample`)."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

from celery import current_app
from django.db import connection

from tasks.errors import Rejected, TryAgain
from tasks.job import job_task, report_progress
from tasks.models import IdempotencyRecord, Job

SOON = timedelta(milliseconds=50)


def effects(of: str) -> int:
    """How often a task has had an effect in the database."""
    return IdempotencyRecord.objects.filter(actor=of).count()


def have_effect(of: str) -> None:
    IdempotencyRecord.objects.create(actor=of, operation="sample", key=os.urandom(8).hex())


def deliver(job: Job) -> Job:
    """Run a job as a worker does that receives its message; the row after that."""
    current_app.tasks[job.kind].apply(kwargs=job.kwargs, task_id=str(job.public_id), throw=True)
    job.refresh_from_db()
    return job


@job_task("sample.write", backoff=SOON)
def write(*, name: str, seconds: float = 0, **kwargs) -> None:
    have_effect(name)
    time.sleep(seconds)


@job_task("sample.send", external=True, max_attempts=3, backoff=SOON)
def send(*, path: str, job_id: str, seconds: float = 0, **kwargs) -> None:
    with Path(path).open("a") as file:
        file.write(f"{job_id}\n")
    time.sleep(seconds)


@job_task("sample.fail", max_attempts=3, backoff=SOON)
def fail(*, name: str, **kwargs) -> None:
    have_effect(name)
    raise RuntimeError("password=hunter2 at line 7 of a library")


@job_task("sample.ask_for_time", max_attempts=2, backoff=SOON)
def ask_for_time(**kwargs) -> None:
    raise TryAgain("The mail server does not answer.")


@job_task("sample.refuse")
def refuse(*, name: str, **kwargs) -> None:
    have_effect(name)
    raise Rejected("NOT_FOUND", "There is no such order.")


@job_task("sample.progress", external=True)
def progress(*, steps: list[int], pause: float, **kwargs) -> None:
    for step in steps:
        report_progress(step)
        time.sleep(pause)


@job_task("sample.poison", max_attempts=2, backoff=SOON)
def poison(**kwargs) -> None:
    os._exit(1)


@job_task("sample.lose_connection", backoff=SOON)
def lose_connection(*, name: str, **kwargs) -> None:
    have_effect(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
