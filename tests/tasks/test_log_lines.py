"""What the log tells of a job's life, each line with the job's id, its task and its request's."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from nexus.logging import JsonFormatter, RequestIdFilter
from tasks.broker import Publisher
from tasks.context import about, request_id
from tasks.heartbeat import Heartbeat
from tasks.models import Job
from tasks.relay import declare_undeliverable, relay_batch, resend_overdue
from tests.tasks.sample import deliver
from tests.tasks.waiting import eventually

# Somebody's data, as a job's arguments may hold it.
PRIVATE = "ada@example.com"


@pytest.fixture
def job(committed) -> Callable[..., Job]:
    """Commit a job that a request asks for."""

    def ask_for(kind: str, **changes: object) -> Job:
        token = request_id.set("request-7")
        try:
            job = committed(kind, name=PRIVATE)
        finally:
            request_id.reset(token)
        Job.objects.filter(pk=job.pk).update(**changes)
        return job

    return ask_for


@pytest.fixture
def told(caplog) -> Iterator[Callable[[Job], list[str]]]:
    """What has been logged of a job, level and words, as the shop's own formatter writes it."""
    ids = RequestIdFilter()
    caplog.set_level(logging.INFO, "tasks")
    caplog.handler.addFilter(ids)

    def lines(job: Job) -> list[str]:
        found = []
        for record in caplog.records:
            text = JsonFormatter().format(record)
            assert PRIVATE not in text
            line = json.loads(text)
            assert line["job_id"] == str(job.public_id)
            assert line["task"] == job.kind
            assert line["request_id"] == "request-7"
            found.append(f"{line['level']} {line['message'].removeprefix(f'Job {job} ')}")
        return found

    yield lines
    caplog.handler.removeFilter(ids)


def matches(lines: list[str], *beginnings: str) -> bool:
    return len(lines) == len(beginnings) and all(map(str.startswith, lines, beginnings))


def test_of_success(job, told, each_broker):
    write = job("sample.write")
    with Publisher() as publisher:
        relay_batch(publisher, queue="default", now=timezone.now())
    deliver(write)
    assert matches(
        told(write),
        f"INFO is dispatched; it was enqueued at {write.created_at}",
        "INFO is started, attempt 1",
        "INFO succeeded in ",
    )


def test_of_progress_that_comes_with_the_end(job, told, caplog):
    for _ in range(5):
        asked_for = job("sample.progress", kwargs={"steps": [100], "pause": 0})
        progress = deliver(Job.objects.get(pk=asked_for.pk))
        assert matches(told(progress), "INFO is started, attempt 1", "INFO succeeded in ")
        caplog.clear()


def test_of_failure_at_each_attempt(job, told):
    fail = job("sample.fail")
    for _ in range(3):
        Job.objects.update(status="DISPATCHED")
        deliver(fail)
    assert matches(
        told(fail),
        "INFO is started, attempt 1",
        "WARNING failed at attempt 1 and is tried again in 0.",
        "INFO is started, attempt 2",
        "WARNING failed at attempt 2 and is tried again in 0.",
        "INFO is started, attempt 3",
        "ERROR is given up after attempt 3",
    )


def test_of_failure_that_the_task_explains(job, told, caplog):
    ask = job("sample.ask_for_time")
    for _ in range(2):
        Job.objects.update(status="DISPATCHED")
        deliver(ask)
    failed, given_up = [line for line in told(ask) if not line.startswith("INFO")]
    assert failed.startswith("WARNING failed at attempt 1 and is tried again in 0.")
    assert failed.endswith(" s: The mail server does not answer.")
    assert given_up == "ERROR is given up after attempt 2: The mail server does not answer."
    assert not [record for record in caplog.records if record.exc_info]


def test_of_failure_by_a_rule(job, told):
    refuse = job("sample.refuse")
    deliver(refuse)
    assert told(refuse)[1:] == ["WARNING failed at attempt 1, by a rule: There is no such order."]


def test_of_workers_that_it_killed(job, told):
    poison = job("sample.poison", status="RUNNING", attempts=2, lease_expires_at=timezone.now())
    deliver(poison)
    assert told(poison) == ["ERROR is given up: no attempt has reported back"]


def test_of_a_message_that_no_worker_takes(job, told):
    write = job("sample.write", status="DISPATCHED")
    declare_undeliverable(str(write.public_id), timezone.now())
    assert told(write) == ["ERROR is given up: no worker could take it"]


@pytest.mark.parametrize("status", ["DISPATCHED", "RUNNING"])
def test_of_a_lease_that_has_ended(status, job, told):
    write = job("sample.write", status=status, lease_expires_at=timezone.now())
    resend_overdue(timezone.now())
    assert told(write) == [f"WARNING is sent again: it was {status} beyond its lease"]


def test_of_a_lease_that_another_run_has_taken(job, told, settings):
    settings.JOB_LEASE = timedelta(seconds=0.05)
    write = job("sample.write")
    with about(write), Heartbeat(write):
        eventually(lambda: told(write))
    assert told(write)[0] == f"WARNING Job {write}: this run has lost its lease"
