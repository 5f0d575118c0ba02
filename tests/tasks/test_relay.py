from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone
from kombu import Connection, Producer

from tasks import broker
from tasks.broker import DeadLetter, Publisher
from tasks.dispatch import NewJob, enqueue, enqueue_many
from tasks.models import Job
from tasks.periodic import Timetable
from tasks.relay import (
    Refused,
    Relay,
    is_anything_due,
    relay_batch,
    resend_overdue,
    write_down_dead_letters,
)
from tasks.worker import on_unknown_task
from tests.tasks.proxy import Proxy
from tests.tasks.waiting import eventually, status_of

MINUTE = timedelta(minutes=1)


def relay(publisher: Publisher, queue: str = "default", limit: int = 300) -> int:
    return relay_batch(publisher, queue=queue, limit=limit, now=timezone.now())


def messages(queue: str = "default") -> list[str]:
    """The ids of the jobs whose messages wait in a queue, taken out of it."""
    found = []
    with Connection(broker.url(), transport_options=broker.transport_options()) as connection:
        channel = connection.channel()
        waiting = next(q for q in broker.queues() if q.name == broker.queue_name(queue))(channel)
        waiting.declare()
        while (message := waiting.get()) is not None:
            found.append(message.headers["id"])
            message.ack()
    return found


@pytest.fixture
def publisher(each_broker) -> Iterator[Publisher]:
    with Publisher() as publisher:
        yield publisher


class TestRelayBatch:
    def test_sends_what_has_committed_and_marks_it(self, committed, publisher):
        job = committed("sample.write", name="a")
        before = timezone.now()

        assert relay(publisher) == 1

        job.refresh_from_db()
        assert (job.status, job.attempts) == ("DISPATCHED", 0)
        assert job.lease_expires_at > before
        assert messages() == [str(job.public_id)]

    def test_sends_nothing_of_an_open_transaction(self, transactional_db, publisher):
        with transaction.atomic():
            enqueue("sample.write", name="a")
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(in_thread, lambda: relay(publisher)).result() == 0
        assert relay(publisher) == 1

    def test_keeps_the_queues_apart(self, committed, publisher):
        jobs = {queue: committed("sample.write", queue=queue) for queue in ["high", "bulk"]}
        for queue in jobs:
            relay(publisher, queue)

        assert {queue: messages(queue) for queue in jobs} == {
            queue: [str(job.public_id)] for queue, job in jobs.items()
        }

    def test_leaves_delayed_jobs_until_they_are_due(self, committed, publisher):
        job = committed("sample.write", not_before=timezone.now() + MINUTE)

        assert not is_anything_due(timezone.now())
        assert relay(publisher) == 0
        assert is_anything_due(timezone.now() + MINUTE)
        assert relay_batch(publisher, queue="default", now=timezone.now() + MINUTE) == 1
        assert messages() == [str(job.public_id)]

    @pytest.mark.concurrency
    def test_of_two_relays_at_once_sends_each_job_once(self, transactional_db, each_broker):
        with transaction.atomic():
            jobs = enqueue_many([NewJob(kind="sample.write") for _ in range(200)])

        def run_one() -> int:
            with Publisher() as publisher:
                sent = 0
                while Job.objects.filter(status="PENDING").exists():
                    sent += relay(publisher, limit=7)
                return sent

        with ThreadPoolExecutor(2) as pool:
            sent = [pool.submit(in_thread, run_one) for _ in range(2)]
            counts = [each.result() for each in sent]

        assert sum(counts) == 200
        assert sorted(messages()) == sorted(str(job.public_id) for job in jobs)

    def test_a_worker_that_is_quicker_than_the_commit_waits_for_it(self, committed, publisher):
        committed("sample.write")

        with transaction.atomic():
            relay(publisher)
            with ThreadPoolExecutor(1) as pool:
                locked = pool.submit(in_thread, is_row_locked).result()

        assert locked
        assert not is_row_locked()


class TestResendOverdue:
    @pytest.mark.parametrize("status", ["DISPATCHED", "RUNNING"])
    def test_sends_again_what_outlived_its_lease(self, committed, publisher, status):
        job = committed("sample.write")
        Job.objects.update(status=status, attempts=1, lease_expires_at=timezone.now())

        assert resend_overdue(timezone.now()) == 1
        assert relay(publisher) == 1

        job.refresh_from_db()
        assert (job.status, job.attempts) == ("DISPATCHED", 1)
        assert messages() == [str(job.public_id)]

    def test_leaves_alone_what_holds_its_lease_or_has_ended(self, committed):
        now = timezone.now()
        for status, lease in [
            ("DISPATCHED", now + MINUTE),
            ("RUNNING", now + MINUTE),
            ("SUCCEEDED", None),
            ("FAILED", None),
            ("DEAD", None),
        ]:
            job = committed("sample.write")
            Job.objects.filter(pk=job.pk).update(status=status, lease_expires_at=lease)

        assert resend_overdue(now) == 0
        assert not Job.objects.filter(status="PENDING").exists()

    def test_waits_twice_as_long_before_each_repeat(self, committed, publisher):
        job = committed("sample.write")
        leases = []
        for _ in range(3):
            relay(publisher)
            job.refresh_from_db()
            leases.append(job.lease_expires_at - timezone.now())
            resend_overdue(job.lease_expires_at)
            Job.objects.update(not_before=timezone.now())

        assert leases[1] == pytest.approx(leases[0] * 2, abs=MINUTE / 20)
        assert leases[2] == pytest.approx(leases[0] * 4, abs=MINUTE / 20)


