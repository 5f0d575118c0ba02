from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app

from tasks.job import job_task
from tasks.models import Job
from tasks.periodic import Periodic, Timetable, all_periodic
from tasks.relay import Relay
from tests.tasks.test_relay import in_thread
from tests.tasks.waiting import eventually

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SWEEP = Periodic("sample.sweep", 5 * MINUTE, "bulk")


def slots() -> list[str]:
    return list(Job.objects.order_by("key").values_list("key", flat=True))


class TestTimetable:
    def test_enqueues_a_job_once_in_each_slot(self, db):
        timetable = Timetable([SWEEP])

        for minutes in range(12):
            timetable.enqueue_due(NOON + minutes * MINUTE)
            Job.objects.update(status="SUCCEEDED")

        assert slots() == [
            "2026-03-01T12:00:00+00:00",
            "2026-03-01T12:05:00+00:00",
            "2026-03-01T12:10:00+00:00",
        ]
        assert {(job.kind, job.queue) for job in Job.objects.all()} == {("sample.sweep", "bulk")}

    def test_enqueues_at_once_in_the_middle_of_a_slot(self, db):
        Timetable([SWEEP]).enqueue_due(NOON + 3 * MINUTE)
        assert slots() == ["2026-03-01T12:00:00+00:00"]

    def test_of_a_restarted_relay_repeats_nothing(self, db):
        for _ in range(2):
            Timetable([SWEEP]).enqueue_due(NOON)
            Job.objects.update(status="SUCCEEDED")

        assert len(slots()) == 1
        assert Job.objects.get().status == "SUCCEEDED"

    def test_makes_up_for_no_slot_of_an_outage(self, db):
        timetable = Timetable([SWEEP])
        timetable.enqueue_due(NOON)
        Job.objects.update(status="SUCCEEDED")

        timetable.enqueue_due(NOON + timedelta(hours=3))

        assert slots() == ["2026-03-01T12:00:00+00:00", "2026-03-01T15:00:00+00:00"]

    @pytest.mark.parametrize("status", ["PENDING", "DISPATCHED", "RUNNING"])
    def test_piles_nothing_up_while_no_worker_gets_to_it(self, db, status):
        timetable = Timetable([SWEEP])
        timetable.enqueue_due(NOON)
        Job.objects.update(status=status)

        for slot in range(1, 5):
            assert timetable.enqueue_due(NOON + slot * SWEEP.every) == []
        Job.objects.update(status="DEAD")
        timetable.enqueue_due(NOON + 4 * SWEEP.every + MINUTE)

        assert slots() == ["2026-03-01T12:00:00+00:00", "2026-03-01T12:20:00+00:00"]

    def test_asks_the_database_once_a_slot(self, db, django_assert_num_queries):
        timetable = Timetable([SWEEP])
        timetable.enqueue_due(NOON)
        with django_assert_num_queries(0):
            timetable.enqueue_due(NOON + MINUTE)

    @pytest.mark.concurrency
    def test_of_two_relays_at_once_enqueues_one_job(self, transactional_db):
        together = threading.Barrier(2)

        def enqueue_all() -> None:
            timetable = Timetable([SWEEP])
            for slot in range(20):
                together.wait(timeout=10)
                timetable.enqueue_due(NOON + slot * SWEEP.every)
                together.wait(timeout=10)
                Job.objects.update(status="SUCCEEDED")

        with ThreadPoolExecutor(2) as pool:
            for relay in [pool.submit(in_thread, enqueue_all) for _ in range(2)]:
                relay.result()

        assert len(slots()) == 20


def test_a_relay_sends_what_its_timetable_says(transactional_db, each_broker):
    stop = threading.Event()
    timetable = Timetable([Periodic("sample.sweep", timedelta(seconds=1))])
    with ThreadPoolExecutor(1) as pool:
        relay = pool.submit(in_thread, Relay(stop, timetable=timetable).run)
        eventually(lambda: Job.objects.filter(status="DISPATCHED").exists())
        stop.set()
        relay.result(timeout=10)

    assert Job.objects.get().kind == "sample.sweep"


class TestJobTask:
    @pytest.fixture
    def registered(self, monkeypatch) -> dict[str, Periodic]:
        registered: dict[str, Periodic] = {}
        monkeypatch.setattr("tasks.periodic._registered", registered)
        yield registered
        current_app.tasks.pop("sample.swept", None)

    def test_puts_a_periodic_job_on_the_timetable(self, registered):
        @job_task("sample.swept", every=MINUTE, queue="high")
        def sweep(**kwargs) -> None:
            pass

        assert registered["sample.swept"] == Periodic("sample.swept", MINUTE, "high")

    @pytest.mark.parametrize("every", [timedelta(0), timedelta(days=2)])
    def test_refuses_slots_that_the_rows_could_not_tell_apart(self, registered, every):
        with pytest.raises(ValueError, match="a second to a day"):
            job_task("sample.swept", every=every)
        assert not registered


def test_the_relay_knows_the_tasks_of_every_app():
    kinds = {periodic.kind for periodic in all_periodic()}
    assert {kind.partition(".")[0] for kind in kinds} >= {"tasks"}
