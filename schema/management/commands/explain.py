"""Prints what the read compiler makes of an operation, and how PostgreSQL would run it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from schema.compiler.document import InvalidDocument
from schema.compiler.readable import readable
from schema.compiler.slots import Bindings
from schema.compiler.statement import Plan
from schema.execution import GraphQLRequest, plans_of
from schema.problems import Problem
from users.authentication import viewer_of
from users.models import User
from users.viewer import ANONYMOUS, Viewer

NAME = "nexus_explained"


class Command(BaseCommand):
    """``manage.py explain FILE.graphql [--analyze]``."""

    help = (
        "Print the SQL that an operation compiles to, and PostgreSQL's plan of it. "
        "A mutation is not performed: its payload is planned as if it had made nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and what a request would say besides."""
        parser.add_argument("file", metavar="FILE.graphql", help="the document; - reads it here")
        parser.add_argument("--operation", help="its name, where the document has several")
        parser.add_argument("--variables", default="{}", help="as JSON")
        parser.add_argument("--email", help="of the account that asks; without it, nobody")
        parser.add_argument(
            "--analyze", action="store_true", help="run it, to see true times, rows and buffers"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print all plans of the operation."""
        path = options["file"]
        try:
            text = sys.stdin.read() if path == "-" else Path(path).read_text()
            request = GraphQLRequest(text, options["operation"], json.loads(options["variables"]))
            plans, bindings = plans_of(request, viewer=_viewer(options["email"]))
        except OSError as error:
            raise CommandError(f"Can't read the document: {error}") from error
        except ValueError as error:
            raise CommandError(f"--variables is not JSON: {error}") from error
        except InvalidDocument as error:
            raise CommandError("\n".join(each.message for each in error.problems)) from error
        except Problem as problem:
            raise CommandError(problem.message) from problem
        try:
            for name, plan in plans.items():
                self.stdout.write(f"-- {name}: cost {plan.cost}")
                for refused in plan.problems:
                    self.stdout.write(f"-- refused: {refused['message']}")
                if plan.sql:
                    self._explain(plan, bindings, analyze=options["analyze"])
                else:
                    self.stdout.write("-- asks the database nothing")
            self.stdout.flush()
        except BrokenPipeError:
            # Who reads it, ``head`` say, has enough. What is still buffered goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stdout.fileno())

    def _explain(self, plan: Plan, bindings: Bindings, *, analyze: bool) -> None:
        values = plan.parameters(bindings)
        for number, (slot, value) in enumerate(zip(plan.slots, values, strict=True), 1):
            self.stdout.write(f"-- ${number} {slot.cast}: {value!r}")
        self.stdout.write(readable(plan.sql))
        how = "ANALYZE, BUFFERS" if analyze else "COSTS"
        # A transaction that is rolled back: what only reads has no reason to change anything.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"PREPARE {NAME} AS {plan.sql}")
            try:
                cursor.execute(f"EXPLAIN ({how}) EXECUTE {NAME}{plan.marks}", values)
                for (line,) in cursor.fetchall():
                    self.stdout.write(line)
            finally:
                cursor.execute(f"DEALLOCATE {NAME}")


def _viewer(email: str | None) -> Viewer:
    if email is None:
        return ANONYMOUS
    user = User.objects.of_email(email).first()
    if user is None:
        raise CommandError(f"Nobody has the e-mail address {email}.")
    return viewer_of(user)
