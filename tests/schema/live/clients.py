"""Clients for live updates, as plain as can be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import requests
from websockets.sync.client import connect

SECONDS = 10


class EventSource:
    """One operation over Server-Sent Events."""

    def __init__(
        self,
        address: str,
        query: str,
        variables: dict[str, Any] | None = None,
        *,
        method: str = "POST",
        headers: dict[str, str] | None = None,
        bearer: str | None = None,
        last_id: int | str | None = None,
    ) -> None:
        sent = {"Accept": "text/event-stream", **(headers or {})}
        if bearer is not None:
            sent["Authorization"] = f"Bearer {bearer}"
        if last_id is not None:
            sent["Last-Event-ID"] = str(last_id)
        given = {"query": query, "variables": variables or {}}
        if method == "GET":
            given["variables"] = json.dumps(given["variables"])
        body: dict[str, Any] = {"params": given} if method == "GET" else {"json": given}
        self.response = requests.request(
            method, f"http://{address}", headers=sent, stream=True, timeout=SECONDS, **body
        )
        self._events = self._read()

    def _read(self) -> Iterator[dict[str, str]]:
        event: dict[str, str] = {}
        for line in self.response.iter_lines(chunk_size=1, decode_unicode=True):
            if not line:
                if event:
                    yield event
                event = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(": ")
                event[name.rstrip(":")] = value

    def event(self) -> dict[str, str]:
        """The next event."""
        return next(self._events)

    def next(self) -> tuple[int | None, dict[str, Any]]:
        """The next result with its id."""
        event = self.event()
        assert event["event"] == "next", event
        return int(event["id"]) if "id" in event else None, json.loads(event["data"])

    def ends(self) -> bool:
        """Whether the stream has come to its end, as told."""
        return self.event() == {"event": "complete", "data": ""} and not list(self._events)

    def close(self) -> None:
        self.response.close()


class Socket:
    """A WebSocket of ``graphql-transport-ws``."""

    def __init__(
        self,
        address: str,
        *,
        payload: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        origin: str | None = None,
        protocol: str = "graphql-transport-ws",
        init: bool = True,
        path: str = "/graphql",
    ) -> None:
        self.socket = connect(
            f"ws://{address.removesuffix('/graphql')}{path}",
            subprotocols=[protocol],  # type: ignore[list-item]
            additional_headers=headers,
            max_size=None,
            origin=origin,  # type: ignore[arg-type]
            open_timeout=SECONDS,
            compression=None,
            legacy=True,
        )
        if init:
            self.say(type="connection_init", **({} if payload is None else {"payload": payload}))
            assert self.hear() == {"type": "connection_ack"}

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def hear(self, *, seconds: float = SECONDS) -> dict[str, Any]:
        """The next message but for pings, which are answered."""
        while True:
            message = json.loads(self.socket.recv(timeout=seconds))
            if message["type"] != "ping":
                return message
            self.say(type="pong")

    def subscribe(
        self, query: str, variables: dict[str, Any] | None = None, id_: str = "1"
    ) -> None:
        payload = {"query": query, "variables": variables or {}}
        self.say(id=id_, type="subscribe", payload=payload)

    def next(self, id_: str = "1") -> dict[str, Any]:
        """The next result of an operation."""
        message = self.hear()
        assert (message["type"], message["id"]) == ("next", id_), message
        return message["payload"]

    def close_code(self) -> int:
        """With what code the server closes the connection, which it must."""
        try:
            while True:
                self.socket.recv(timeout=SECONDS)
        except TimeoutError:
            raise AssertionError("still open") from None
        except Exception:  # noqa: BLE001
            return self.socket.close_code or 0

    def close(self) -> None:
        self.socket.close()
