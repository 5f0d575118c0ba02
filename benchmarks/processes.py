"""Servers as processes: started, awaited, stopped, and what they take of the machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

PATIENCE_SECONDS = 60.0
# Of one core; who takes less does nothing but wait.
IDLE_SHARE = 0.15
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class ServerFailed(Exception):
    """A server did not come up; the message holds what it printed."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def server(
    command: Sequence[str], *, port: int, environment: Mapping[str, str], folder: Path
) -> Iterator[int]:
    """Run a server of 127.0.0.1 meanwhile; gives its process id.

    Raises:
        ServerFailed: it ended, or does not listen on ``port`` in time.
    """
    with program(command, environment=environment, folder=folder) as (process, output):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                output.seek(0)
                raise ServerFailed(f"{' '.join(command)}\n{output.read()}")
            time.sleep(0.1)
        yield process.pid


@contextmanager
def program(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], TextIO]]:
    """Run a program meanwhile; gives the process and what it prints."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process, output
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server with all that it started."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def cpu_seconds(root: int) -> float:
    """The CPU time of a process and of all below it, those that have ended included."""
    ticks = 0
    for pid in _family(root):
        try:
            fields = _stat(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
        # utime, stime, and those of children that have ended.
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / _TICKS_A_SECOND


def settle(root: int) -> None:
    """Wait until the processes below ``root`` are done with what they were asked."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    before = cpu_seconds(root)
    while time.monotonic() < deadline:
        time.sleep(0.2)
        after = cpu_seconds(root)
        if after - before < IDLE_SHARE * 0.2:
            return
        before = after


def resident_bytes(root: int) -> int:
    """The memory that the largest process of a family holds: its worker."""
    return max(
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
        for pid in _family(root)
    )


def parent_of(pid: int) -> int:
    """The process that started this one."""
    return int(_stat(pid)[1])


def _family(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            children.setdefault(parent_of(int(path.name)), []).append(int(path.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    family = [root]
    for pid in family:
        family += children.get(pid, [])
    return family


def _stat(pid: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` behind the command's name, from the state on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
