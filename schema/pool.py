"""Database connections that the event loop itself reads by, without a thread.

To hand a request to a thread and its result back takes longer than all else that a known query
needs of Python. asyncpg needs no thread, and it speaks PostgreSQL's extended protocol: values
travel beside the prepared statement, not as the text of an ``EXECUTE`` that the server would have
to parse and evaluate, which takes it a third of its time for a small answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import urlencode

import asyncpg
from asyncpg.exceptions import (
    InternalClientError,
    InvalidSQLStatementNameError,
    OutdatedSchemaCacheError,
)
from django.db import DEFAULT_DB_ALIAS, connections

from schema.compiler.prepared import KEPT_STATEMENTS
from schema.workers import Overloaded

CONNECT_SECONDS = 5.0
# The server gives a statement up by itself (statement_timeout); this is for one that is gone.
ANSWER_SECONDS = 60.0
# What a pool's caller has to expect of the database. A value of a type that the statement does
# not take is among it.
DATABASE_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    InternalClientError,
    OSError,
    TimeoutError,
)
# Of libpq's parameters, those that asyncpg knows by the same name.
_SECURITY = ("sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "target_session_attrs")


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
        self._free: list[asyncpg.Connection] = []
        self._end = self._until_the_loop_ends()

    async def _until_the_loop_ends(self) -> AsyncGenerator[None]:
        """Closes the connections while their loop can still do so.

        A loop that is to end lets every asynchronous generator finish first.
        """
        try:
            yield
        finally:
            self.close()

    async def fetch(self, sql: str, values: list[Any]) -> asyncpg.Record | None:
        """The first row that a statement gives; JSON is bytes, as the server wrote it.

        Raises:
            Overloaded: there is no room, and nothing has run.
            DATABASE_ERRORS: the database could not answer.
        """
        if self._loop is not (loop := asyncio.get_running_loop()):
            self._begin(loop)
            await anext(self._end)
        if self._asking >= self._most:
            raise Overloaded
        self._asking += 1
        try:
            async with self._permits:
                connection = self._take() or await _connect()
                try:
                    row = await connection.fetchrow(sql, *values, timeout=ANSWER_SECONDS)
                except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    # What fails leaves the connection as good as new, unless the server has
                    # lost what this side believes to be prepared.
                    if isinstance(error, InvalidSQLStatementNameError | OutdatedSchemaCacheError):
                        connection.terminate()
                    self._give_back(connection)
                    raise
                except BaseException:
                    # Given up or no longer wanted: it may still be at work.
                    connection.terminate()
                    raise
                self._give_back(connection)
                return row
        finally:
            self._asking -= 1

    def _take(self) -> asyncpg.Connection | None:
        """A connection that nobody uses and that the server has not ended."""
        while self._free:
            if not (connection := self._free.pop()).is_closed():
                return connection
        return None

    def _give_back(self, connection: asyncpg.Connection) -> None:
        if not connection.is_closed():
            self._free.append(connection)

    def close(self) -> None:
        """Close the connections that nobody uses; the pool may be used again afterwards."""
        while self._free:
            self._free.pop().terminate()


async def _connect() -> asyncpg.Connection:
    """Connect as Django does."""
    parameters = connections[DEFAULT_DB_ALIAS].get_connection_params()
    security = {name: parameters[name] for name in _SECURITY if name in parameters}
    options = f"{parameters.get('options', '')} -c TimeZone=UTC"
    connection = await asyncpg.connect(
        f"postgresql://?{urlencode(security)}",
        host=parameters.get("host") or None,
        port=parameters.get("port") or None,
        user=parameters.get("user") or None,
        password=parameters.get("password") or None,
        database=parameters.get("dbname"),
        passfile=parameters.get("passfile"),
        timeout=CONNECT_SECONDS,
        statement_cache_size=KEPT_STATEMENTS,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=0,
        server_settings={"options": options.strip()},
    )
    await connection.set_type_codec(
        "json", schema="pg_catalog", format="binary", encoder=bytes, decoder=bytes
    )
    return connection
