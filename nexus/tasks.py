"""The project's own background task."""

from __future__ import annotations

from typing import Any

from tasks.job import job_task


@job_task("nexus.try_out")
def try_out(**kwargs: Any) -> None:
    """Do nothing: that it ran shows that relay, broker and worker work together."""
