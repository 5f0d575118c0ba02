"""What must always hold between rows and no constraint can say, checked by set-based SQL.

Each domain declares its own, ``catalog.invariants`` and ``commerce.invariants``;
``manage.py check_invariants`` checks them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """Something that holds in every committed state of the database.

    Attributes:
        name: what operators call it, in lower case with underscores.
        description: what holds, as a sentence.
        query: a ``SELECT`` of the rows that break it, the ids first; a function that makes SQL
            and parameters where the text alone is not enough.
    """

    name: str
    description: str
    query: str | Callable[[], tuple[str, Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Violation:
    """A row that breaks an invariant: the columns that its query selects."""

    invariant: Invariant
    values: dict[str, Any]

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.values.items())


def check(
    invariants: Iterable[Invariant], *, limit: int | None = None
) -> Iterator[tuple[Invariant, list[Violation]]]:
    """Check each invariant; all see one moment of a shop that goes on selling.

    That takes a transaction of its own. Inside a transaction of the caller's they see what it
    sees, statement by statement.

    Args:
        limit: at most so many violations of each; None for all.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # A large shop takes longer than a request may.
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        for invariant in invariants:
            query = invariant.query
            sql, parameters = (query, None) if isinstance(query, str) else query()
            cursor.execute(sql, parameters)
            names = [column[0] for column in cursor.description]
            rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit)
            yield (
                invariant,
                [Violation(invariant, dict(zip(names, row, strict=True))) for row in rows],
            )


def violations_of(invariants: Iterable[Invariant]) -> list[str]:
    """What breaks the invariants, each as ``name: column=value ...``; empty where all hold."""
    return [
        f"{invariant.name}: {violation}"
        for invariant, violations in check(invariants)
        for violation in violations
    ]
