from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasks.cleanup import delete_old_rows
from tasks.models import IdempotencyRecord, InboxEntry, Job
from tasks.tasks import delete_old_rows as job
from tasks.webhooks.models import WebhookDelivery
from tests.tasks.webhooks.factories import make_delivery, make_endpoint

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _retention(settings):
    settings.JOB_RETENTION = settings.IDEMPOTENCY_RETENTION = 10 * DAY
    settings.FAILED_JOB_RETENTION = 20 * DAY


def ended(status: str, days_ago: int) -> Job:
    job = Job.objects.create(
        kind=f"{status} {days_ago}", status=status, finished_at=NOW - days_ago * DAY
    )
    InboxEntry.objects.create(task=job.kind, job=job)
    return job


def record(days_ago: int) -> None:
    IdempotencyRecord.objects.create(
        actor="anyone", operation="x", key=str(days_ago), created_at=NOW - days_ago * DAY
    )


def test_deletes_what_ended_long_ago_and_nothing_else():
    for status in ["SUCCEEDED", "FAILED", "DEAD"]:
        for days_ago in [9, 11, 21]:
            ended(status, days_ago)
    for status in ["PENDING", "DISPATCHED", "RUNNING"]:
        Job.objects.create(kind=status, status=status, created_at=NOW - 100 * DAY)
    for days_ago in [9, 11]:
        record(days_ago)

    deleted = delete_old_rows(now=NOW)

    assert deleted == {"idempotency records": 1, "jobs": 2, "failed jobs": 2}
    assert set(Job.objects.values_list("kind", flat=True)) == {
        "SUCCEEDED 9",
        "FAILED 9",
        "FAILED 11",
        "DEAD 9",
        "DEAD 11",
        "PENDING",
        "DISPATCHED",
        "RUNNING",
    }
    assert InboxEntry.objects.count() == 5
    assert IdempotencyRecord.objects.get().key == "9"


def test_deletes_in_batches_each_in_a_transaction_of_its_own(monkeypatch):
    monkeypatch.setattr("tasks.cleanup.BATCH", 2)
    for days_ago in range(11, 16):
        ended("SUCCEEDED", days_ago)

    with CaptureQueriesContext(
        connection,
    ) as statements:
        assert delete_old_rows(now=NOW)["jobs"] == 5

    limits = [s["sql"] for s in statements if "LIMIT 2" in s["sql"] and "SUCCEEDED" in s["sql"]]
    assert len(limits) == 4
    assert not Job.objects.exists()


def test_finds_old_jobs_by_an_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = (
        Job.objects.filter(status="SUCCEEDED", finished_at__lt=NOW)
        .order_by("finished_at")[:1000]
        .explain()
    )
    assert "job_ended" in plan


def test_the_job_says_what_it_deleted(caplog):
    caplog.set_level("INFO")
    job()
    assert "Deleted 0 idempotency records, 0 jobs, 0 failed jobs" in caplog.text


def test_deliveries_of_webhooks_go_with_their_jobs():
    endpoint = make_endpoint()
    for finished_at in (NOW - 11 * DAY, NOW - 9 * DAY):
        delivery = make_delivery(endpoint, status="SUCCEEDED")
        Job.objects.filter(pk=delivery.job_id).update(finished_at=finished_at)
    delete_old_rows(now=NOW)
    assert WebhookDelivery.objects.get().job.finished_at == NOW - 9 * DAY
