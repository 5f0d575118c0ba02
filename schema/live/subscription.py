"""A subscription as a transport sees it: it begins, delivers events in order, and ends."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from django.conf import settings
from django.db import InterfaceError, OperationalError
from prometheus_client import Counter, Gauge

from schema.authentication import csrf_failure, identify
from schema.compiler.document import InvalidDocument
from schema.execution import GraphQLRequest
from schema.http import GRAPHQL_JSON, Head, Outgoing, Refused, answer, internal_error, unavailable
from schema.live.hub import Hub
from schema.live.operation import Event, Subscribed, is_subscription
from schema.problems import Problem
from schema.response import refusal
from schema.workers import Workers
from users.tokens import token_in_header

logger = logging.getLogger(__name__)

# Threads, each with a connection, that read the events of all subscriptions of a process.
THREADS = 2
# Seconds that a client has to take what it is sent; then it is dropped.
SEND_SECONDS = 10.0
# Seconds of silence after which a client hears that the connection lives.
HEARTBEAT_SECONDS = 12.0
RETRY_SECONDS = 2.0

subscriptions_open = Gauge("nexus_subscriptions", "Subscriptions that this process serves.")
events_sent = Counter("nexus_subscription_events", "Events that this process has delivered.")
clients_dropped = Counter("nexus_slow_clients_dropped", "Clients that took too long to read.")


class Lost(Exception):
    """The client's connection is of no use any more."""


class Slow(Lost):
    """The client did not take what it was sent in time."""


async def in_time(sending: Awaitable[None]) -> None:
    """Await that the client takes something.

    Raises:
        Lost: it has gone, or (`Slow`) it takes nothing.
    """
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await sending
    except TimeoutError:
        clients_dropped.inc()
        logger.info("A client that takes nothing is dropped")
        raise Slow from None
    except OSError:
        raise Lost from None


class Subscriptions:
    """The subscriptions of one process.

    Args:
        workers_for: the threads in which an operation begins; events are read in our own.
    """

    def __init__(self, hub: Hub, workers_for: Callable[[GraphQLRequest], Workers]) -> None:
        self._hub = hub
        self._workers_for = workers_for
        self._most = settings.SUBSCRIBED_CLIENTS
        most_at_once = self._most * settings.GRAPHQL_LIMITS["max_subscriptions"]
        self._workers = Workers("graphql-live", threads=THREADS, waiting=most_at_once)
        self._connections = 0
        self._is_stopping = False

    @property
    def is_full(self) -> bool:
        """Whether the process has as many clients as it may."""
        return self._connections >= self._most

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Count a client while the block runs."""
        self._connections += 1
        try:
            yield
        finally:
            self._connections -= 1

    async def begin(
        self, head: Head, request: GraphQLRequest, *, after: int | None, checks_csrf: bool
    ) -> Subscribed | Outgoing:
        """The subscription that a request asks for, else the response to it, as GRAPHQL_JSON.

        Raises:
            Overloaded: there is no room.
        """
        work = partial(_begin, head, request, after=after, checks_csrf=checks_csrf)
        return await self._workers_for(request).run(work)

    async def deliver(
        self,
        subscribed: Subscribed,
        head: Head,
        send: Callable[[Event], Awaitable[None]],
        rest: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Send events as they come, the next one only when the client has taken the last.

        Nothing is kept for a slow client: what it is to get next is a row of the database. Returns
        when the server stops.

        Args:
            rest: is called when nothing came for `HEARTBEAT_SECONDS`.

        Raises:
            Problem: the client may not see the events any more.
        """
        with (
            subscriptions_open.track_inprogress(),
            self._hub.watching(subscribed.stream, subscribed.key, subscribed.after) as watch,
        ):
            while not self._is_stopping:
                watch.news.clear()
                latest = watch.latest
                while (event := await self._next(subscribed, head)) is not None:
                    await send(event)
                    events_sent.inc()
                if latest > subscribed.after:
                    raise subscribed.gone()
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS if rest else None):
                        await watch.news.wait()
                except TimeoutError:
                    if rest:
                        await rest()

    async def _next(self, subscribed: Subscribed, head: Head) -> Event | None:
        """The next event, for whoever the client is by now; waits for a database that is away."""
        while True:
            try:
                return await self._workers.run(partial(_read, subscribed, head))
            except (OperationalError, InterfaceError) as error:
                logger.warning("A subscription waits for the database: %s", error)
            await asyncio.sleep(RETRY_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311

    async def close(self) -> None:
        """End the threads and close their connections; all may be used again afterwards."""
        await self._workers.close()
        self._is_stopping = False

    def stop(self) -> None:
        """Have all deliveries return, so that no stream keeps the server from stopping."""
        self._is_stopping = True
        self._hub.wake_all()


def _read(subscribed: Subscribed, head: Head) -> Event | None:
    caller = identify(
        authorization=head.headers.get("authorization", ""), cookie=head.headers.get("cookie", "")
    )
    return subscribed.read(caller)


def _begin(
    head: Head, request: GraphQLRequest, *, after: int | None, checks_csrf: bool
) -> Subscribed | Outgoing:
    try:
        if not is_subscription(request):
            return answer(head if checks_csrf else _as_read(head), request, GRAPHQL_JSON)
        caller = identify(
            authorization=head.headers.get("authorization", ""),
            cookie=head.headers.get("cookie", ""),
        )
        needs_csrf_check = checks_csrf and caller.is_by_cookie and head.method != "GET"
        if needs_csrf_check and (reason := csrf_failure(head.django_request())):
            raise Refused(403, "FORBIDDEN", f"The CSRF check failed. {reason}")
        return Subscribed(request, caller, after)
    except InvalidDocument as error:
        return Outgoing(400, GRAPHQL_JSON, refusal(error.problems))
    except Problem as problem:
        return Outgoing(400, GRAPHQL_JSON, refusal([problem]))
    except Refused as refused:
        return refused.outgoing(GRAPHQL_JSON)
    except (OperationalError, InterfaceError):
        logger.exception("The database did not answer a subscription")
        return unavailable("The database does not answer.").outgoing(GRAPHQL_JSON)
    except Exception:
        logger.exception("A subscription failed")
        return internal_error().outgoing(GRAPHQL_JSON)


def _as_read(head: Head) -> Head:
    """The head as of a request that changes nothing, where a cookie alone says whose it is."""
    if token_in_header(head.headers.get("authorization", "")) or not head.headers.get("cookie"):
        return head
    return replace(head, method="GET")


def problem_in(error: Exception) -> Problem:
    """What a client learns of an exception that ended its subscription."""
    if isinstance(error, Problem):
        return error
    logger.error("A subscription failed.", exc_info=error)
    return Problem("INTERNAL_SERVER_ERROR", "Something went wrong on our side.")


def without_foreign_cookies(head: Head) -> Head:
    """The head, without the cookies where another site's page opened the WebSocket.

    Browsers let any page open one and send the cookies along; nothing else protects them there.
    """
    origin = head.headers.get("origin")
    if origin is None or origin in settings.CSRF_TRUSTED_ORIGINS:
        return head
    if origin.partition("://")[2].lower() == head.headers.get("host", "").lower():
        return head
    return replace(head, headers={**head.headers, "cookie": ""})
