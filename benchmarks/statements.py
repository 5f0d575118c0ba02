"""Counts what a server sends to PostgreSQL, BEGIN and SAVEPOINT included: a proxy in between."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from benchmarks.database import Database

_NO_ENCRYPTION = {80877103: b"N", 80877104: b"N"}
# A text to run, or the execution of something bound: one statement each.
_STATEMENTS = {b"Q", b"E"}


class Counter:
    """How many statements have gone through, and which.

    Attributes:
        texts: those that came as one text, as psycopg2 sends all; kept where ``keeps`` is set.
    """

    def __init__(self, *, keeps: bool = False) -> None:
        self.statements = 0
        self.keeps = keeps
        self.texts: list[str] = []
        self._lock = threading.Lock()

    def add(self, code: bytes, body: bytes) -> None:
        """Count a message that runs a statement."""
        with self._lock:
            self.statements += 1
            if self.keeps and code == b"Q":
                self.texts.append(body.rstrip(b"\0").decode())


@contextmanager
def counted(database: Database, *, keeps: bool = False) -> Iterator[tuple[Database, Counter]]:
    """A way to the same database that counts, and keeps the statements' texts, meanwhile."""
    counter = Counter(keeps=keeps)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, database, counter), daemon=True).start()
        yield replace(database, host="127.0.0.1", port=listener.getsockname()[1]), counter
        # Wakes the thread that accepts, which closing alone does not.
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, database: Database, counter: Counter) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = _connect(database)
        threading.Thread(target=_forward, args=(client, server, counter), daemon=True).start()
        threading.Thread(target=_copy, args=(server, client), daemon=True).start()


def _connect(database: Database) -> socket.socket:
    if not database.host.startswith("/"):
        return socket.create_connection((database.host, database.port))
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{database.host}/.s.PGSQL.{database.port}")
    return server


def _forward(client: socket.socket, server: socket.socket, counter: Counter) -> None:
    """From the client to the server, message by message."""
    stream = client.makefile("rb")
    try:
        while True:
            head = stream.read(8)
            code = struct.unpack("!i", head[4:])[0]
            if code not in _NO_ENCRYPTION:
                break
            client.sendall(_NO_ENCRYPTION[code])
        server.sendall(head + stream.read(struct.unpack("!i", head[:4])[0] - 8))
        while head := stream.read(5):
            body = stream.read(struct.unpack("!i", head[1:])[0] - 4)
            if head[:1] in _STATEMENTS:
                counter.add(head[:1], body)
            server.sendall(head + body)
    except (OSError, struct.error):
        pass
    finally:
        _end(server)


def _copy(server: socket.socket, client: socket.socket) -> None:
    """From the server to the client, as it comes."""
    try:
        while part := server.recv(65536):
            client.sendall(part)
    except OSError:
        pass
    finally:
        _end(client)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
