from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.test import TestCase, TransactionTestCase

from tasks.context import request_id
from tasks.dispatch import NewJob, enqueue, enqueue_many
from tasks.models import Job


class TestEnqueue(TestCase):
    def test_writes_a_job_that_waits_for_the_relay(self):
        job = enqueue("sample.write", queue="high", name="a", amount=3)

        job.refresh_from_db()
        assert (job.kind, job.kwargs) == ("sample.write", {"name": "a", "amount": 3})
        assert (job.status, job.queue, job.attempts) == ("PENDING", "high", 0)

    def test_keeps_the_id_of_the_request_that_caused_it(self):
        token = request_id.set("req-7")
        try:
            job = enqueue("sample.write", name="a")
        finally:
            request_id.reset(token)

        assert job.request_id == "req-7"
        assert enqueue("sample.write", name="a").request_id == ""

    def test_can_put_a_job_off(self):
        later = datetime(2099, 1, 1, tzinfo=UTC)

        assert enqueue("sample.write", not_before=later, name="a").not_before == later

    def test_returns_the_job_that_the_key_had_before(self):
        first = enqueue("sample.write", key="order:1", name="a")

        again = enqueue("sample.write", key="order:1", name="b")

        assert again.pk == first.pk
        assert again.kwargs == {"name": "a"}
        assert Job.objects.count() == 1

    def test_takes_the_same_key_for_another_kind(self):
        jobs = [enqueue(kind, key="order:1") for kind in ["sample.write", "sample.send"]]

        assert jobs[0].pk != jobs[1].pk

    def test_makes_a_job_each_time_without_a_key(self):
        assert enqueue("sample.write").pk != enqueue("sample.write").pk

    def test_refuses_a_queue_that_does_not_exist(self):
        with pytest.raises(ValueError, match="urgent"):
            enqueue("sample.write", queue="urgent")


class TestEnqueueMany(TestCase):
    def test_inserts_all_with_one_statement(self):
        with self.assertNumQueries(1):
            jobs = enqueue_many([NewJob(kind="sample.write", kwargs={"n": n}) for n in range(50)])

        assert [job.kwargs["n"] for job in jobs] == list(range(50))
        assert all(job.pk for job in jobs)

    def test_returns_rows_in_the_order_asked_for_whether_new_or_known(self):
        known = enqueue("sample.write", key="k2")

        jobs = enqueue_many(
            [
                NewJob(kind="sample.write", key="k3"),
                NewJob(kind="sample.write"),
                NewJob(kind="sample.write", key="k2"),
                NewJob(kind="sample.write", key="k1"),
                NewJob(kind="sample.write", key="k3"),
            ]
        )

        assert [job.key for job in jobs] == ["k3", "", "k2", "k1", "k3"]
        assert jobs[2].pk == known.pk
        assert jobs[4].pk == jobs[0].pk
        assert Job.objects.count() == 4


class TestTransactions(TransactionTestCase):
    def test_refuses_outside_a_transaction(self):
        with pytest.raises(transaction.TransactionManagementError, match="atomic"):
            enqueue("sample.write")
        assert not Job.objects.exists()

    def test_loses_the_job_with_the_change_that_is_rolled_back(self):
        with transaction.atomic():
            enqueue("sample.write")
            transaction.set_rollback(True)

        assert not Job.objects.exists()

    def test_makes_one_job_of_a_key_however_many_ask_at_once(self):
        def ask(_: int) -> int:
            try:
                with transaction.atomic():
                    return enqueue("sample.write", key="order:1").pk
            finally:
                connection.close()

        with ThreadPoolExecutor(6) as pool:
            ids = set(pool.map(ask, range(12)))

        assert len(ids) == 1
        assert Job.objects.count() == 1
