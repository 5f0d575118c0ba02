"""``make bench``: fill a database, measure, print the report and keep it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import django

from benchmarks.database import ROOT, VAR, database, fill, prepare_environment

PUBLISHED = ROOT / "docs" / "benchmarks.md"
MARK = "<!-- written by make bench -->"


def main() -> None:
    """Parse the options and run."""
    options = _options()
    broker = os.environ.get("CELERY_BROKER_URL", "")  # the servers that are measured have none
    started = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - started:4.0f} s] {what}", file=sys.stderr, flush=True)

    say("Starting the database")
    with database() as own:
        prepare_environment(own)
        django.setup()
        # These import models.
        from benchmarks import alone, dispatch, purchases, report
        from benchmarks.measure import Bench

        fill(own, say)
        results = by_itself = bought = dispatched = None
        if options.only in (None, "reads"):
            bench = Bench(own, seconds=options.seconds, rounds=options.rounds, say=say)
            bench.inspect()
            bench.measure()
            results = bench.results
            by_itself = alone.measure(
                own,
                seconds=options.seconds,
                rounds=options.rounds,
                requests=options.requests,
                say=say,
            )
        if options.only in (None, "checkout"):
            bought = purchases.measure(own, seconds=options.seconds, rounds=options.rounds, say=say)
        if options.only in (None, "jobs"):
            dispatched = dispatch.measure(
                own, url=broker, seconds=options.seconds, rounds=options.rounds, say=say
            )
        text = report.markdown(own, results, by_itself, bought, dispatched)
    print(text)
    kept = VAR / "report.md"
    kept.write_text(text)
    say(f"Kept in {kept.relative_to(ROOT)}")
    if options.publish:
        _publish(PUBLISHED, text)
        say(f"Published in {PUBLISHED.relative_to(ROOT)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=3, help="of each load, at least 1 (default: 3)"
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often each is measured (default: 3)"
    )
    parser.add_argument(
        "--requests",
        type=int,
        default=100_000,
        help="before memory is measured (default: 100000)",
    )
    parser.add_argument(
        "--only", choices=["reads", "checkout", "jobs"], help="measure these alone (default: all)"
    )
    parser.add_argument(
        "--publish", action="store_true", help="write the report into docs/benchmarks.md, too"
    )
    return parser.parse_args()


def _publish(page: Path, text: str) -> None:
    """Put the report in place of what stands behind the mark."""
    head, _, _ = page.read_text().partition(MARK)
    page.write_text(f"{head}{MARK}\n\n{text}")


if __name__ == "__main__":
    main()
