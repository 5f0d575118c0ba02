"""``manage.py import_products``: the command's words around ``catalog.csv_import``."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from catalog.csv_import import ImportReport, UnreadableFile, import_products
from catalog.csv_import.importer import FORMATS

DESCRIPTION = """\
Create and update products from a CSV file.

A product is known by its handle, a variant by its SKU or, without one, by its option values.
Importing a file again changes nothing. A product with a bad row is left out whole and every bad
cell is reported; all other products go in. Nothing is fetched: pictures keep their addresses.
Pictures that were uploaded stay.

formats:
  auto      find out from the header
  shopify   Shopify's product export; needs the columns Handle, Title and Variant Price

exit status:
  0   every product went in, or was there already
  1   at least one product failed
  2   the file can't be read; nothing was written

examples:
  manage.py import_products products.csv --dry-run
  manage.py import_products products.csv
  manage.py import_products old-export.csv --encoding windows-1252
"""
PROGRESS_EVERY = 100


class Command(BaseCommand):
    """Imports products and says what became of each."""

    help = DESCRIPTION

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Keep the description's lines as they are."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        """The file and how to read it."""
        parser.add_argument("file", type=Path, metavar="FILE", help="the CSV file")
        parser.add_argument(
            "--dry-run", action="store_true", help="check and count everything, write nothing"
        )
        parser.add_argument(
            "--format", choices=FORMATS, default="auto", help="how to read it (default: auto)"
        )
        parser.add_argument(
            "--encoding", default="utf-8", help="the file's text encoding (default: utf-8)"
        )

    def handle(self, *, file: Path, dry_run: bool, **options: Any) -> None:
        """Import the file, report, and leave with the status that ``--help`` tells."""
        try:
            report = import_products(
                content=file.read_bytes(),
                file_format=options["format"],
                encoding=options["encoding"],
                dry_run=dry_run,
                now=timezone.now(),
                on_progress=self._progress,
            )
        except OSError as error:
            raise CommandError(f"Can't read {file}: {error.strerror}", returncode=2) from error
        except UnreadableFile as error:
            raise CommandError(f"Can't read {file}: {error}", returncode=2) from error
        for problem in report.errors:
            column = f", column {problem.column}" if problem.column else ""
            handle = f" ({problem.handle})" if problem.handle else ""
            self.stderr.write(
                f"line {problem.line}{column}: {problem.code} {problem.message}{handle}"
            )
        self.stdout.write(_summary(report, dry_run=dry_run))
        if report.failed:
            raise CommandError(
                f"{_count(report.failed, 'product')} failed. Correct the lines above and run the "
                "same command again: what is in already is left alone.",
                returncode=1,
            )

    def _progress(self, done: int, total: int) -> None:
        if done % PROGRESS_EVERY == 0 and done < total:
            self.stderr.write(f"{done} of {total} products")


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _summary(report: ImportReport, *, dry_run: bool) -> str:
    total = report.created + report.updated + report.unchanged + report.failed
    counts = (
        f"{_count(total, 'product')} in {_count(report.rows, 'row')}: {report.created} created, "
        f"{report.updated} updated, {report.unchanged} unchanged, {report.failed} failed."
    )
    if dry_run:
        return f"Dry run. {counts}\nNothing was written. Run it without --dry-run to import."
    if report.created or report.updated:
        return f"{counts}\nThe shop shows the published ones now; edit them at /admin/."
    if report.failed:
        return f"{counts}\nNothing was changed."
    return f"{counts}\nNothing was changed: the catalogue holds all of the file already."
