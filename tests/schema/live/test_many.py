"""A thousand clients that wait: what they cost, what they get, and how a server leaves them."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets
from django.db import connection

from commerce.models import Order, OrderEvent
from nexus.management.commands.run import api
from tests.schema.shop import OPERATIONS, buy
from tests.tasks.test_processes import _environment
from tests.tasks.waiting import eventually

ROOT = Path(__file__).resolve().parents[3]
ORDER = OPERATIONS["OrderUpdated"]
MEGABYTE = 1_000_000


@pytest.fixture
def server(shop, settings) -> Iterator[subprocess.Popen]:
    """The API as `make run` starts it, on the test's database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.PORT = free.getsockname()[1]
    process = subprocess.Popen(
        api().command,
        cwd=ROOT,
        env=_environment() | {"LOG_LEVEL": "WARNING", "PORT": str(settings.PORT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    eventually(lambda: answers(settings.PORT), seconds=30)
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def memory_of(process: subprocess.Popen) -> int:
    """The bytes that a process has in memory."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


async def in_thread(call: Callable, *arguments: object) -> Any:
    """Use the database beside the event loop."""

    def call_and_close() -> object:
        try:
            return call(*arguments)
        finally:
            connection.close()

    return await asyncio.to_thread(call_and_close)


class Waiting:
    """Clients of one order, half of them by each transport."""

    def __init__(self, port: int, variables: dict) -> None:
        self.address = f"127.0.0.1:{port}"
        self.payload = {"query": ORDER, "variables": variables}
        self.streams: list[asyncio.StreamReader] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.sockets: list[websockets.ClientConnection] = []

    async def open(self, number: int) -> None:
        """Open so many of each and await the first event, which says that they wait."""
        for _ in range(number):
            await self._open_stream()
            await self._open_socket()
        assert await self.sequences() >= {2}

    async def _open_stream(self) -> None:
        host, _, port = self.address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        body = json.dumps(self.payload).encode()
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        self.streams.append(reader)
        self.writers.append(writer)

    async def _open_socket(self) -> None:
        client = await websockets.connect(
            f"ws://{self.address}/graphql", subprotocols=["graphql-transport-ws"], compression=None
        )
        await client.send('{"type": "connection_init"}')
        await client.recv()
        subscribe = {"id": "1", "type": "subscribe", "payload": self.payload}
        await client.send(json.dumps(subscribe))
        self.sockets.append(client)

    async def sequences(self) -> set[int]:
        """The number of each client's next event."""
        async with asyncio.timeout(60):
            return {
                *[await self._next_of_stream(stream) for stream in self.streams],
                *[await self._next_of_socket(client) for client in self.sockets],
            }

    async def _next_of_stream(self, stream: asyncio.StreamReader) -> int:
        while not (line := await stream.readline()).startswith(b"id: "):
            assert line, "the stream has ended"
        return int(line[4:])

    async def _next_of_socket(self, client: websockets.ClientConnection) -> int:
        while (message := json.loads(await client.recv()))["type"] == "ping":
            await client.send('{"type": "pong"}')
        return message["payload"]["data"]["orderUpdated"]["sequence"]

    async def ends(self) -> None:
        """Await that the server has left everybody."""
        async with asyncio.timeout(20):
            for stream in self.streams:
                while await stream.readline():
                    pass
            for client in self.sockets:
                await client.wait_closed()
        for writer in self.writers:
            writer.close()


def test_a_message_is_no_longer_than_a_request(server, settings):
    """Or each of them could have the server keep as much as uvicorn takes: 16 MB, and more wait."""

    async def send() -> int | None:
        async with websockets.connect(
            f"ws://127.0.0.1:{settings.PORT}/graphql", subprotocols=["graphql-transport-ws"]
        ) as client:
            await client.send("x" * (settings.GRAPHQL_LIMITS["max_body_bytes"] + 1))
            await asyncio.wait_for(client.wait_closed(), 10)
            return client.close_code

    too_big = 1009  # RFC 6455, section 7.4.1; ours, once the message were there, is another
    assert asyncio.run(send()) == too_big


def test_a_thousand_cost_little_and_all_are_told(shop, server, settings):
    order = Order.objects.get(token=buy(shop)["order"]["token"])

    def happen(sequence: int) -> None:
        OrderEvent.objects.create(order=order, sequence=sequence, kind="CONFIRMED", message="x")

    async def wait_together() -> None:
        clients = Waiting(settings.PORT, {"token": order.token, "after": 1})
        await clients.open(10)
        before, connected = memory_of(server), await in_thread(connections)

        clients_more = Waiting(settings.PORT, {"token": order.token, "after": 1})
        await clients_more.open(500)
        await asyncio.sleep(1)

        assert memory_of(server) - before < 100 * MEGABYTE
        assert await in_thread(connections) <= connected + 2
        began = time.monotonic()
        await in_thread(happen, 3)
        assert await clients.sequences() == {3}
        assert await clients_more.sequences() == {3}
        assert time.monotonic() - began < 15

        server.terminate()
        await clients.ends()
        await clients_more.ends()
        # Streams that would not end by themselves would take all of the server's patience.
        assert await asyncio.to_thread(server.wait, 4) is not None

    asyncio.run(wait_together())
    output = server.stdout.read()
    assert "Traceback" not in output
    assert "Cancel" not in output
