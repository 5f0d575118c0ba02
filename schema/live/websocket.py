"""Operations over WebSocket, by the protocol ``graphql-transport-ws`` of npm's graphql-ws."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest

from schema.http import Head, Outgoing, Refused, read_request
from schema.live.operation import Event, Subscribed
from schema.live.subscription import (
    HEARTBEAT_SECONDS,
    Lost,
    Subscriptions,
    in_time,
    problem_in,
    without_foreign_cookies,
)
from schema.workers import Overloaded

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0
# Longer ids than any client makes would be kept and repeated with every event.
MAX_ID_LENGTH = 128


class Closed(Exception):
    """The server closes the connection, for this reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Connection:
    """One client's connection and its running operations."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        scope: Mapping[str, Any],
        headers: Mapping[str, str],
        receive: Receive,
        send: Send,
    ) -> None:
        self._subscriptions = subscriptions
        self._protocols = scope.get("subprotocols", [])
        self._receive = receive
        self._send = send
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._is_lost = False
        self._main: asyncio.Task[Any] | None = None
        as_post = {**scope, "type": "http", "method": "POST"}
        self._head = without_foreign_cookies(
            Head(
                method="POST",
                headers=headers,
                query_string=b"",
                address=client[0] if (client := scope.get("client")) else None,
                django_request=lambda: ASGIRequest(as_post, io.BytesIO()),
            )
        )

    async def serve(self) -> None:
        """Talk with the client until either side ends it."""
        if (await self._receive())["type"] != "websocket.connect":
            return
        is_known = PROTOCOL in self._protocols
        await self._send(
            {"type": "websocket.accept", "subprotocol": PROTOCOL if is_known else None}
        )
        self._main = asyncio.current_task()
        try:
            if not is_known:
                raise Closed(4406, f"Speak the subprotocol {PROTOCOL}")
            if self._subscriptions.is_full:
                raise Closed(1013, "Too many clients are connected")
            with self._subscriptions.connected():
                await self._talk()
        except Closed as closed:
            close = {"type": "websocket.close", "code": closed.code, "reason": closed.reason}
            with suppress(Lost):
                await in_time(self._send(close))
        except Lost:
            pass
        except asyncio.CancelledError:
            if not self._is_lost:
                raise
        finally:
            await self._end_operations()

    async def _end_operations(self) -> None:
        tasks = list(self._operations.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- what the client says -----------------------------------------------------------------

    async def _talk(self) -> None:
        try:
            async with asyncio.timeout(INIT_SECONDS):
                await self._await_greeting()
        except TimeoutError:
            raise Closed(4408, "Connection initialisation timeout") from None
        was_silent = False
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    message = await self._message()
            except TimeoutError:
                if was_silent:
                    raise Closed(1001, "The client is silent") from None
                was_silent = True
                await self._say({"type": "ping"})
            else:
                was_silent = False
                await self._obey(message)

    async def _await_greeting(self) -> None:
        while True:
            match message := await self._message():
                case {"type": "connection_init"}:
                    self._authorize(message.get("payload"))
                    await self._say({"type": "connection_ack"})
                    return
                case {"type": "ping" | "pong"}:
                    await self._obey(message)
                case _:
                    raise Closed(4401, "Unauthorized")

    async def _message(self) -> dict[str, Any]:
        """The client's next message."""
        received = await self._receive()
        if received["type"] == "websocket.disconnect":
            raise Lost
        text = received.get("text") or ""
        if len(text) > settings.GRAPHQL_LIMITS["max_body_bytes"]:
            raise Closed(4400, "The message is too large")
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise Closed(4400, "The message is no JSON object with a type")
        return message

    def _authorize(self, payload: Any) -> None:
        """Take the token that the client sends in place of a header, which browsers can't."""
        given = payload if isinstance(payload, dict) else {}
        named = {name.lower(): value for name, value in given.items()}
        authorization = named.get("authorization")
        if isinstance(authorization, str):
            headers = {**self._head.headers, "authorization": authorization}
            self._head = replace(self._head, headers=headers)

    async def _obey(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "ping":
                await self._say({"type": "pong"})
            case "pong":
                pass
            case "connection_init":
                raise Closed(4429, "Too many initialisation requests")
            case "subscribe":
                await self._subscribe(self._id(message), message.get("payload"))
            case "complete":
                if task := self._operations.pop(self._id(message), None):
                    task.cancel()
            case _:
                raise Closed(4400, "The message's type is unknown")

    def _id(self, message: dict[str, Any]) -> str:
        id_ = message.get("id")
        if not isinstance(id_, str) or not 0 < len(id_) <= MAX_ID_LENGTH:
            raise Closed(4400, f"An id is a text of 1 to {MAX_ID_LENGTH} characters")
        return id_

    async def _subscribe(self, id_: str, payload: Any) -> None:
        if id_ in self._operations:
            raise Closed(4409, f"Subscriber for {id_} already exists")
        most = settings.GRAPHQL_LIMITS["max_subscriptions"]
        if len(self._operations) < most:
            self._operations[id_] = asyncio.create_task(self._run(id_, payload))
            return
        refused = Refused(
            429,
            "LIMIT_EXCEEDED",
            f"A connection may run {most} operations at once.",
            limit="max_subscriptions",
        )
        # Awaited here: of a client that takes nothing, nothing more is read.
        await self._tell_errors(id_, refused.outgoing())

    # --- what the client gets -----------------------------------------------------------------

    async def _run(self, id_: str, payload: Any) -> None:
        """One operation, from its beginning to its end."""
        try:
            try:
                await self._answer(id_, payload)
            except Lost:
                raise
            except Refused as refused:
                await self._tell_errors(id_, refused.outgoing())
            except Exception as error:  # noqa: BLE001  (told to the client, and logged there)
                problem = {"errors": [problem_in(error).formatted()]}
                await self._tell_errors(id_, Outgoing(400, "", json.dumps(problem).encode()))
        except Lost:
            # Whoever reads from this client is to stop as well.
            self._is_lost = True
            if self._main is not None:
                self._main.cancel()
        finally:
            if self._operations.get(id_) is asyncio.current_task():
                del self._operations[id_]

    async def _answer(self, id_: str, payload: Any) -> None:
        request = read_request(self._head, json.dumps(payload).encode())
        try:
            begun = await self._subscriptions.begin(
                self._head, request, after=None, checks_csrf=False
            )
        except Overloaded:
            raise Refused(
                503, "SERVICE_UNAVAILABLE", "Too many requests are waiting. Try again in a moment."
            ) from None
        if isinstance(begun, Subscribed):

            async def send_event(event: Event) -> None:
                await self._say_next(id_, event.body)

            await self._subscriptions.deliver(begun, self._head, send_event)
        elif begun.status == 200:
            await self._say_next(id_, begun.body)
            await self._say({"id": id_, "type": "complete"})
        else:
            await self._tell_errors(id_, begun)

    async def _tell_errors(self, id_: str, outgoing: Outgoing) -> None:
        errors = json.loads(outgoing.body)["errors"]
        await self._say({"id": id_, "type": "error", "payload": errors})

    async def _say_next(self, id_: str, body: bytes) -> None:
        await self._write(f'{{"id":{json.dumps(id_)},"type":"next","payload":{body.decode()}}}')

    async def _say(self, message: dict[str, Any]) -> None:
        await self._write(json.dumps(message))

    async def _write(self, text: str) -> None:
        await in_time(self._send({"type": "websocket.send", "text": text}))
