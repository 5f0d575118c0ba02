"""Queries that every purchase runs: compiled by the ORM once a process, then only run.

Building and compiling a query costs Django several times what PostgreSQL takes to answer it. Here
the ORM still writes the SQL, so that conditions such as ``visible_to`` stand once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import BooleanField, Field, Func, QuerySet, Value


class IsOneOf(Func):
    """Whether a column is one of a list, as a condition: an ``IN`` of any length."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY ("
    output_field = BooleanField()

    def __init__(self, column: str, values: Any, field: Field, **extra: Any) -> None:
        super().__init__(column, Value(values, ArrayField(field)), **extra)


class Compiled:
    """A query that differs from call to call in the values of its parameters alone.

    Args:
        build: makes the query of one value for each of its keyword arguments. The values must
            not decide its shape, and must reach PostgreSQL as they are.
        samples: a value for each argument that is like no other parameter of the query, by which
            its places among the parameters are found.
    """

    def __init__(self, build: Callable[..., QuerySet], **samples: Any) -> None:
        self._build = build
        self._samples = samples
        self._compiled: tuple[str, list[Any], list[tuple[int, str]]] | None = None

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """The rows, as PostgreSQL's driver gives them: JSON as its text."""
        sql, parameters = self.bound(**values)
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()

    def bound(self, **values: Any) -> tuple[str, list[Any]]:
        """The SQL and its parameters, such as ``Manager.raw`` takes them."""
        sql, parameters, places = self._compiled or self._compile()
        parameters = parameters.copy()
        for position, name in places:
            parameters[position] = values[name]
        return sql, parameters

    def _compile(self) -> tuple[str, list[Any], list[tuple[int, str]]]:
        sql, parameters = self._build(**self._samples).query.sql_with_params()
        places = [
            (position, name)
            for position, parameter in enumerate(parameters)
            for name, sample in self._samples.items()
            if type(parameter) is type(sample) and parameter == sample
        ]
        if {name for _, name in places} != self._samples.keys():
            raise ValueError(f"A parameter is missing in {sql}")
        self._compiled = sql, list(parameters), places
        return self._compiled
