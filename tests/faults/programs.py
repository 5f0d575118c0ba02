"""Programs that are killed without warning and started again."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
ROOT = Path(__file__).resolve().parents[2]


class Program:
    """One program; what it prints, whichever time it runs, is in one file.

    Args:
        niceness: of its processes, which share this machine with each other.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        niceness: int = 0,
    ) -> None:
        self.name = name
        self._command = ["nice", "-n", str(niceness), *command]
        self._niceness = niceness
        self._environment = {**environment, "PYTHONUNBUFFERED": "1"}
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def start(self) -> None:
        """Start it unless it runs."""
        if self.is_running:
            return
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        prefer(self._process.pid, self._niceness)

    def kill(self) -> None:
        """Kill it and all that it has started."""
        self._signal(signal.SIGKILL)

    def kill_parent(self) -> None:
        """Kill it alone: its children find out by themselves."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def children(self) -> list[int]:
        """The ids of the processes that it has started."""
        if self._process is None:
            return []
        pid = self._process.pid
        with suppress(OSError):
            return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
        return []

    def pause(self) -> None:
        """Stop its processes in whatever they are doing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
        if number == signal.SIGKILL:
            self._process.wait()


def prefer(pid: int | str, niceness: int) -> None:
    """Give a session its share of the processor, which Linux gives to sessions before processes."""
    with suppress(OSError):  # another system, or more than we may ask for
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness))


def adopt_orphans() -> None:
    """Be the parent of whoever loses his, so that he can be waited for (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def kill_all(mark: str) -> None:
    """Kill every process that has ``mark`` in its environment or its command, as a path of ours."""
    deadline = time.monotonic() + 10
    while (found := _marked(os.fsencode(mark))) and time.monotonic() < deadline:
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def _marked(mark: bytes) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        with suppress(OSError):
            if mark in (process / "environ").read_bytes() + (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return found
