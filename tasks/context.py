"""What every log line and every job carries from the request that caused it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks.models import Job

request_id: ContextVar[str] = ContextVar("request_id", default="-")
# The job that this worker is running, and the task that it is.
job_id: ContextVar[str] = ContextVar("job_id", default="")
task: ContextVar[str] = ContextVar("task", default="")

_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


@contextmanager
def about(job: Job) -> Iterator[None]:
    """Have the lines that are logged meanwhile carry the job's id, task and request."""
    values = {job_id: str(job.public_id), task: job.kind, request_id: job.request_id or "-"}
    tokens = {variable: variable.set(value) for variable, value in values.items()}
    try:
        yield
    finally:
        for variable, token in tokens.items():
            variable.reset(token)


def new_request_id(presented: str | None = None) -> str:
    """The id that the caller presented where it is a plain word, else a new random one."""
    if presented and _ACCEPTABLE.fullmatch(presented):
        return presented
    return secrets.token_hex(16)
