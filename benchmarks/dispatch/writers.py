"""What it costs writers that the relay learns of their jobs: by looking, or by being notified."""

from __future__ import annotations

import time
from statistics import median

from benchmarks.database import Database
from benchmarks.floor import pgbench

CLIENTS = 8
_WRITE = """
BEGIN;
INSERT INTO tasks_job (public_id, kind, key, kwargs, queue, status, attempts, dispatches,
                       version, progress, error, request_id, not_before, created_at)
VALUES (gen_random_uuid(), 'nexus.try_out', '', '{}', 'default', 'SUCCEEDED', 0, 0,
        1, 0, '', '', now(), now());
%sCOMMIT;
"""


def look(*, rounds: int) -> float:
    """Seconds of one look of the relay's for jobs that are due."""
    from django.utils import timezone

    from tasks.relay import is_anything_due

    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        is_anything_due(timezone.now())
        times.append(time.perf_counter() - began)
    return median(times)


def with_notify(own: Database, *, seconds: float, rounds: int) -> float:
    """How many times the rate without a NOTIFY that with one is: the median of the rounds."""

    def rate(notify: str) -> float:
        return pgbench(_WRITE % notify, own, clients=CLIENTS, seconds=seconds)

    return median(rate("NOTIFY jobs;\n") / rate("") for _ in range(rounds))
