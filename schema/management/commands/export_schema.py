"""Writes the schema in GraphQL's definition language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from graphql import print_schema

from schema.execution import composed

PATH = Path(__file__).resolve().parents[2] / "schema.graphql"


class Command(BaseCommand):
    """``manage.py export_schema [--check]``."""

    help = (
        "Write schema/schema.graphql, the API's definition, which is kept in version control so "
        "that every change of the API shows in review."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """One flag."""
        parser.add_argument(
            "--check",
            action="store_true",
            help="write nothing; fail where the file does not match the code",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print, then write or compare."""
        schema, _ = composed()
        text = print_schema(schema) + "\n"
        name = PATH.relative_to(PATH.parents[1])
        if not options["check"]:
            PATH.write_text(text)
            self.stdout.write(f"Wrote {name}: {len(schema.type_map)} types.")
        elif not PATH.exists() or PATH.read_text() != text:
            raise CommandError(f"{name} does not match the code. Run `make schema`, commit it.")
        else:
            self.stdout.write(f"{name} matches the code.")
