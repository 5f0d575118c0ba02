"""``make run`` from the outside: up, in use, down, and nothing left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
FIRST_RUN_SECONDS = 150
LATER_RUN_SECONDS = 10
STOP_SECONDS = 30


class Shop:
    """A ``make run`` of our own, its data in ``var``."""

    def __init__(self, var: Path, port: int) -> None:
        self.var = var
        self.url = f"http://127.0.0.1:{port}"
        # Nothing of what the suite itself runs under.
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE", "LOG_LEVEL", "MAKEFLAGS"}
        } | {"VAR_DIR": str(var), "PORT": str(port)}
        self.make = subprocess.Popen(
            ["make", "run"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.make.stdout is not None
        with self.make.stdout as lines:
            self.lines.extend(line.rstrip() for line in lines)

    def await_ready(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while f"Nexus is ready: {self.url}/graphql" not in self.lines:
            assert self.make.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Signal `make` alone, and wait for its end."""
        self.make.send_signal(number)
        self.make.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def processes(self) -> dict[int, str]:
        """Every process, however far down, that this run or its database consists of."""
        var = os.fsencode(self.var)
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                environment = (process / "environ").read_bytes()
                command = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if b"VAR_DIR=" + var in environment or var in command:
                found[int(process.name)] = command.replace(b"\0", b" ").decode()
        return found

    def is_gone(self) -> bool:
        deadline = time.monotonic() + 5
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        return not self.processes()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def run_shop(var: Path, free_port: int) -> Iterator[Callable[[], Shop]]:
    shops: list[Shop] = []

    def run() -> Shop:
        shops.append(Shop(var, free_port))
        return shops[-1]

    yield run
    for shop in shops:
        if shop.make.poll() is None:
            shop.stop()
        for process in shop.processes():
            os.kill(process, signal.SIGKILL)


def products_of(shop: Shop) -> int:
    response = requests.post(
        f"{shop.url}/graphql",
        json={"query": "{ products(first: 50) { edges { node { id } } } }"},
        timeout=10,
    )
    response.raise_for_status()
    return len(response.json()["data"]["products"]["edges"])


def test_runs_stops_and_runs_again_on_the_same_data(run_shop):
    shop = run_shop()
    shop.await_ready(FIRST_RUN_SECONDS)
    ready = shop.lines.index(f"Nexus is ready: {shop.url}/graphql")
    pictures = sum("make_thumbnails" in line for line in shop.lines[:ready])
    assert pictures >= 60, "the addresses stand below what the sample's jobs have logged"

    assert products_of(shop) == 50
    page = requests.get(f"{shop.url}/graphql", headers={"Accept": "text/html"}, timeout=10)
    assert "graphiql" in page.text
    for file in ["react.production.min.js", "react-dom.production.min.js", "graphiql.min.js"]:
        assert requests.get(f"{shop.url}/static/graphiql/{file}", timeout=10).status_code == 200
    for path in ["/admin/login/", "/api/docs/"]:
        assert requests.get(f"{shop.url}{path}", timeout=10).status_code == 200
    for promise in ["customer@example.com", "staff@example.com", f"{shop.url}/admin/"]:
        assert promise in shop.output
    assert any(line.startswith("api    | ") for line in shop.lines)
    assert any(line.startswith("worker | ") for line in shop.lines)

    second = run_shop()
    second.make.wait(30)
    second._reader.join(5)
    assert second.make.returncode != 0
    complaints = [line for line in second.lines if "in use" in line]
    assert len(complaints) == 1
    assert "Starting" not in second.output
    assert requests.get(f"{shop.url}/readyz", timeout=10).ok, "the first goes on"

    assert len(shop.processes()) >= 4
    shop.stop(signal.SIGTERM)
    assert shop.is_gone(), shop.processes()
    assert "Nexus has stopped." in shop.output

    again = run_shop()
    again.await_ready(LATER_RUN_SECONDS)
    assert "Loading" not in again.output
    assert products_of(again) == 50
    again.stop(signal.SIGINT)
    assert again.is_gone(), again.processes()


def test_stopping_while_it_starts_leaves_nothing(run_shop):
    shop = run_shop()
    while not any("Starting the database" in line for line in shop.lines):
        assert shop.make.poll() is None, shop.output
        time.sleep(0.02)
    shop.stop()
    assert shop.is_gone(), shop.processes()


def test_when_one_part_dies_all_stop_and_it_says_which(run_shop):
    shop = run_shop()
    shop.await_ready(FIRST_RUN_SECONDS)
    relay = next(process for process, command in shop.processes().items() if " relay" in command)
    os.kill(relay, signal.SIGKILL)
    shop.make.wait(STOP_SECONDS)
    shop._reader.join(STOP_SECONDS)
    assert shop.make.returncode != 0
    assert "The relay ended (exit code -9), so all is stopped." in shop.output
    assert shop.is_gone(), shop.processes()
