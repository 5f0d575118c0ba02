from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import TestCase, TransactionTestCase

from tasks.dispatch import enqueue
from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.models import IdempotencyRecord, Job
from tests.tasks.waiting import eventually


def make_job() -> dict[str, Any]:
    return {"job": enqueue("sample.write").pk}


def ask(*, effect=make_job, request=None, **changes: Any) -> dict[str, Any]:
    arguments = {"actor": "user:1", "operation": "cartCreate", "key": "k1", **changes}
    return once(request={"lines": []} if request is None else request, effect=effect, **arguments)


class TestOnce(TestCase):
    def test_gives_a_repeat_what_the_first_request_made(self):
        first = ask()

        assert ask() == first
        assert Job.objects.count() == 1

    def test_takes_a_request_for_the_same_whatever_the_order_of_its_fields(self):
        ask(request={"a": 1, "b": {"c": Decimal("1.50"), "d": None}})
        ask(request={"b": {"d": None, "c": Decimal("1.50")}, "a": 1})

        assert Job.objects.count() == 1

    def test_refuses_the_key_for_another_request(self):
        ask(request={"quantity": 1})

        with pytest.raises(Rejected) as caught:
            ask(request={"quantity": 2})

        assert (caught.value.code, caught.value.field) == ("IDEMPOTENCY_CONFLICT", "idempotencyKey")
        assert Job.objects.count() == 1

    def test_keeps_keys_of_other_actors_and_operations_apart(self):
        ask()
        ask(actor="user:2")
        ask(operation="checkoutComplete")
        ask(key="k2")

        assert Job.objects.count() == 4

    def test_runs_every_time_without_a_key(self):
        ask(key=None)
        ask(key=None)

        assert Job.objects.count() == 2
        assert not IdempotencyRecord.objects.exists()

    def test_keeps_nothing_of_an_effect_that_failed(self):
        def refuse() -> dict[str, Any]:
            enqueue("sample.write")
            raise Rejected("OUT_OF_STOCK", "None left.")

        with pytest.raises(Rejected, match="None left"), transaction.atomic():
            ask(effect=refuse)

        assert not Job.objects.exists()
        assert not IdempotencyRecord.objects.exists()
        assert ask()["job"] == Job.objects.get().pk

    def test_a_caller_that_catches_a_refusal_can_not_commit_half_of_it(self):
        def refuse() -> dict[str, Any]:
            raise Rejected("OUT_OF_STOCK", "None left.")

        def go_on_after_the_refusal() -> None:
            with suppress(Rejected):
                ask(effect=refuse)
            enqueue("sample.write")

        with pytest.raises(transaction.TransactionManagementError), transaction.atomic():
            go_on_after_the_refusal()

        assert not Job.objects.exists()

    def test_refuses_a_key_that_can_not_be_one(self):
        for key in ["", "a" * 201, "a\x00b", "a\nb"]:
            with pytest.raises(Rejected) as caught:
                ask(key=key)
            assert caught.value.code == "INVALID"
        assert not Job.objects.exists()


@pytest.mark.concurrency
class TestOnceInARace(TransactionTestCase):
    def test_refuses_outside_a_transaction(self):
        with pytest.raises(transaction.TransactionManagementError, match="atomic"):
            ask()

    def test_makes_one_effect_of_many_requests_at_once(self):
        def request(_: int) -> dict[str, Any]:
            try:
                with transaction.atomic():
                    return ask()
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(request, range(16)))

        assert Job.objects.count() == 1
        assert all(result == results[0] for result in results)

    def test_a_second_request_waits_for_the_first_and_repeats_it(self):
        with self.first_request_under_way() as (second, first_may_end):
            assert not second.done()
            first_may_end(commit=True)

        assert second.result() == {"job": Job.objects.get().pk}

    def test_a_second_request_becomes_the_first_where_that_rolled_back(self):
        with self.first_request_under_way() as (second, first_may_end):
            first_may_end(commit=False)

        assert second.result() == {"job": Job.objects.get().pk}

    def first_request_under_way(self):
        return _TwoRequests()


class _TwoRequests:
    """A first request that has had its effect and holds its transaction open, and a second."""

    def __enter__(self):
        self._pool = ThreadPoolExecutor(2)
        self._may_end = threading.Event()
        has_effect = threading.Event()
        self._first = self._pool.submit(self._run_first, has_effect)
        assert has_effect.wait(5)
        second = self._pool.submit(self._run_second)
        self._await_a_waiting_lock()
        return second, self._end

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def _end(self, *, commit: bool) -> None:
        self._commit = commit
        self._may_end.set()
        self._first.result()

    def _run_first(self, has_effect: threading.Event) -> None:
        try:
            with transaction.atomic():
                ask()
                has_effect.set()
                self._may_end.wait(5)
                transaction.set_rollback(not self._commit)
        finally:
            connection.close()

    def _run_second(self) -> dict[str, Any]:
        try:
            with transaction.atomic():
                return ask()
        finally:
            connection.close()

    def _await_a_waiting_lock(self) -> None:
        def is_waiting() -> bool:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
                return cursor.fetchone()[0] > 0

        eventually(is_waiting)
