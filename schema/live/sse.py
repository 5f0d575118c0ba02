"""Subscriptions over Server-Sent Events: graphql-sse's "distinct connections" mode.

One request, one operation. Each result is an event ``next`` with its sequence as the ``id``, so
that a browser's ``EventSource`` says by itself in ``Last-Event-ID`` how far it came; ``complete``
ends the stream.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from schema.http import EVENT_STREAM, Head, Outgoing, Refused
from schema.live.operation import Event, Subscribed
from schema.live.subscription import (
    Lost,
    Subscriptions,
    in_time,
    problem_in,
)

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

HEADERS = (
    ("Content-Type", f"{EVENT_STREAM}; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Vary", "Accept"),
    # Gateways that collect responses would keep events back.
    ("X-Accel-Buffering", "no"),
)
HEARTBEAT = b":\n\n"
COMPLETE = b"event: complete\ndata: \n\n"


def last_event_id(head: Head) -> int | None:
    """The sequence that a reconnecting client saw last.

    Raises:
        Refused: it is none of ours.
    """
    text = head.headers.get("last-event-id", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 11):
        raise Refused(400, "BAD_USER_INPUT", "Last-Event-ID is no id that was sent here.")
    return int(text)


class EventStream:
    """The response to one request.

    Args:
        begun: a subscription, or the response of anything else, which is the only event.
    """

    def __init__(
        self, subscriptions: Subscriptions, head: Head, begun: Subscribed | Outgoing
    ) -> None:
        self._subscriptions = subscriptions
        self._head = head
        self._begun = begun

    async def run(self, receive: Receive, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        """Send the events until they end or the client hangs up."""
        own = [(name.lower().encode(), value.encode()) for name, value in HEADERS]
        await send({"type": "http.response.start", "status": 200, "headers": [*own, *headers]})
        with self._subscriptions.connected():
            delivery = asyncio.create_task(self._send_all(send))
            hanging_up = asyncio.create_task(_hung_up(receive))
            ways_to_end = {delivery, hanging_up}
            try:
                await asyncio.wait(ways_to_end, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in ways_to_end:
                    task.cancel()
                await asyncio.gather(*ways_to_end, return_exceptions=True)

    async def _send_all(self, send: Send) -> None:
        async def write(text: bytes, *, more: bool = True) -> None:
            await in_time(send({"type": "http.response.body", "body": text, "more_body": more}))

        async def write_event(event: Event) -> None:
            await write(_next(event.body, event.sequence))

        try:
            # The client's side counts as open only when something has arrived.
            await write(HEARTBEAT)
            if isinstance(self._begun, Outgoing):
                await write(_next(self._begun.body) + COMPLETE, more=False)
                return
            try:
                await self._subscriptions.deliver(
                    self._begun, self._head, write_event, lambda: write(HEARTBEAT)
                )
            except Lost:
                raise
            except Exception as error:  # noqa: BLE001  (told to the client, and logged there)
                body = json.dumps({"errors": [problem_in(error).formatted()]}).encode()
                await write(_next(body) + COMPLETE, more=False)
                return
            # The server stops. Without `complete`, the client comes back by itself.
            await write(b"", more=False)
        except Lost:
            pass


def _next(body: bytes, sequence: int | None = None) -> bytes:
    id_ = b"" if sequence is None else f"id: {sequence}\n".encode()
    # PostgreSQL breaks lines between a list's items, never inside a text.
    return b"event: next\n" + id_ + b"data: " + body.replace(b"\n", b" ") + b"\n\n"


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
