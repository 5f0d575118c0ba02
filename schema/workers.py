"""Threads that run requests, each with a database connection that it keeps.

Django opens and closes, or at least checks, a connection around every request, and runs
synchronous code of one request at a time in one thread. Here a thread keeps its connection, checks
it every few seconds, and a request that finds no thread free soon is turned away at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from threading import local
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

CHECK_EVERY_SECONDS = 5.0

T = TypeVar("T")


class Overloaded(Exception):
    """Every thread is busy and the queue in front of them is full."""


class Workers:
    """A bounded pool of such threads, used from one event loop.

    Args:
        name: prefix of the threads' names.
        threads: how many requests run at once.
        waiting: how many more may wait for a thread.
    """

    def __init__(self, name: str, *, threads: int, waiting: int) -> None:
        self._new_executor = partial(ThreadPoolExecutor, threads, thread_name_prefix=name)
        self._executor = self._new_executor()
        self._room = threads + waiting
        self._connections: set[BaseDatabaseWrapper] = set()

    async def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` in a thread, under the caller's context variables.

        What has started runs to its end, also where the caller stops waiting.

        Raises:
            Overloaded: there is no room, and nothing has run.
        """
        if self._room <= 0:
            raise Overloaded
        context = copy_context()
        future = asyncio.get_running_loop().run_in_executor(
            self._executor, context.run, self._with_connection, work
        )
        self._room -= 1
        # Not a ``finally``: a caller may be gone while its work still fills the thread.
        future.add_done_callback(self._make_room)
        return await asyncio.shield(future)

    def _make_room(self, _: object) -> None:
        self._room += 1

    async def close(self) -> None:
        """Wait for what runs, then end the threads and close their connections.

        The pool may be used again afterwards, with new ones.
        """
        ending, self._executor = self._executor, self._new_executor()
        await asyncio.to_thread(self._end, ending)

    def _end(self, executor: ThreadPoolExecutor) -> None:
        executor.shutdown()
        while self._connections:
            connection = self._connections.pop()
            connection.inc_thread_sharing()  # its own thread is gone
            connection.close()

    def _with_connection(self, work: Callable[[], T]) -> T:
        """Run ``work`` on a connection that was fit a moment ago; leave none that is not.

        Only the check may cost a statement: every few seconds, or after an error.
        """
        connection = connections[DEFAULT_DB_ALIAS]
        self._connections.add(connection)
        now = time.monotonic()
        if connection.errors_occurred or now - _checks.last > CHECK_EVERY_SECONDS:
            connection.close_if_unusable_or_obsolete()
            _checks.last = now
        # With DEBUG, Django notes each statement until a request's end, which it doesn't see.
        connection.queries_log.clear()
        try:
            return work()
        finally:
            if _is_inside_transaction(connection):
                # Nobody will end it: drop the connection, and Django's record of its state too.
                connection.connection.close()
                del connections[DEFAULT_DB_ALIAS]
                self._connections.discard(connection)


class _Checks(local):
    """When this thread last looked at its connection, on the monotonic clock."""

    last = 0.0


_checks = _Checks()


def _is_inside_transaction(connection: BaseDatabaseWrapper) -> bool:
    return connection.connection is not None and (
        connection.in_atomic_block or not connection.get_autocommit()
    )
