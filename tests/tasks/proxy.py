"""A TCP proxy in front of a server, that a test can take away, freeze, slow down and cut."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

# Closing discards what is unsent and answers with a reset.
ABRUPTLY = struct.pack("ii", 1, 0)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Proxy:
    """Stands for the server at a URL; `open`, `freeze`, `slow_down`, `cut` and `close` it at will.

    ``unix_socket`` is where the server listens, if it is not at the URL's host and port.
    """

    def __init__(self, url: str, *, unix_socket: str | None = None) -> None:
        parts = urlsplit(url)
        self._target = unix_socket or (parts.hostname, parts.port)
        self._port = free_port()
        login = parts.netloc.rpartition("@")[0]
        self.url = urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{self._port}"))
        self._flows = threading.Event()
        self._flows.set()
        self._delay = 0.0
        self._listener: socket.socket | None = None
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._start(self._accept, self._listener)

    def close(self) -> None:
        """Refuse connections and break those that are open."""
        if self._listener is not None:
            _break(self._listener)
        self.thaw()
        self.cut()

    def cut(self) -> None:
        """Break the connections that are open."""
        with self._lock:
            for each in self._sockets:
                _break(each)
            self._sockets.clear()

    def freeze(self) -> None:
        """Keep connections, old and new, but pass nothing on."""
        self._flows.clear()

    def thaw(self) -> None:
        self._flows.set()

    def slow_down(self, seconds: float) -> None:
        """Pass on each piece of what is sent so much later; 0 for no later."""
        self._delay = seconds

    def _start(self, work, *arguments) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                try:
                    server = self._connect()
                except OSError:
                    client.close()
                    continue
                with self._lock:
                    self._sockets |= {client, server}
                self._start(self._pump, client, server)
                self._start(self._pump, server, client)

    def _connect(self) -> socket.socket:
        if isinstance(self._target, tuple):
            return socket.create_connection(self._target)
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._target)
        return server

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            if sink.family == socket.AF_INET:
                sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := source.recv(65536):
                if self._delay:
                    time.sleep(self._delay)
                self._flows.wait()
                sink.sendall(data)
        with self._lock:
            for each in (source, sink):
                self._sockets.discard(each)
                _break(each)


def _break(connection: socket.socket) -> None:
    with suppress(OSError):
        if connection.family == socket.AF_INET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABRUPTLY)
        # Wakes who waits for data, which closing alone would not.
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
