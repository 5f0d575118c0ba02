"""Connections that the event loop reads by."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from unittest import mock

import asyncpg
import pytest
from django.db import connection
from django.test import TransactionTestCase

from schema import pool as pools
from schema.pool import DATABASE_ERRORS, Pool
from schema.workers import Overloaded

BACKEND = "SELECT pg_backend_pid()"
SLEEP = "SELECT pg_sleep(0.2)"
ECHO = "SELECT $1::text, json_build_object('length', length($1::text))"
DEALLOCATE = "DEALLOCATE ALL"
DIVIDE = "SELECT 1 / $1::integer"


class TestPool(TransactionTestCase):
    def setUp(self) -> None:
        self.pool = Pool(connections=2, waiting=1)

    def run_on_loop(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """What ``work`` gives, with no connection left open behind it."""

        async def main() -> Any:
            try:
                return await work()
            finally:
                self.pool.close()

        return asyncio.run(main())

    async def backend(self) -> int:
        row = await self.pool.fetch(BACKEND, [])
        assert row is not None
        return row[0]

    def test_answers_the_row_with_json_as_the_server_wrote_it(self) -> None:
        async def work() -> Any:
            return await self.pool.fetch(ECHO, ["50 % of 'it'"])

        assert self.run_on_loop(work) == ("50 % of 'it'", b'{"length" : 12}')

    def test_sends_and_receives_what_fills_the_sockets_buffers(self) -> None:
        text = "ü" * 2_000_000

        async def work() -> Any:
            return await self.pool.fetch(ECHO, [text])

        assert self.run_on_loop(work) == (text, b'{"length" : 2000000}')

    def test_one_caller_after_the_other_has_the_same_connection(self) -> None:
        async def work() -> set[int]:
            return {await self.backend() for _ in range(5)}

        assert len(self.run_on_loop(work)) == 1

    def test_callers_at_once_share_the_connections_and_wait_for_them(self) -> None:
        async def one() -> int:
            await self.pool.fetch(SLEEP, [])
            return await self.backend()

        async def work() -> list[int]:
            return await asyncio.gather(one(), one(), one())

        assert len(set(self.run_on_loop(work))) == 2

    def test_a_caller_without_room_is_turned_away_at_once(self) -> None:
        async def work() -> list[Any]:
            callers = [self.pool.fetch(SLEEP, []) for _ in range(4)]
            return await asyncio.gather(*callers, return_exceptions=True)

        *answers, last = self.run_on_loop(work)
        assert isinstance(last, Overloaded)
        assert not any(isinstance(answer, Exception) for answer in answers)

    def test_a_statement_that_fails_costs_no_connection(self) -> None:
        async def work() -> None:
            before = await self.backend()
            for _ in range(2):
                with pytest.raises(asyncpg.DivisionByZeroError):
                    await self.pool.fetch(DIVIDE, [0])
            assert await self.pool.fetch(DIVIDE, [1]) == (1,)
            assert await self.backend() == before

        self.run_on_loop(work)

    def test_a_caller_that_is_gone_leaves_no_statement_behind(self) -> None:
        async def work() -> None:
            before = await self.backend()
            caller = asyncio.create_task(self.pool.fetch(SLEEP, []))
            await asyncio.sleep(0.05)
            caller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await caller
            assert await self.backend() != before

        self.run_on_loop(work)

    def test_a_connection_that_the_server_ends_meanwhile_is_replaced(self) -> None:
        async def work() -> None:
            before = await self.backend()
            await asyncio.to_thread(end_backend, before)
            await asyncio.sleep(0.1)
            assert await self.backend() != before

        self.run_on_loop(work)

    def test_a_connection_that_the_server_ends_at_work_is_replaced(self) -> None:
        async def work() -> None:
            before = await self.backend()
            caller = asyncio.create_task(self.pool.fetch(SLEEP, []))
            await asyncio.sleep(0.05)
            await asyncio.to_thread(end_backend, before)
            with pytest.raises(DATABASE_ERRORS):
                await caller
            assert await self.backend() != before

        self.run_on_loop(work)

    def test_a_server_that_does_not_answer_is_given_up(self) -> None:
        self.enterContext(mock.patch.object(pools, "ANSWER_SECONDS", 0.05))

        async def work() -> None:
            before = await self.backend()
            with pytest.raises(TimeoutError):
                await self.pool.fetch(SLEEP, [])
            assert await self.backend() != before

        self.run_on_loop(work)

    def test_a_connection_whose_statements_the_server_forgot_is_replaced(self) -> None:
        async def work() -> None:
            before = await self.backend()
            await self.pool.fetch(DEALLOCATE, [])
            with pytest.raises(asyncpg.InvalidSQLStatementNameError):
                await self.backend()
            assert await self.backend() != before

        self.run_on_loop(work)

    def test_keeps_a_bounded_number_of_statements(self) -> None:
        self.enterContext(mock.patch.object(pools, "KEPT_STATEMENTS", 3))

        async def work() -> Any:
            for number in range(9):
                assert await self.pool.fetch(f"SELECT {number % 5}", []) == (number % 5,)
            return await self.pool.fetch("SELECT count(*) FROM pg_prepared_statements", [])

        assert self.run_on_loop(work) == (3,)

    def test_a_closed_pool_has_closed_its_connections_and_may_open_others(self) -> None:
        before = self.run_on_loop(self.backend)
        assert has_ended(before)
        assert self.run_on_loop(self.backend) != before

    def test_another_event_loop_gets_connections_of_its_own(self) -> None:
        before = asyncio.run(self.backend())
        assert self.run_on_loop(self.backend) != before

    def test_a_server_that_is_not_there_is_an_error(self) -> None:
        with (
            mock.patch.dict(connection.settings_dict, NAME="nothing"),
            pytest.raises(asyncpg.InvalidCatalogNameError, match="nothing"),
        ):
            self.run_on_loop(self.backend)


def end_backend(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    connection.close()


def has_ended(pid: int) -> bool:
    """Whether the server's side of a connection ends, which takes it a moment."""
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [pid])
            if cursor.rowcount == 0:
                return True
        time.sleep(0.05)
    return False
