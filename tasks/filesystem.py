"""kombu's filesystem transport, made safe for several processes in one folder.

The transport as it comes writes a message into the file that readers look for, so that a reader
may find half of it, and creates an exchange's table without a lock, so that two processes that
start together may lose a binding. Here a message appears whole and disappears by a rename, and
tables are changed under a lock.
"""

from __future__ import annotations

import fcntl
import time
import uuid
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

SCHEME = "folder"
# Seconds that a wait for messages lasts at most: a worker looks only between two whether to stop.
LONGEST_WAIT = 0.2
TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"


def folder_options(folder: Path, *, keep: timedelta) -> dict[str, Any]:
    """kombu's transport options for messages under ``folder``, which is made where missing.

    What processes that were killed have left in it is cleared away.

    Args:
        keep: how long a message that is being written or read counts as alive; the job of one
            that a reader took along into its death is sent again anyway.
    """
    folders = {
        "data_folder_in": folder / "messages",
        "data_folder_out": folder / "messages",
        "processed_folder": folder / "taken",
        "control_folder": folder / "exchanges",
    }
    for path in folders.values():
        path.mkdir(parents=True, exist_ok=True)
    _clear_away(folders["processed_folder"], time.time() - keep.total_seconds())
    # A second between two looks, kombu's default, would be most of a job's waiting.
    return {name: str(path) for name, path in folders.items()} | {"polling_interval": 0.02}


def _clear_away(folder: Path, before: float) -> None:
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # Somebody else may be done with it.
            # When it was moved here: it may have waited for long before.
            if path.stat().st_ctime < before:
                path.unlink()


class Channel(filesystem.Channel):
    """A channel whose messages and tables other processes never see half written."""

    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]
        # The name's time puts messages in order, also across a restart of the machine.
        name = f"{time.time_ns():020}_{uuid.uuid4()}"
        draft = Path(self.processed_folder, name)
        draft.write_text(dumps(payload))
        draft.rename(Path(self.data_folder_out, f"{name}.{queue}.msg"))

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for path in sorted(Path(self.data_folder_in).glob(f"*.{queue}.msg")):
            if path.name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = Path(self.processed_folder, path.name)
            # Somebody else may have been quicker.
            with suppress(FileNotFoundError):
                path.rename(taken)
                message = loads(taken.read_text())
                taken.unlink()
                return message
        raise Empty

    def _queue_bind(self, *args: Any) -> None:
        with Path(self.control_folder, "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            super()._queue_bind(*args)


class Transport(filesystem.Transport):
    """kombu's filesystem transport with our channel."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **options: Any) -> Any:
        """Handle messages, or raise ``socket.timeout`` when none came for a short while."""
        wait = LONGEST_WAIT if timeout is None else min(timeout, LONGEST_WAIT)
        return super().drain_events(connection, timeout=wait, **options)
