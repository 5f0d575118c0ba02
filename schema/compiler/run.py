"""Runs a plan on the thread's database connection and answers the columns as bytes."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import psycopg2
from django.db import OperationalError, ProgrammingError, connection
from psycopg2 import extensions

from schema.compiler.prepared import JSON_BYTES, Prepared, is_forgotten
from schema.compiler.slots import Bindings
from schema.compiler.statement import Plan

_prepared: WeakKeyDictionary[Any, Prepared] = WeakKeyDictionary()


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
        prepared = _prepared[raw] = Prepared()
    name, first = prepared.named(plan.sql)
    if first:
        _prepare(raw, prepared, plan.sql, first)
    with connection.cursor() as cursor:
        extensions.register_type(JSON_BYTES, cursor.cursor)
        cursor.execute(f"EXECUTE {name}{plan.marks}", values)
        return list(cursor.fetchone())


def _prepare(raw: Any, prepared: Prepared, sql: str, commands: str) -> None:
    try:
        with raw.cursor() as cursor:
            cursor.execute(commands)
    except psycopg2.Error:
        prepared.forget(sql)
        raise


def _worth_another_try(sql: str, error: Exception) -> bool:
    if is_forgotten(error):
        _prepared[connection.connection].forget(sql)
        return True
    if connection.connection is not None and connection.connection.closed:
        connection.close()
        return True
    return False
