"""``/graphql`` as an ASGI application of its own, in front of Django.

What Django's middleware does for other URLs is explicit here: host check, request id, security
headers, and, below in ``schema.http``, sessions and CSRF.

The client's address and scheme are the connection's. Behind a proxy, tell the server to trust it
(``uvicorn --forwarded-allow-ips``): it then takes both from the proxy's headers, and from nobody
else's.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import Any

from asyncpg import QueryCanceledError
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import QueryDict
from django.http.request import split_domain_port, validate_host

from schema import graphiql
from schema.callers import Callers
from schema.execution import GraphQLRequest
from schema.http import (
    EVENT_STREAM,
    HTML,
    JSON,
    Head,
    Outgoing,
    Refused,
    answer,
    check_head,
    check_length,
    internal_error,
    read_request,
    steady_headers,
    unavailable,
)
from schema.known import known_query
from schema.live.hub import Hub
from schema.live.sse import EventStream, last_event_id
from schema.live.subscription import Subscriptions
from schema.live.websocket import Connection
from schema.pool import DATABASE_ERRORS, Pool
from schema.uploads import Form
from schema.workers import Overloaded, Workers
from tasks.context import new_request_id, request_id

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_TIMEOUT_SECONDS = 30.0
# A body with files may take longer, as long as it does not pause for the above.
UPLOAD_TIMEOUT_SECONDS = 300.0
# Requests whose files are received at once: what is in the temporary folder is bounded so.
MAX_UPLOADS = 16


class ClientGone(Exception):
    """The client hung up before its request was complete."""


class GraphQLApplication:
    """Answers GraphQL requests: known queries at once, others in threads.

    New queries have one pool of threads, mutations another: slow mutations can't hold up queries
    so, and each pool's size bounds its connections.
    """

    def __init__(self) -> None:
        waiting = settings.REQUEST_QUEUE_SIZE
        # A query is new only once.
        threads = max(settings.READ_POOL_SIZE // 2, 1)
        self._reads = Workers("graphql-read", threads=threads, waiting=waiting)
        self._writes = Workers("graphql-write", threads=settings.WRITE_POOL_SIZE, waiting=waiting)
        self._pool = Pool(connections=settings.READ_POOL_SIZE, waiting=waiting)
        self._callers = Callers(self._pool)
        self._subscriptions = Subscriptions(Hub(self._pool), self._workers_for)
        self._room_for_uploads = MAX_UPLOADS
        self._security_headers = _security_headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or serve one WebSocket."""
        headers = _headers(scope)
        token = request_id.set(new_request_id(headers.get("x-request-id")))
        try:
            if scope["type"] == "websocket":
                await self._serve_websocket(scope, headers, receive, send)
                return
            outgoing = await self._respond(scope, headers, receive)
            if isinstance(outgoing, EventStream):
                await outgoing.run(receive, send, self._common_headers())
            else:
                await self._send(send, outgoing)
        except ClientGone:
            logger.info("The client hung up before its request was complete")
        finally:
            request_id.reset(token)

    async def close(self) -> None:
        """Let running requests finish, end the threads and close their connections."""
        self._pool.close()
        await asyncio.gather(self._reads.close(), self._writes.close(), self._subscriptions.close())

    def end_streams(self) -> None:
        """Let no stream keep the server from stopping; clients come back by themselves."""
        self._subscriptions.stop()

    async def _serve_websocket(
        self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send
    ) -> None:
        if _is_allowed_host(headers.get("host", ""), tuple(settings.ALLOWED_HOSTS)):
            await Connection(self._subscriptions, scope, headers, receive, send).serve()
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _respond(
        self, scope: Scope, headers: dict[str, str], receive: Receive
    ) -> Outgoing | EventStream:
        head = Head(
            method=scope["method"],
            headers=headers,
            query_string=scope["query_string"],
            address=client[0] if (client := scope.get("client")) else None,
            django_request=lambda: _django_request(scope),
        )
        media_type = JSON
        try:
            if not _is_allowed_host(headers.get("host", ""), tuple(settings.ALLOWED_HOSTS)):
                raise Refused(400, "BAD_USER_INPUT", "This host is not served here.")
            accepted = check_head(head, streams=not head.is_upload)
            if accepted == HTML:
                return graphiql.page()
            if accepted == EVENT_STREAM:
                return await self._stream(head, receive)
            media_type = accepted
            if head.is_upload:
                return await self._answer_upload(head, receive, media_type)
            request = read_request(head, await _body(receive))
            if (outgoing := await self._answer_at_once(head, request, media_type)) is not None:
                return outgoing
            workers = self._workers_for(request)
            return await workers.run(partial(answer, head, request, media_type))
        except Refused as refused:
            return refused.outgoing(media_type)
        except Overloaded:
            return unavailable("Too many requests are waiting.").outgoing(media_type)
        except ClientGone:
            raise
        except Exception:
            logger.exception("A GraphQL request failed before its execution")
            return internal_error().outgoing(media_type)

    def _workers_for(self, request: GraphQLRequest) -> Workers:
        # The document is parsed in the thread; a query that has the word runs there as well.
        return self._writes if "mutation" in request.query else self._reads

    async def _stream(self, head: Head, receive: Receive) -> EventStream | Outgoing:
        after = last_event_id(head)
        request = read_request(head, await _body(receive))
        if self._subscriptions.is_full:
            raise Overloaded
        begun = await self._subscriptions.begin(head, request, after=after, checks_csrf=True)
        if isinstance(begun, Outgoing) and begun.status not in (200, 400):
            return begun
        return EventStream(self._subscriptions, head, begun)

    async def _answer_at_once(
        self, head: Head, request: GraphQLRequest, media_type: str
    ) -> Outgoing | None:
        """The answer to a query that is known, without a thread; None where it takes one.

        Where the database fails, a thread tries again on a connection of its own and says so.
        """
        if (known := known_query(request)) is None:
            return None
        try:
            caller = await self._callers.identify(head)
            if caller is None:
                return None
            query = known.at_hand(request.variables or {}, caller.viewer)
            if query is None:
                return None
            row = await self._pool.fetch(query.plan.sql, query.values)
        except QueryCanceledError:
            logger.exception("The database took too long for a GraphQL request")
            return unavailable("The database does not answer.").outgoing(media_type)
        except DATABASE_ERRORS:
            logger.warning("A query is tried again in a thread", exc_info=True)
            return None
        return Outgoing(200, media_type, query.body(row or ()))

    async def _answer_upload(self, head: Head, receive: Receive, media_type: str) -> Outgoing:
        """The answer to a request with files, which are gone afterwards."""
        if self._room_for_uploads <= 0:
            raise Overloaded
        form = Form(head.headers["content-type"])
        self._room_for_uploads -= 1

        def work() -> Outgoing:
            # Here, as the thread runs to its end also where nobody waits for it any more.
            try:
                return answer(head, request, media_type)
            finally:
                form.close()

        try:
            request = await _upload(receive, form)
            return await self._writes.run(work)
        except BaseException as error:
            if not isinstance(error, asyncio.CancelledError):
                form.close()
            raise
        finally:
            self._room_for_uploads += 1

    async def _send(self, send: Send, outgoing: Outgoing) -> None:
        headers = [
            *_steady_headers(outgoing.media_type),
            *self._common_headers(),
            (b"content-length", b"%d" % len(outgoing.body)),
            *_encoded(outgoing.headers),
        ]
        await send({"type": "http.response.start", "status": outgoing.status, "headers": headers})
        await send({"type": "http.response.body", "body": outgoing.body})

    def _common_headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"x-request-id", request_id.get().encode()), *self._security_headers]


