"""Telling the database that a job is still being worked on, and how far it is."""

from __future__ import annotations

import logging
import threading
from contextvars import ContextVar, copy_context
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from tasks.models import Job

logger = logging.getLogger(__name__)

_current: ContextVar[Heartbeat | None] = ContextVar("heartbeat", default=None)

# Seconds between two writes of a job's progress.
PROGRESS_INTERVAL = 0.25


def report_progress(percent: int) -> None:
    """Show how far the running job is, in percent; outside a job this does nothing.

    Everybody sees it at once, even while the job's own transaction is open: another thread
    writes it, on a connection of its own, and no more often than people can read.
    """
    if heartbeat := _current.get():
        heartbeat.report(percent)


class Heartbeat:
    """Renews a job's lease in a thread while the body of a ``with`` runs.

    Three times a lease, so that one lost beat costs nothing. Most jobs end before the first.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._progress: int | None = None
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(
            # In this context, which tells the log whose lease it is.
            target=copy_context().run,
            args=[self._run],
            name=f"heartbeat {job}",
            daemon=True,
        )

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _current.reset(self._token)
        self.stop()
        self._thread.join()

    def stop(self) -> None:
        """Begin no further beat: to be called before the end of the job is written down.

        Does not wait for a beat that has begun, which may wait for the caller's own transaction.
        """
        self._stop.set()
        self._wake.set()

    def report(self, percent: int) -> None:
        """Have the next beat, which comes at once, carry the progress."""
        self._progress = max(0, min(100, int(percent)))
        self._wake.set()

    def _run(self) -> None:
        interval = settings.JOB_LEASE.total_seconds() / 3
        try:
            while True:
                self._wake.wait(interval)
                self._wake.clear()
                if self._stop.is_set():
                    return
                self._beat()
                self._stop.wait(min(PROGRESS_INTERVAL, interval))
        finally:
            connections.close_all()

    def _beat(self) -> None:
        changes: dict[str, object] = {"lease_expires_at": timezone.now() + settings.JOB_LEASE}
        progress, self._progress = self._progress, None
        if progress is not None:
            changes["progress"] = progress
        try:
            held = Job.objects.filter(
                pk=self._job.pk, run_id=self._job.run_id, status=Job.Status.RUNNING
            )
            is_held = held.update(**changes) if progress is None else held.change(**changes)
        except DatabaseError as error:
            logger.warning("Job %s: its lease could not be renewed: %s", self._job, error)
            connections.close_all()
        else:
            # A beat that was overtaken by the end of its own job finds the lease given back.
            if not is_held and not self._stop.is_set():
                logger.warning("Job %s: this run has lost its lease", self._job)
