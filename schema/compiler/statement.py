"""The plan of an operation: one prepared statement and what surrounds its columns."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models.sql import Query

from schema.compiler.resolution import Resolution
from schema.compiler.selection import Selected
from schema.compiler.slots import Bindings, Slot

_PLACEHOLDER = re.compile("%[s%]")


@dataclass
class Plan:
    """What is needed to answer an operation's reads for one kind of viewer.

    Attributes:
        pieces: in the order of the response: key, and the position of a column or the bytes of
            its JSON.
        sql: the statement with ``$1`` for the first slot; empty where nothing is read.
        slots: the statement's parameters in their order.
        derivations: what each request computes before its slots are read.
        resolutions: the fields that Python computes from what was read.
        introspected: fields about the schema, answered anew each time.
        problems: errors that every run of the plan answers, such as a denied field.
        cost: rows that the operation may read.
    """

    pieces: list[tuple[str, int | bytes]] = field(default_factory=list)
    sql: str = ""
    slots: list[Slot] = field(default_factory=list)
    derivations: list[Callable[[Bindings], Any]] = field(default_factory=list)
    resolutions: list[Resolution] = field(default_factory=list)
    introspected: list[Selected] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)
    cost: int = 0

    @cached_property
    def marks(self) -> str:
        """The placeholders of an ``EXECUTE``, typed: psycopg2 sends values as literals."""
        marks = ", ".join(f"%s::{slot.cast}" for slot in self.slots)
        return f" ({marks})" if marks else ""

    def derive(self, bindings: Bindings) -> None:
        """Compute what a request's slots read from.

        Raises:
            Problem: a cursor or filter is not valid.
            ShapeChanged: the plan does not fit the request's filter.
        """
        bindings.derived = []
        for derive in self.derivations:
            bindings.derived.append(derive(bindings))

    def parameters(self, bindings: Bindings) -> list[Any]:
        """The statement's values for a request.

        Raises:
            Problem: a cursor or filter is not valid.
        """
        self.derive(bindings)
        return [slot.read(bindings) for slot in self.slots]


def select(expressions: list[Any]) -> tuple[str, list[Slot]]:
    """One ``SELECT`` of the expressions, with constants inlined and slots numbered.

    Constants are part of the plan, and PostgreSQL plans better when it sees them.
    """
    compiler = Query(None).get_compiler(connection=connection)  # type: ignore[arg-type]
    columns, parameters = [], []
    for expression in expressions:
        resolved = expression.resolve_expression(compiler.query)
        sql, inner = compiler.compile(resolved)
        columns.append(sql)
        parameters.extend(inner)
    numbers: dict[tuple[Any, str], int] = {}
    slots: list[Slot] = []
    remaining = iter(parameters)

    def replace(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        value = next(remaining)
        if not isinstance(value, Slot):
            return _quoted(value)
        # The ORM copies expressions, so a slot is known by what it reads.
        known = (value.read, value.cast)
        if known not in numbers:
            slots.append(value)
            numbers[known] = len(slots)
        return f"${numbers[known]}"

    return _PLACEHOLDER.sub(replace, f"SELECT {', '.join(columns)}"), slots


def _quoted(value: Any) -> str:
    """A constant as PostgreSQL writes it."""
    with connection.cursor() as cursor:
        return cursor.mogrify("%s", [value]).decode()
