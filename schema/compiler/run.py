"""Runs a plan on the thread's database connection and answers the columns as bytes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any
from weakref import WeakKeyDictionary

import psycopg2
from django.db import OperationalError, ProgrammingError, connection
from psycopg2 import extensions

from schema.compiler.slots import Bindings
from schema.compiler.statement import Plan

# Each kept statement costs PostgreSQL memory, so each connection keeps only the latest.
_KEPT_STATEMENTS = 200

# json arrives as the bytes that PostgreSQL sent; the response takes them as they are.
_JSON_BYTES = extensions.new_type((114,), "JSON_BYTES", extensions.BYTES)

_UNDEFINED_STATEMENT = "26000"
_CHANGED_RESULT = "0A000"


class _Prepared:
    """The prepared statements of one connection, least recently used first."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, str] = OrderedDict()
        self._made = 0

    def name_of(self, raw: Any, sql: str) -> str:
        """The statement's name, prepared now where it is not."""
        if name := self._names.get(sql):
            self._names.move_to_end(sql)
            return name
        self._made += 1
        name = f"nexus_{self._made}"
        with raw.cursor() as cursor:
            cursor.execute(f"PREPARE {name} AS {sql}")
            if len(self._names) >= _KEPT_STATEMENTS:
                _, oldest = self._names.popitem(last=False)
                cursor.execute(f"DEALLOCATE {oldest}")
        self._names[sql] = name
        return name

    def forget(self, sql: str) -> None:
        """Have the statement prepared anew next time."""
        self._names.pop(sql, None)


_prepared: WeakKeyDictionary[Any, _Prepared] = WeakKeyDictionary()


def run(plan: Plan, bindings: Bindings) -> list[bytes | None]:
    """The columns of the plan's one row.

    A connection that broke, or a statement that the server forgot, is tried once more, unless a
    transaction of the caller's was lost with it.

    Raises:
        Problem: a cursor or filter is not valid.
        django.db.Error: the database could not answer.
    """
    if not plan.sql:
        return []
    values = plan.parameters(bindings)
    try:
        return _execute(plan, values)
    except (OperationalError, ProgrammingError, psycopg2.Error) as error:
        if connection.in_atomic_block or not _worth_another_try(plan.sql, error):
            raise
    return _execute(plan, values)


def _execute(plan: Plan, values: list[Any]) -> list[bytes | None]:
    connection.ensure_connection()
    raw = connection.connection
    prepared = _prepared.get(raw)
    if prepared is None:
        prepared = _prepared[raw] = _Prepared()
    name = prepared.name_of(raw, plan.sql)
    with connection.cursor() as cursor:
        extensions.register_type(_JSON_BYTES, cursor.cursor)
        cursor.execute(f"EXECUTE {name}{plan.marks}", values)
        return list(cursor.fetchone())


def _worth_another_try(sql: str, error: Exception) -> bool:
    cause = error.__cause__ if isinstance(error.__cause__, psycopg2.Error) else error
    if getattr(cause, "pgcode", None) in {_UNDEFINED_STATEMENT, _CHANGED_RESULT}:
        _prepared[connection.connection].forget(sql)
        return True
    if connection.connection is not None and connection.connection.closed:
        connection.close()
        return True
    return False
