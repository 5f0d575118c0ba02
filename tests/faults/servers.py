"""RabbitMQ, Redis and PostgreSQL of our own, on free ports, each behind a proxy."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from nexus.embedded import DATABASE, SUPERUSER, EmbeddedPostgres, embedded_settings
from tests.faults.programs import Program
from tests.tasks.proxy import Proxy, free_port

# Debian's own commands change to the user rabbitmq, whose node is another one.
DEBIAN_RABBITMQ = Path("/usr/lib/rabbitmq/bin")
PACKAGE = "rabbitmq-server"
# Of a broker that boots on the machine that serves requests, as none does in earnest.
NICENESS = 5
PATIENCE_SECONDS = 120
NO_SPACE_LEFT = "1000000000000000"  # bytes that are to be free, which no disk has
ENOUGH_SPACE = "1000000"


class Server(Protocol):
    """What can be killed and started again, and is reached through a proxy."""

    proxy: Proxy

    def start(self) -> None: ...

    def await_ready(self) -> None: ...

    def kill(self) -> None: ...


class Missing(Exception):
    """A program that is needed is not installed; the message says which and what to do."""


class RabbitMQ:
    """A node with its own name, data, ports and port mapper, apart from the machine's."""

    def __init__(self, folder: Path) -> None:
        home = folder / "rabbitmq"
        home.mkdir()
        (home / "plugins").write_text("[].")
        self._port, mapper_port = free_port(), free_port()
        environment = {
            "PATH": f"{os.environ['PATH']}:/usr/sbin",
            "HOME": str(home),  # where Erlang keeps the secret between node and rabbitmqctl
            "ERL_EPMD_PORT": str(mapper_port),
            "RABBITMQ_NODENAME": "faults@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(home / "data"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
        }
        self._control = _program("rabbitmqctl", PACKAGE)
        self._environment = environment
        self._mapper = Program(
            "epmd",
            [_program("epmd", PACKAGE), "-port", str(mapper_port), "-address", "127.0.0.1"],
            folder=folder,
            environment=environment,
        )
        self._node = Program(
            "rabbitmq",
            [_program("rabbitmq-server", PACKAGE)],
            folder=folder,
            environment=environment,
            niceness=NICENESS,
        )
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}//"
        self.proxy = Proxy(self.url)

    def start(self) -> None:
        self._mapper.start()
        self._node.start()

    def await_ready(self) -> None:
        _await_port(self._port)

    def kill(self) -> None:
        self._node.kill()
        # The machine lets go of the port when the last thread has ended.
        _eventually(lambda: not _listens(self._port), "RabbitMQ did not die.")

    def fill_disk(self) -> None:
        """Raise the alarm that blocks whoever publishes."""
        self._limit_disk(NO_SPACE_LEFT)

    def make_room(self) -> None:
        """End the alarm."""
        self._limit_disk(ENOUGH_SPACE)

    def _limit_disk(self, limit: str) -> None:
        """Does nothing to a node that is down, which forgets the limit anyway."""
        subprocess.run(
            ["nice", self._control, "--node", "faults@localhost", "set_disk_free_limit", limit],
            env=self._environment,
            check=False,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
        )


class Redis:
    """A cache that forgets everything when it is killed."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        options = ["--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self._server = Program(
            "redis",
            [_program("redis-server", "redis-server"), "--port", str(self._port), *options],
            folder=folder,
            environment=dict(os.environ),
        )
        self.proxy = Proxy(f"redis://127.0.0.1:{self._port}/0")

    def start(self) -> None:
        self._server.start()

    def await_ready(self) -> None:
        _await_port(self._port)

    def kill(self) -> None:
        self._server.kill()


class PostgreSQL:
    """The embedded server, whose commits are on the disk before they are confirmed."""

    def __init__(self, folder: Path) -> None:
        self._home = folder / "postgres"
        self._server = EmbeddedPostgres(self._home)
        parts = embedded_settings(folder)
        unix_socket = f"{parts['HOST']}/.s.PGSQL.{parts['PORT']}"
        self.proxy = Proxy(f"postgres://{SUPERUSER}@127.0.0.1/{DATABASE}", unix_socket=unix_socket)

    def start(self) -> None:
        """Start it, and wait until it has recovered."""
        self._server.start()

    def await_ready(self) -> None:
        """`start` has waited."""

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        """Kill every process of it."""
        main = int((self._home / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        for pid in (family := [main, *map(int, children)]):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # The next one would take who is dead and not yet buried for alive.
        for pid in family:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
        # Lets go of the lock by which several processes share one server.
        self.stop()


def _program(name: str, package: str) -> str:
    places = os.pathsep.join([str(DEBIAN_RABBITMQ), os.environ["PATH"], "/usr/sbin"])
    if found := shutil.which(name, path=places):
        return found
    raise Missing(f"There is no {name}. Install it: apt-get install {package}")


def _await_port(port: int) -> None:
    _eventually(lambda: _listens(port), f"Nothing listens on port {port}.")


def _eventually(condition: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
