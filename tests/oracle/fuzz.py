"""``make fuzz-oracle``: compares the compiler's answers with the oracle's, many thousand times.

Each process has a database of its own, and each shop in it gets a few hundred operations.
"""

from __future__ import annotations

import argparse
import os
import queue
import secrets
import signal
import sys
import time
from contextlib import nullcontext
from multiprocessing import get_context
from typing import Any

SHARD = 500
MOST_REPORTS = 5


def main() -> int:
    """Run; 1 where answers differed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="how many operations")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    # An ordinary exit takes the other processes along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seeds = range(options.seed, options.seed + -(-options.count // SHARD))
    _say(f"{len(seeds) * SHARD:,} operations from seed {options.seed}\n")
    _set_up()
    with _server():
        return _run(list(seeds), min(options.processes, len(seeds)))


def _run(seeds: list[int], processes: int) -> int:
    context = get_context("spawn")
    waiting, done = context.Queue(), context.Queue()
    for seed in [*seeds, *[None] * processes]:
        waiting.put(seed)
    workers = [
        context.Process(target=_work, args=(number, waiting, done), daemon=True)
        for number in range(processes)
    ]
    for worker in workers:
        worker.start()
    began = time.monotonic()
    totals = {"operations": 0, "requests": 0, "answered": 0}
    reports: list[str] = []
    for at in range(1, len(seeds) + 1):
        tally = _next(done, workers)
        if isinstance(tally, str):
            reports.append(tally)
            _say(f"\n\n{tally}\n\n" if len(reports) <= MOST_REPORTS else "")
        else:
            for name in totals:
                totals[name] += getattr(tally, name)
        speed = totals["operations"] / (time.monotonic() - began)
        _say(
            f"\r{at}/{len(seeds)} shops, {totals['operations']:,} operations, "
            f"{totals['requests']:,} requests ({totals['answered']:,} with data), "
            f"{len(reports)} with differences, {speed:.0f}/s "
        )
    for worker in workers:
        worker.join()
    _say("\n")
    return 1 if reports else 0


def _next(done: Any, workers: list[Any]) -> Any:
    """What is reported next, as long as everybody is there to report."""
    while True:
        try:
            return done.get(timeout=5)
        except queue.Empty:
            if any(worker.exitcode for worker in workers):
                sys.exit("A process died.")


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()


def _server() -> Any:
    """The embedded PostgreSQL, where no other is named."""
    from django.conf import settings

    from nexus.embedded import EmbeddedPostgres
    from tests.conftest import UNSAFE_BUT_FAST

    if settings.DATABASE_URL:
        return nullcontext()
    return EmbeddedPostgres(settings.VAR / "postgres", parameters=UNSAFE_BUT_FAST)


def _work(number: int, waiting: Any, done: Any) -> None:
    """Take seeds until there is none, and report on each."""
    _set_up()
    from django.db import connection, transaction

    from tests.oracle.session import compare

    name = f"test_{connection.settings_dict['NAME']}_fuzz{number}"
    connection.settings_dict["TEST"]["NAME"] = name
    own = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        while (seed := waiting.get()) is not None:
            try:
                with transaction.atomic():
                    done.put(compare(seed=seed, operations=SHARD))
                    transaction.set_rollback(True)
            except Exception as error:  # noqa: BLE001 - it is told, and the other shops go on
                done.put(f"{type(error).__name__}: {error}")
    finally:
        connection.creation.destroy_test_db(own, verbosity=0)


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
