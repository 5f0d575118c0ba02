from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tasks.models import Job


def eventually(condition: Callable[[], Any], *, seconds: float = 10) -> Any:
    """The condition's value as soon as it is true; a failure when it is not in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(0.02)
    return value


def status_of(job: Job) -> str:
    return Job.objects.values_list("status", flat=True).get(pk=job.pk)
