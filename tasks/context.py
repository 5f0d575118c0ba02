"""What every log line and every job carries from the request that caused it."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")
# The job that this worker is running, and the task that it is.
job_id: ContextVar[str] = ContextVar("job_id", default="")
task: ContextVar[str] = ContextVar("task", default="")

_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def new_request_id(presented: str | None = None) -> str:
    """The id that the caller presented where it is a plain word, else a new random one."""
    if presented and _ACCEPTABLE.fullmatch(presented):
        return presented
    return secrets.token_hex(16)
