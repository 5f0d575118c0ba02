from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tasks.jobs import retry_job
from tasks.models import InboxEntry, Job
from tests.tasks import sample
from tests.tasks.sample import deliver
from tests.tasks.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


def sent(kind: str, **kwargs) -> Job:
    """A job whose message is on its way."""
    return Job.objects.create(kind=kind, kwargs=kwargs, status="DISPATCHED")


def is_anybody_waiting_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
        )
        return cursor.fetchone()[0]


def sent_again(job: Job) -> Job:
    Job.objects.filter(pk=job.pk).update(status="DISPATCHED", not_before=timezone.now())
    return job


class TestEffectsInTheDatabase:
    def test_commit_with_the_record_that_they_happened(self):
        job = deliver(sent("sample.write", name="a"))

        assert (job.status, job.attempts, job.progress, job.error) == ("SUCCEEDED", 1, 100, "")
        assert job.started_at <= job.finished_at
        assert job.lease_expires_at is None
        assert sample.effects("a") == 1
        assert InboxEntry.objects.filter(task="sample.write", job=job).exists()

    def test_cost_four_statements_in_two_transactions(self, django_assert_num_queries):
        job = sent("sample.write", name="a")

        # Beside the task's own insert, and the look that `deliver` takes at the end.
        with django_assert_num_queries(10):
            deliver(job)

    def test_happen_once_of_a_message_delivered_twice(self):
        job = sent("sample.write", name="a")

        deliver(job)
        deliver(job)

        assert sample.effects("a") == 1
        assert job.attempts == 1

    def test_happen_once_of_two_messages_at_the_same_time(self):
        job = sent("sample.write", name="a", seconds=0.2)

        in_parallel(2, lambda: deliver(job))

        assert sample.effects("a") == 1
        assert Job.objects.get().attempts == 1

    def test_happen_once_when_a_run_that_lost_its_lease_comes_to_its_end(self, settings):
        settings.JOB_LEASE = timedelta(seconds=30)
        job = sent("sample.write", name="a", seconds=0.5)
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(in_thread, lambda: deliver(job))
            eventually(lambda: Job.objects.filter(status="RUNNING").exists())
            Job.objects.update(lease_expires_at=timezone.now())

            overtaking = deliver(Job.objects.get())
            slow.result()

        assert sample.effects("a") == 1
        assert (overtaking.status, overtaking.attempts) == ("SUCCEEDED", 2)

    def test_happen_once_even_where_the_status_was_lost(self):
        job = deliver(sent("sample.write", name="a"))

        deliver(sent_again(job))

        assert sample.effects("a") == 1
        assert job.status == "SUCCEEDED"


class TestExternalEffects:
    def test_get_the_jobs_id_and_run_outside_a_transaction(self, tmp_path):
        job = deliver(sent("sample.send", path=str(tmp_path / "sent")))

        assert (tmp_path / "sent").read_text() == f"{job.public_id}\n"
        assert job.status == "SUCCEEDED"

    def test_are_not_repeated_once_they_are_known_to_have_happened(self, tmp_path):
        job = deliver(sent("sample.send", path=str(tmp_path / "sent")))

        deliver(job)

        assert len((tmp_path / "sent").read_text().splitlines()) == 1


class TestFailure:
    def test_takes_its_effects_back_and_waits_for_another_attempt(self):
        began = timezone.now()
        job = deliver(sent("sample.fail", name="a"))

        assert (job.status, job.attempts) == ("PENDING", 1)
        assert job.not_before > began
        assert job.lease_expires_at is None
        assert sample.effects("a") == 0

    def test_tells_the_client_nothing_of_what_the_library_said(self, caplog):
        job = deliver(sent("sample.fail", name="a"))

        assert job.error == "Something went wrong in the shop."
        assert "hunter2" in caplog.text
        assert str(job.public_id) in caplog.text

    def test_ends_as_dead_after_the_last_attempt(self):
        job = deliver(sent("sample.fail", name="a"))
        job = deliver(sent_again(job))
        job = deliver(sent_again(job))

        assert (job.status, job.attempts) == ("DEAD", 3)
        assert job.error == "Something went wrong in the shop. Given up after 3 attempts."
        assert job.finished_at is not None

    def test_tells_the_client_what_the_task_says(self):
        job = deliver(sent("sample.ask_for_time"))
        assert (job.status, job.error) == ("PENDING", "The mail server does not answer.")

        job = deliver(sent_again(job))
        assert job.error == "The mail server does not answer. Given up after 2 attempts."

    def test_of_the_database_takes_the_effects_back_too(self):
        job = deliver(sent("sample.lose_connection", name="a"))

        assert (job.status, job.error) == ("PENDING", "Something went wrong in the shop.")
        assert sample.effects("a") == 0
        assert deliver(sent("sample.write", name="b")).status == "SUCCEEDED"

    def test_by_a_rule_is_not_tried_again(self):
        job = deliver(sent("sample.refuse", name="a"))

        assert (job.status, job.error, job.attempts) == ("FAILED", "There is no such order.", 1)
        assert sample.effects("a") == 0

    def test_leaves_no_error_once_an_attempt_succeeds(self):
        job = sent("sample.write", name="a")
        Job.objects.update(error="Something went wrong in the shop.")

        assert deliver(job).error == ""

    def test_waits_longer_after_each_attempt(self):
        job = sent("sample.fail", name="a")
        pauses = []
        for attempts in [0, 1]:
            Job.objects.update(attempts=attempts, status="DISPATCHED")
            before = timezone.now()
            deliver(job)
            pauses.append(job.not_before - before)

        assert sample.SOON * 0.5 <= pauses[0] <= sample.SOON * 1.5 + timedelta(seconds=1)
        assert pauses[1] >= sample.SOON


