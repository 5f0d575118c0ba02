"""A client that takes nothing is dropped; nothing is kept for it meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from schema.http import Head
from schema.live import subscription
from schema.live.operation import Event, Subscribed
from schema.live.sse import EventStream
from schema.live.websocket import Connection

HEAD = Head("POST", {}, b"", None, lambda: None)
SCOPE = {"type": "websocket", "subprotocols": ["graphql-transport-ws"]}


class Endless:
    """In the subscriptions' place: events without end, and how many were taken."""

    is_full = False

    def __init__(self) -> None:
        self.taken = 0

    @contextmanager
    def connected(self):
        yield

    async def begin(self, *args: Any, **options: Any) -> Subscribed:
        return Subscribed.__new__(Subscribed)

    async def deliver(
        self, subscribed: Any, head: Any, send: Callable[[Event], Awaitable[None]], rest: Any = None
    ) -> None:
        while True:
            await send(Event(self.taken, b'{"data":null}'))
            self.taken += 1


class Client:
    """Takes so many messages with an event or errors in them, and then no more."""

    def __init__(self, *said: dict[str, Any], takes: int) -> None:
        self.unheard = list(said)
        self._left = takes
        self.heard: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if not self.unheard:
            await asyncio.Event().wait()
        return self.unheard.pop(0)

    async def send(self, message: dict[str, Any]) -> None:
        text = message.get("body", message.get("text", "").encode())
        if b'"data"' in text or b'"error"' in text:
            if self._left == 0:
                await asyncio.Event().wait()
            self._left -= 1
        self.heard.append(message)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch) -> None:
    monkeypatch.setattr(subscription, "SEND_SECONDS", 0.1)


@pytest.fixture
def dropped() -> Callable[[], float]:
    before = subscription.clients_dropped._value.get()
    return lambda: subscription.clients_dropped._value.get() - before


async def in_time(serving: Awaitable[None]) -> None:
    async with asyncio.timeout(5):
        await serving


def greeting() -> Iterator[dict[str, Any]]:
    yield {"type": "websocket.connect"}
    yield {"type": "websocket.receive", "text": '{"type": "connection_init"}'}


def subscribe(number: int) -> dict[str, Any]:
    text = f'{{"id": "{number}", "type": "subscribe", "payload": {{"query": "{{ a }}"}}}}'
    return {"type": "websocket.receive", "text": text}


def test_of_server_sent_events(dropped):
    events, client = Endless(), Client(takes=3)
    stream = EventStream(events, HEAD, Subscribed.__new__(Subscribed))

    asyncio.run(in_time(stream.run(client.receive, client.send, [])))

    assert events.taken == 3
    assert dropped() == 1


def test_of_a_websocket(dropped):
    events = Endless()
    client = Client(*greeting(), subscribe(1), takes=3)
    connection = Connection(events, SCOPE, {}, client.receive, client.send)

    asyncio.run(in_time(connection.serve()))

    assert events.taken == 3
    assert dropped() == 1


def test_of_a_websocket_that_asks_for_more_than_it_may(settings):
    settings.GRAPHQL_LIMITS = {**settings.GRAPHQL_LIMITS, "max_subscriptions": 2}
    client = Client(*greeting(), *map(subscribe, range(10)), takes=0)
    connection = Connection(Endless(), SCOPE, {}, client.receive, client.send)

    asyncio.run(in_time(connection.serve()))

    assert len(client.unheard) == 7, "what is not read need not be kept"


def test_a_client_that_hangs_up_ends_its_stream():
    events, client = Endless(), Client({"type": "http.disconnect"}, takes=1)

    stream = EventStream(events, HEAD, Subscribed.__new__(Subscribed))
    asyncio.run(in_time(stream.run(client.receive, client.send, [])))

    assert events.taken <= 1
