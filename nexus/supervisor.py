"""Runs several programs side by side, under one terminal and one fate."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

# Seconds that a program has to end by itself before it is killed.
GRACE = 15
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Service:
    """A program to run, and the name that its output goes under."""

    name: str
    command: Sequence[str]


class Supervisor:
    """The services as running processes, each in a process group of its own.

    A terminal's Ctrl-C therefore reaches the supervisor alone, which stops them in order; and
    what a service leaves behind is found by its group.
    """

    def __init__(self, services: Sequence[Service], *, output: TextIO) -> None:
        self._services = services
        self._output = output
        self._width = max(len(service.name) for service in services)
        self._processes: list[tuple[Service, subprocess.Popen[str]]] = []
        self._readers: list[threading.Thread] = []

    def start(self) -> None:
        """Start every service, in the order given."""
        die_with_us = _die_with_parent() if sys.platform == "linux" else None
        for service in self._services:
            process = subprocess.Popen(
                service.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
                preexec_fn=die_with_us,
            )
            self._processes.append((service, process))
            reader = threading.Thread(target=self._pass_on, args=(service, process), daemon=True)
            reader.start()
            self._readers.append(reader)

    def ended(self) -> tuple[str, int] | None:
        """The name and exit code of a service that has ended, if any has."""
        for service, process in self._processes:
            if (code := process.poll()) is not None:
                return service.name, code
        return None

    def stop(self, *, grace: float = GRACE) -> list[str]:
        """End every service and what it started; the names of those that had to be killed."""
        for _, process in self._processes:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + grace
        killed = []
        for service, process in self._processes:
            try:
                process.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                killed.append(service.name)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for reader in self._readers:
            reader.join(timeout=1)
        return killed

    def say(self, line: str) -> None:
        """Write one line, whole, whatever the services write meanwhile."""
        # Where nobody reads any more, stopping cleanly still matters.
        with suppress(OSError):
            self._output.write(f"{line}\n")
            self._output.flush()

    def _pass_on(self, service: Service, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None  # noqa: S101  (it is a pipe)
        with process.stdout as lines:
            for line in lines:
                self.say(f"{service.name:<{self._width}} | {line.rstrip()}")


def stop_with_parent(interval: float = 0.5) -> None:
    """Send this process SIGTERM when its parent dies, or is interrupted and merely waits for us.

    For a program run by `make`, which passes SIGTERM on but neither SIGKILL nor a SIGINT that
    was sent to it alone.
    """
    parent = os.getppid()
    awaited_before = _blocks_interrupts(parent)

    def watch() -> None:
        while os.getppid() == parent and (awaited_before or not _blocks_interrupts(parent)):
            time.sleep(interval)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _blocks_interrupts(process: int) -> bool:
    """Whether that process holds SIGINT back, as `make` does from the first one on (Linux)."""
    with suppress(OSError):
        status = Path(f"/proc/{process}/status").read_text()
        if mask := re.search(r"^SigBlk:\s*([0-9a-f]+)", status, re.MULTILINE):
            return bool(int(mask[1], 16) >> (signal.SIGINT - 1) & 1)
    return False


def _die_with_parent() -> Callable[[], None]:
    """What a child must call to get SIGTERM when we die, even of SIGKILL (Linux)."""
    prctl = ctypes.CDLL(None).prctl  # loaded here: after the fork only the call itself is safe

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    return ask