class TestDelivery:
    def test_before_the_next_attempt_is_due_is_swallowed(self):
        job = sent("sample.write", name="a")
        Job.objects.update(status="PENDING", not_before=timezone.now() + timedelta(minutes=1))

        assert deliver(job).status == "PENDING"
        assert sample.effects("a") == 0

    def test_of_a_job_that_its_relay_could_not_mark_is_run(self):
        job = sent("sample.write", name="a")
        Job.objects.update(status="PENDING")

        assert deliver(job).status == "SUCCEEDED"

    def test_has_its_whole_lease_however_long_it_waited_for_the_row(self):
        job = sent("sample.write", name="a")
        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                Job.objects.select_for_update().get()
                run = pool.submit(in_thread, lambda: deliver(job))
                eventually(is_anybody_waiting_for_us)
                freed_at = timezone.now()
            run.result()
        assert Job.objects.get().started_at >= freed_at

    def test_of_a_job_that_another_worker_runs_is_swallowed(self):
        job = sent("sample.write", name="a")
        Job.objects.update(status="RUNNING", lease_expires_at=timezone.now() + timedelta(minutes=1))

        assert deliver(job).status == "RUNNING"
        assert sample.effects("a") == 0

    def test_of_a_job_that_does_not_exist_is_swallowed(self, caplog):
        caplog.set_level(logging.INFO)
        job = sent("sample.write", name="a")
        Job.objects.all().delete()

        sample.write.apply(kwargs={"name": "a"}, task_id=str(job.public_id), throw=True)

        assert sample.effects("a") == 0
        assert "is not started" in caplog.text

    def test_of_a_job_whose_every_attempt_killed_its_worker_ends_it(self):
        job = sent("sample.send", path="/nowhere/sent")
        Job.objects.update(status="RUNNING", attempts=3, lease_expires_at=timezone.now())

        job = deliver(job)

        assert (job.status, job.error) == ("DEAD", "Given up after 3 attempts.")


class TestHeartbeat:
    def test_keeps_the_lease_of_a_long_job(self, settings, tmp_path):
        settings.JOB_LEASE = timedelta(seconds=0.3)
        job = sent("sample.send", path=str(tmp_path / "sent"), seconds=1)

        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(in_thread, lambda: deliver(job))
            eventually(lambda: Job.objects.filter(status="RUNNING").exists())
            leases = set()
            while not done.done():
                row = Job.objects.get()
                if row.status == "RUNNING":
                    assert row.lease_expires_at > timezone.now() - timedelta(seconds=0.1)
                    leases.add(row.lease_expires_at)

        assert len(leases) >= 3
        assert Job.objects.get().status == "SUCCEEDED"

    def test_shows_progress_while_the_job_runs(self):
        job = sent("sample.progress", steps=[10, 60], pause=0.5)

        with ThreadPoolExecutor(1) as pool:
            pool.submit(in_thread, lambda: deliver(job))
            eventually(lambda: Job.objects.get().progress == 10)
            eventually(lambda: Job.objects.get().progress == 60)

        assert Job.objects.get().progress == 100


class TestVersion:
    def test_counts_what_a_client_sees_change(self, settings):
        settings.JOB_LEASE = timedelta(seconds=0.1)
        job = sent("sample.progress", steps=[10, 60], pause=0.5)
        assert job.version == 1

        # Started, twice further, done; the lease that is renewed meanwhile is nobody's business.
        assert deliver(job).version == 5

    def test_counts_failures_and_being_sent_again(self):
        job = deliver(sent("sample.refuse", name="a"))
        assert job.version == 3

        assert retry_job(public_id=job.public_id, now=timezone.now()).version == 4


class TestCalledAsAFunction:
    def test_is_just_the_function(self):
        sample.write(name="a")

        assert sample.effects("a") == 1
        assert not Job.objects.exists()


class TestRetryJob:
    @pytest.mark.parametrize("status", ["FAILED", "DEAD"])
    def test_sends_an_ended_job_again_with_all_its_attempts(self, status):
        job = sent("sample.write", name="a")
        Job.objects.update(status=status, attempts=10, error="No.", finished_at=timezone.now())

        job = retry_job(public_id=job.public_id, now=timezone.now())

        assert (job.status, job.attempts, job.error, job.finished_at) == ("PENDING", 0, "", None)
        assert deliver(sent_again(job)).status == "SUCCEEDED"

    @pytest.mark.parametrize("status", ["PENDING", "DISPATCHED", "RUNNING", "SUCCEEDED"])
    def test_refuses_any_other_job_and_changes_nothing(self, status):
        job = sent("sample.write", name="a")
        Job.objects.update(status=status, attempts=1)

        with pytest.raises(Exception, match=status) as caught:
            retry_job(public_id=job.public_id, now=timezone.now())

        assert caught.value.code == "INVALID_TRANSITION"
        assert Job.objects.filter(status=status, attempts=1).exists()


def in_parallel(times: int, call) -> None:
    barrier = threading.Barrier(times)

    def together() -> None:
        barrier.wait()
        call()

    with ThreadPoolExecutor(times) as pool:
        for done in [pool.submit(in_thread, together) for _ in range(times)]:
            done.result()


def in_thread(call) -> None:
    try:
        call()
    finally:
        connection.close()
