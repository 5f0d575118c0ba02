"""Who waits for which rows, and the one look in the database for all of them.

While anybody is subscribed, one statement a stream asks every quarter of a second which of the
watched keys have rows that nobody was told of. What it finds only wakes the subscriptions: each
reads its next rows itself, in order, so that a look that fails or comes late loses nothing.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from schema.live.fields import Stream
from schema.pool import DATABASE_ERRORS, Pool
from schema.workers import Overloaded

logger = logging.getLogger(__name__)

# Seconds between two looks, at the least; a look takes no more than one part in so many of the
# time, however many there are who wait.
LOOK_SECONDS = 0.25
SHARE = 20
LONGEST_SECONDS = 5.0
# Seconds between two looks while the database is away.
TROUBLE_SECONDS = 2.0


@dataclass
class _Watched:
    """A key of a stream: from which number on news are asked for, the highest found, who waits."""

    seen: int
    latest: int = 0
    waiting: set[asyncio.Event] = field(default_factory=set)


@dataclass(frozen=True)
class Watch:
    """One subscription's wait.

    Attributes:
        news: set when there may be something new.
    """

    news: asyncio.Event
    _watched: _Watched

    @property
    def latest(self) -> int:
        """The highest number that the database was found to have."""
        return self._watched.latest


class Hub:
    """The watched keys of one process, used from its event loop."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._begin(None)

    def _begin(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop = loop
        self._streams: dict[Stream, dict[int, _Watched]] = {}
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def watching(self, stream: Stream, key: int, after: int) -> Iterator[Watch]:
        """Be woken by rows of the key with a higher number than ``after``."""
        if self._loop is not (loop := asyncio.get_running_loop()):
            self._begin(loop)
        keys = self._streams.setdefault(stream, {})
        watched = keys.setdefault(key, _Watched(after))
        # Clients may claim to have seen what there is not yet.
        watched.seen = min(watched.seen, after)
        news = asyncio.Event()
        watched.waiting.add(news)
        if self._task is None:
            self._task = loop.create_task(self._look_out())
        try:
            yield Watch(news, watched)
        finally:
            watched.waiting.discard(news)
            if not watched.waiting:
                keys.pop(key, None)
            if not keys:
                self._streams.pop(stream, None)
            if not self._streams and self._task is not None:
                self._task.cancel()
                self._task = None

    def wake_all(self) -> None:
        """Have everybody look for themselves."""
        for keys in self._streams.values():
            for watched in keys.values():
                for news in watched.waiting:
                    news.set()

    async def _look_out(self) -> None:
        has_trouble = False
        while True:
            began = time.monotonic()
            pause = LOOK_SECONDS
            try:
                for stream, keys in list(self._streams.items()):
                    await self._look(stream, keys)
                has_trouble = False
                pause = min(max(pause, SHARE * (time.monotonic() - began)), LONGEST_SECONDS)
            except (*DATABASE_ERRORS, Overloaded) as error:
                if not has_trouble:
                    logger.warning("Subscriptions can't look for news: %s", error)
                has_trouble, pause = True, TROUBLE_SECONDS
            except Exception:
                logger.exception("Subscriptions can't look for news")
                pause = TROUBLE_SECONDS
            await asyncio.sleep(pause)

    async def _look(self, stream: Stream, keys: dict[int, _Watched]) -> None:
        asked = {key: watched.seen for key, watched in keys.items()}
        row = await self._pool.fetch(stream.sql, [list(asked), list(asked.values())])
        for key, latest in json.loads(row[0]) if row else []:
            if watched := keys.get(key):
                watched.seen = watched.latest = latest
                for news in watched.waiting:
                    news.set()
