"""``manage.py check_invariants``: whether the shop's books agree."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from nexus.invariants import INVARIANTS
from tasks.invariants import check

WIDTH = max(len(invariant.name) for invariant in INVARIANTS)
DESCRIPTION = f"""\
Check what must always hold between the shop's rows and no constraint can say.

Reads only, in one snapshot, so that it may run beside a shop that is selling. Prints each
invariant, and below it each violation with its ids and the numbers that disagree.

invariants:
{chr(10).join(f"  {each.name:{WIDTH}}  {each.description}" for each in INVARIANTS)}

exit status:
  0   everything agrees
  1   at least one violation
  2   wrong arguments, or the database can't be read

examples:
  manage.py check_invariants
  manage.py check_invariants --only stock_movements --only allocated_stock
"""


class Command(BaseCommand):
    """Checks every domain's invariants and says what breaks them."""

    help = DESCRIPTION

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Keep the description's lines as they are."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        """Which invariants, and how much to print."""
        parser.add_argument(
            "--only",
            action="append",
            choices=[invariant.name for invariant in INVARIANTS],
            metavar="NAME",
            help="check this one alone; may be repeated (default: all)",
        )
        parser.add_argument(
            "--limit",
            type=int,
            default=100,
            metavar="N",
            help="print at most N violations of each (default: 100)",
        )

    def handle(self, *, only: list[str] | None, limit: int, **options: Any) -> None:
        """Check, report, and leave with the status that ``--help`` tells."""
        if limit < 1:
            raise CommandError("--limit must be at least 1.", returncode=2)
        wanted = [each for each in INVARIANTS if only is None or each.name in only]
        broken = 0
        try:
            # One more than is printed, to know whether there are more.
            for invariant, violations in check(wanted, limit=limit + 1):
                mark = "FAIL" if violations else "ok"
                self.stdout.write(f"{mark:4}  {invariant.name:{WIDTH}}  {invariant.description}")
                for violation in violations[:limit]:
                    self.stdout.write(f"      {violation}")
                if len(violations) > limit:
                    self.stdout.write(f"      and more; --limit {10 * limit} shows them")
                broken += bool(violations)
        except Error as error:
            raise CommandError(f"The database can't be read: {error}", returncode=2) from error
        if broken:
            raise CommandError(f"{broken} of {len(wanted)} invariants are broken.", returncode=1)
        self.stdout.write(f"All {len(wanted)} invariants hold.")