@pytest.mark.rabbitmq
class TestRabbitMQ:
    def test_refusals_leave_the_job_in_the_database(self, committed, rabbitmq):
        job = committed("sample.write")
        with Publisher() as publisher:
            with Connection(rabbitmq) as other:
                for queue in broker.queues():
                    queue(other.channel()).delete()

            with pytest.raises(Refused, match="1 of 1"):
                relay(publisher)

        assert status_of(job) == "PENDING"
        with Publisher() as publisher:
            assert relay(publisher) == 1

    def test_dead_letters_become_dead_jobs(self, committed, rabbitmq):
        job = committed("sample.write")
        with Publisher() as publisher:
            relay(publisher)
            with Connection(rabbitmq) as other:
                queue = broker.queues()[1](other.channel())
                for _ in range(broker.DELIVERY_LIMIT + 1):
                    eventually(queue.get).reject(requeue=True)

            eventually(lambda: write_down_dead_letters(publisher, timezone.now()))

        job.refresh_from_db()
        assert (job.status, job.error) == ("DEAD", "No worker could take this job.")
        assert job.finished_at is not None

    def test_a_dead_letter_of_a_job_that_has_run_meanwhile_changes_nothing(
        self, committed, rabbitmq
    ):
        job = committed("sample.write")
        with Publisher() as publisher:
            relay(publisher)
            with Connection(rabbitmq) as other:
                eventually(broker.queues()[1](other.channel()).get).reject(requeue=False)
            Job.objects.update(status="SUCCEEDED")

            eventually(lambda: write_down_dead_letters(publisher, timezone.now()))

        assert status_of(job) == "SUCCEEDED"

    @pytest.mark.parametrize("headers", [{"id": "order-7"}, {}])
    def test_a_dead_letter_that_is_no_jobs_is_dropped(self, db, rabbitmq, headers):
        with Publisher() as publisher:
            with Connection(rabbitmq) as other:
                exchange = broker.dead_exchange()
                Producer(other.channel()).publish(
                    "hello", exchange=exchange, routing_key="default.foreign", headers=headers
                )

            eventually(lambda: write_down_dead_letters(publisher, timezone.now()))

        with Publisher() as publisher:
            assert not list(publisher.dead_letters())


class OnlyDeadLetters:
    """In a publisher's place: some dead letters, and which of them were settled."""

    def __init__(self, *job_ids: str) -> None:
        self.job_ids = job_ids
        self.settled: list[str] = []

    def dead_letters(self) -> Iterator[DeadLetter]:
        for job_id in self.job_ids:
            yield DeadLetter(job_id, partial(self.settled.append, job_id))


def test_dead_letters_that_are_no_jobs_keep_no_others_from_being_written_down(committed, caplog):
    job = committed("sample.write")
    Job.objects.update(status="DISPATCHED")
    letters = OnlyDeadLetters("", "order-7", str(uuid4()), str(job.public_id))

    assert write_down_dead_letters(letters, timezone.now()) == 4

    assert letters.settled == list(letters.job_ids)
    assert status_of(job) == "DEAD"
    assert "'order-7'" in caplog.text


def test_a_worker_passes_over_an_unknown_task_that_is_no_job(db, caplog):
    on_unknown_task(id="order-7", name="some.task")
    assert "'order-7'" in caplog.text


@pytest.mark.rabbitmq
class TestOutage:
    @pytest.fixture
    def proxy(self, rabbitmq, settings) -> Iterator[Proxy]:
        proxy = Proxy(rabbitmq)
        settings.CELERY_BROKER_URL = proxy.url
        yield proxy
        proxy.close()

    @pytest.fixture
    def running(self, transactional_db, monkeypatch, caplog) -> Iterator[None]:
        """A relay in a thread, with little patience."""
        caplog.set_level(logging.INFO)
        monkeypatch.setattr("tasks.broker.TIMEOUT", 0.5)
        monkeypatch.setattr("tasks.relay.LAST_PAUSE", 0.3)
        stop = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            relay = pool.submit(in_thread, Relay(stop, timetable=Timetable([])).run)
            yield
            stop.set()
            relay.result(timeout=10)

    def test_from_the_start_is_waited_out(self, proxy, running, committed, caplog):
        jobs = [committed("sample.write") for _ in range(3)]
        eventually(lambda: "takes no jobs" in caplog.text)
        assert {status_of(job) for job in jobs} == {"PENDING"}

        proxy.open()

        eventually(lambda: {status_of(job) for job in jobs} == {"DISPATCHED"})
        assert set(Job.objects.values_list("attempts", flat=True)) == {0}
        assert sorted(messages()) == sorted(str(job.public_id) for job in jobs)
        assert "Relay is ready: RabbitMQ" in caplog.text
        assert "guest:guest" not in caplog.text

    def test_of_a_broker_that_goes_away_loses_nothing(self, proxy, running, committed):
        proxy.open()
        first = committed("sample.write")
        eventually(lambda: status_of(first) == "DISPATCHED")

        proxy.close()
        second = committed("sample.write")
        proxy.open()

        eventually(lambda: status_of(second) == "DISPATCHED")
        assert set(messages()) == {str(first.public_id), str(second.public_id)}

    def test_of_a_frozen_broker_loses_nothing(self, proxy, running, committed, caplog):
        proxy.open()
        first = committed("sample.write")
        eventually(lambda: status_of(first) == "DISPATCHED")

        proxy.freeze()
        second = committed("sample.write")
        eventually(lambda: "takes no jobs" in caplog.text)
        assert status_of(second) == "PENDING"
        proxy.thaw()

        eventually(lambda: status_of(second) == "DISPATCHED")
        # What was on its way when the connection broke may have arrived, too.
        assert set(messages()) == {str(first.public_id), str(second.public_id)}


def is_row_locked() -> bool:
    with transaction.atomic():
        return not Job.objects.select_for_update(skip_locked=True, no_key=True).exists()


def in_thread(call):
    try:
        return call()
    finally:
        connection.close()
