"""One look for all who wait."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from django.db import connection

from schema.live import hub as hub_module
from schema.live.fields import Stream
from schema.live.hub import Hub
from tasks.models import Job

JOBS = Stream(Job, key="id", sequence="version")


class Database:
    """In the pool's place: the latest numbers, and what was asked."""

    def __init__(self) -> None:
        self.latest: dict[int, int] = {}
        self.asked: list[dict[int, int]] = []
        self.fails: list[Exception] = []

    async def fetch(self, sql: str, values: list[Any]) -> tuple[bytes]:
        if self.fails:
            raise self.fails.pop()
        asked = dict(zip(*values, strict=True))
        self.asked.append(asked)
        news = [[key, self.latest[key]] for key in asked if self.latest.get(key, 0) > asked[key]]
        return (json.dumps(news).encode(),)


@pytest.fixture
def database(monkeypatch) -> Database:
    monkeypatch.setattr(hub_module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(hub_module, "TROUBLE_SECONDS", 0.01)
    return Database()


def run(test: Any) -> None:
    async def in_time() -> None:
        async with asyncio.timeout(5):
            await test

    asyncio.run(in_time())


def test_asks_once_for_all_and_wakes_whom_it_concerns(database):
    async def test() -> None:
        hub = Hub(database)
        with hub.watching(JOBS, 1, 5) as one, hub.watching(JOBS, 2, 7) as two:
            database.latest = {1: 6}
            await one.news.wait()
            assert database.asked[0] == {1: 5, 2: 7}
            assert (one.latest, two.latest, two.news.is_set()) == (6, 0, False)

    run(test())


def test_asks_nothing_while_nobody_waits(database):
    async def test() -> None:
        hub = Hub(database)
        with hub.watching(JOBS, 1, 5):
            await asyncio.sleep(0.05)
        asked = len(database.asked)
        assert asked > 0
        await asyncio.sleep(0.05)
        assert len(database.asked) == asked
        with hub.watching(JOBS, 1, 5):
            await asyncio.sleep(0.05)
        assert len(database.asked) > asked

    run(test())


def test_a_client_that_claims_to_have_seen_more_than_there_is_hides_nothing(database):
    async def test() -> None:
        hub = Hub(database)
        with hub.watching(JOBS, 1, 10**9), hub.watching(JOBS, 1, 5) as honest:
            database.latest = {1: 6}
            await honest.news.wait()

    run(test())


@pytest.mark.parametrize("error", [OSError("away"), RuntimeError("never thought of")])
def test_goes_on_after_trouble(database, error, caplog):
    async def test() -> None:
        hub = Hub(database)
        database.fails = [error] * 3
        database.latest = {1: 6}
        with hub.watching(JOBS, 1, 5) as one:
            await one.news.wait()

    run(test())
    assert "can't look for news" in caplog.text


def test_serves_one_event_loop_after_another(database):
    hub = Hub(database)
    database.latest = {1: 6}

    async def test() -> None:
        with hub.watching(JOBS, 1, 5) as one:
            await one.news.wait()

    run(test())
    run(test())


def test_the_look_is_one_look_up_in_an_index_for_each_key(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        sql = JOBS.sql.replace("$1", "'{1,2}'").replace("$2", "'{0,0}'")
        cursor.execute(f"EXPLAIN {sql}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index" in plan
    assert "Seq Scan" not in plan
