"""``manage.py jobs``: how the background work stands."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from tasks.figures import Figures, figures
from tasks.models import Job

HEADINGS = ("waiting", "oldest", "delayed", "retrying", "running", "failed", "dead", "done/min")


class Command(BaseCommand):
    """Prints a table, one line a queue or a kind."""

    help = (
        "Show the background jobs by queue, or by kind: how many wait for a worker and how long "
        "the oldest has waited, how many are delayed, wait for another attempt, run, were refused "
        "by a rule or are dead, and how many succeeded a minute in the last five. With --dead, "
        "list the last jobs that failed or were given up, and why."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--by", choices=["queue", "kind"], default="queue", help="what a line is"
        )
        parser.add_argument(
            "--dead", type=int, metavar="N", help="list the last N failed or dead jobs instead"
        )

    def handle(self, *, by: str, dead: int | None, **options: Any) -> None:
        """Print the table."""
        if dead is None:
            rows = [_cells(one) for one in figures(by=by, now=timezone.now())]
            self._print([(by, *HEADINGS), *rows])
        else:
            self._print_dead(dead)

    def _print(self, rows: list[tuple[str, ...]]) -> None:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for name, *numbers in rows:
            cells = [f"{cell:>{width}}" for cell, width in zip(numbers, widths[1:], strict=True)]
            self.stdout.write("  ".join([f"{name:<{widths[0]}}", *cells]))

    def _print_dead(self, limit: int) -> None:
        ended = Job.objects.filter(status__in=[Job.Status.FAILED, Job.Status.DEAD])
        for job in ended.order_by("-finished_at", "-id")[: max(limit, 0)]:
            when = job.finished_at.isoformat(timespec="seconds") if job.finished_at else "-"
            self.stdout.write(f"{when}  {job.status:<6}  {job}  {job.error}")


def _cells(one: Figures) -> tuple[str, ...]:
    oldest, rate = f"{one.oldest.total_seconds():.0f} s", f"{one.per_minute:.1f}"
    states = (one.delayed, one.retrying, one.running, one.failed, one.dead)
    return (one.name, str(one.waiting), oldest, *map(str, states), rate)