def _encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI wants them."""
    return [(name.lower().encode(), value.encode()) for name, value in headers]


@lru_cache(maxsize=8)
def _steady_headers(media_type: str) -> list[tuple[bytes, bytes]]:
    return _encoded(steady_headers(media_type))


def _headers(scope: Scope) -> dict[str, str]:
    """Headers by name; what was sent in several lines is joined as HTTP says."""
    sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if len(sent) == len(scope["headers"]):
        return sent
    lines: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in scope["headers"]:
        lines[name.decode("latin-1")].append(value.decode("latin-1"))
    return {name: ("; " if name == "cookie" else ", ").join(lines[name]) for name in lines}


@lru_cache(maxsize=64)
def _is_allowed_host(host: str, allowed: tuple[str, ...]) -> bool:
    """Whether ``ALLOWED_HOSTS`` names the host, by Django's own reading of both."""
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)


async def _body(receive: Receive) -> bytes:
    """The whole body; refused as soon as it is too long or takes too long."""
    chunks: list[bytes] = []
    length = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                chunk = message.get("body", b"")
                chunks.append(chunk)
                length += len(chunk)
                check_length(length)
                if not message.get("more_body", False):
                    return b"".join(chunks)
    except TimeoutError:
        raise Refused(408, "BAD_USER_INPUT", "The request's body did not arrive in time.") from None


async def _upload(receive: Receive, form: Form) -> GraphQLRequest:
    """The request in a form, whose files are on the disk then."""
    try:
        async with asyncio.timeout(UPLOAD_TIMEOUT_SECONDS):
            while True:
                async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
                    message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                if chunk := message.get("body", b""):
                    await asyncio.to_thread(form.feed, chunk)
                if not message.get("more_body", False):
                    return await asyncio.to_thread(form.request)
    except TimeoutError:
        raise Refused(408, "BAD_USER_INPUT", "The request's body did not arrive in time.") from None


def _django_request(scope: Scope) -> ASGIRequest:
    """Django's view of a request, without the body: a CSRF token is looked for in headers."""
    request = ASGIRequest(scope, io.BytesIO())
    request.POST = QueryDict()
    return request


def _security_headers() -> list[tuple[bytes, bytes]]:
    """What Django's SecurityMiddleware and XFrameOptionsMiddleware send elsewhere."""
    named = {
        "x-content-type-options": "nosniff",
        "x-frame-options": settings.X_FRAME_OPTIONS,
        "referrer-policy": settings.SECURE_REFERRER_POLICY,
        "cross-origin-opener-policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
    }
    if settings.SECURE_HSTS_SECONDS:
        named["strict-transport-security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
    return _encoded((name, value) for name, value in named.items() if value)
