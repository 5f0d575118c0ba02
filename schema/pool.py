"""Database connections that the event loop itself reads by, without a thread.

To hand a request to a thread and its result back takes longer than all else that a known query
needs of Python. psycopg2's asynchronous connections need no thread: the loop watches their sockets.
They know no transactions, which one statement does not need.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import psycopg2
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg2 import extensions

from schema.compiler.prepared import JSON_BYTES, Prepared, is_forgotten
from schema.workers import Overloaded

CONNECT_SECONDS = 5.0
# The server gives a statement up by itself (statement_timeout); this is for one that is gone.
ANSWER_SECONDS = 60.0
# What fits into a socket's buffer for certain; the rest of a longer text waits until it is asked.
_SENT_AT_ONCE = 4096


class Statement(Protocol):
    """What a connection can run: SQL to prepare, and the placeholders of its ``EXECUTE``."""

    @property
    def sql(self) -> str: ...  # noqa: D102

    @property
    def marks(self) -> str: ...  # noqa: D102


class Pool:
    """Connections of one event loop, opened when they are needed.

    Args:
        connections: how many there are at most.
        waiting: how many callers may wait for one.
    """

    def __init__(self, *, connections: int, waiting: int) -> None:
        self._size = connections
        self._most = connections + waiting
        self._begin(None)

    def _begin(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop = loop
        self._asking = 0
        self._permits = asyncio.Semaphore(self._size)
        # The one used last comes first: its server process is the warmest.
        self._free: list[_Connection] = []

    async def fetch(self, statement: Statement, values: list[Any]) -> tuple[Any, ...] | None:
        """The first row that a statement gives.

        Raises:
            Overloaded: there is no room, and nothing has run.
            psycopg2.Error: the database could not answer.
        """
        if self._loop is not (loop := asyncio.get_running_loop()):
            self.close()
            self._begin(loop)
        if self._asking >= self._most:
            raise Overloaded
        self._asking += 1
        try:
            async with self._permits:
                connection = self._take() or await _Connection.open()
                try:
                    return await connection.fetch(statement, values)
                finally:
                    # After an error, too, it may be as good as new; not so after a cancellation.
                    if connection.is_free:
                        self._free.append(connection)
                    else:
                        connection.close()
        finally:
            self._asking -= 1

    def _take(self) -> _Connection | None:
        """A connection that nobody uses and that the server has not ended."""
        while self._free:
            if (connection := self._free.pop()).is_free:
                return connection
            connection.close()
        return None

    def close(self) -> None:
        """Close the connections that nobody uses; the pool may be used again afterwards."""
        while self._free:
            self._free.pop().close()


class _Connection:
    """One connection, which runs one statement at a time."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._fd = raw.fileno()
        self._loop = asyncio.get_running_loop()
        self._prepared = Prepared()
        self._done: asyncio.Future[None] | None = None
        extensions.register_type(JSON_BYTES, raw)
        self._cursor = raw.cursor()
        self._loop.add_reader(self._fd, self._advance)

    @classmethod
    async def open(cls) -> _Connection:
        """Connect as Django does."""
        parameters = connections[DEFAULT_DB_ALIAS].get_connection_params()
        parameters.pop("cursor_factory", None)
        parameters["options"] = f"{parameters.get('options', '')} -c TimeZone=UTC"
        # In a thread, because a host's name may have to be looked up.
        raw = await asyncio.to_thread(partial(psycopg2.connect, **parameters, async_=True))
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                while (state := raw.poll()) != extensions.POLL_OK:
                    await _ready(raw.fileno(), for_writing=state == extensions.POLL_WRITE)
        except TimeoutError:
            raw.close()
            raise psycopg2.OperationalError("The database took too long to connect.") from None
        except BaseException:
            raw.close()
            raise
        return cls(raw)

    @property
    def is_free(self) -> bool:
        """Whether it can run another statement."""
        return not self._raw.closed and self._done is None

    async def fetch(self, statement: Statement, values: list[Any]) -> tuple[Any, ...] | None:
        """The first row that a statement gives."""
        name, first = self._prepared.named(statement.sql)
        text = f"EXECUTE {name}{statement.marks}"
        try:
            if first:
                bound = self._cursor.mogrify(text, values or None).decode()
                self._cursor.execute(first + bound)
            else:
                self._cursor.execute(text, values or None)
            self._done = self._loop.create_future()
            if len(self._cursor.query) > _SENT_AT_ONCE:
                self._advance()
            patience = self._loop.call_later(ANSWER_SECONDS, self._give_up)
            try:
                await self._done
            finally:
                patience.cancel()
        except psycopg2.Error as error:
            self._done = None
            if first or is_forgotten(error):
                self._prepared.forget(statement.sql)
            raise
        self._done = None
        row: tuple[Any, ...] | None = self._cursor.fetchone()
        return row

    def close(self) -> None:
        """Close it, whatever it is at."""
        if not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
        with suppress(psycopg2.Error):
            self._raw.close()

    def _advance(self) -> None:
        """Read and write what can be; the loop calls this when the socket is ready."""
        try:
            state = self._raw.poll()
        except psycopg2.Error as error:
            if self._raw.closed:
                self._loop.remove_reader(self._fd)
            self._finish(error)
            return
        if state == extensions.POLL_WRITE:
            self._loop.add_writer(self._fd, self._advance)
            return
        if state == extensions.POLL_READ:
            self._loop.remove_writer(self._fd)
            return
        self._finish(None)

    def _finish(self, error: psycopg2.Error | None) -> None:
        if self._done is None or self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)

    def _give_up(self) -> None:
        self._finish(psycopg2.OperationalError("The database does not answer."))
        self._raw.close()


async def _ready(socket: int, *, for_writing: bool) -> None:
    """Wait until a socket can be read or written."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    add: Callable[..., None] = loop.add_writer if for_writing else loop.add_reader
    remove = loop.remove_writer if for_writing else loop.remove_reader

    def tell() -> None:
        if not ready.done():
            ready.set_result(None)

    add(socket, tell)
    try:
        await ready
    finally:
        remove(socket)
