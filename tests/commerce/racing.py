"""Doing things at the same moment, each on a database connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection


def race(work: Callable[[Any], Any], runners: Sequence[Any]) -> list[Any]:
    """Call ``work`` with each runner at once; the results, or the codes of refusals."""
    start = Barrier(len(runners))

    def run(runner: Any) -> Any:
        try:
            connection.ensure_connection()
            start.wait(timeout=60)
            return work(runner)
        except ValidationError as error:
            return error.error_list[0].code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(runners)) as threads:
        return list(threads.map(run, runners))
