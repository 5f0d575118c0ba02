"""SQL expressions that build JSON text exactly as graphql-core would serialise it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models import Func, QuerySet, Subquery
from django.db.models.functions import Cast

# json_build_object takes at most 100 arguments.
_PAIRS_A_CALL = 50


class Literal(Func):
    """A piece of SQL that stands for itself, such as ``'Product'::text`` or ``NULL``."""

    def __init__(self, sql: str) -> None:
        super().__init__(output_field=models.JSONField())
        self.sql = sql

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:
        """The text as it is."""
        return self.sql.replace("%", "%%"), []


def text_literal(text: str) -> Literal:
    """A text constant, quoted."""
    quoted = text.replace("'", "''")
    return Literal(f"'{quoted}'::text")


class Json(Func):
    """A JSON object of expressions by key: ``json_build_object``, never ``jsonb``.

    ``json`` keeps the order of the keys, as GraphQL asks, and is about twice as fast to build.
    Keys are response keys, which GraphQL's grammar limits to letters, digits and underscores.
    """

    def __init__(self, pairs: Mapping[str, Any]) -> None:
        super().__init__(*pairs.values(), output_field=models.JSONField())
        self.keys = tuple(pairs)

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:
        """One call, or several whose texts are joined where there are too many pairs."""
        parts, params = [], []
        for key, expression in zip(self.keys, self.get_source_expressions(), strict=True):
            sql, inner = compiler.compile(expression)
            parts.append(f"'{key}', {sql}")
            params.extend(inner)
        return build_object(parts), params


def build_object(pairs: list[str]) -> str:
    """SQL of a JSON object from ``'key', value`` pieces."""
    calls = [
        f"json_build_object({', '.join(pairs[at : at + _PAIRS_A_CALL])})"
        for at in range(0, len(pairs), _PAIRS_A_CALL)
    ] or ["json_build_object()"]
    if len(calls) == 1:
        return calls[0]
    texts = [f"left(right({call}::text, -1), -1)" for call in calls]
    joined = " || ', ' || ".join(texts)
    return f"('{{' || {joined} || '}}')::json"


class _Rows(Subquery):
    """A sub-select that answers ``empty`` where the ORM knows that no row can match."""

    empty = "NULL"

    def as_sql(
        self, compiler: Any, connection: Any, template: str | None = None, **extra: Any
    ) -> tuple[str, Any]:
        """The sub-select, or what it gives without rows."""
        try:
            return super().as_sql(compiler, connection, template, **extra)
        except EmptyResultSet:
            return self.empty, ()


class JsonRow(_Rows):
    """The one column of a query's only row; null where there is none."""

    def __init__(self, rows: QuerySet) -> None:
        super().__init__(rows, output_field=models.JSONField())


class JsonList(_Rows):
    """A JSON list of the one column that a query, perhaps ordered, selects."""

    template = "(SELECT coalesce(json_agg(item.value), '[]'::json) FROM (%(subquery)s) item(value))"
    empty = "'[]'::json"

    def __init__(self, rows: QuerySet) -> None:
        super().__init__(rows, output_field=models.JSONField())


class Count(_Rows):
    """How many rows a query has."""

    template = "(SELECT count(*) FROM (%(subquery)s) counted)"
    empty = "0"

    def __init__(self, rows: QuerySet) -> None:
        super().__init__(rows.order_by().values("pk"), output_field=models.BigIntegerField())


class IsoTime(Func):
    """A time as Python's ``isoformat`` writes it: microseconds only where there are some."""

    def __init__(self, time: Any) -> None:
        super().__init__(time, output_field=models.TextField())

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:
        """``to_char`` with one of two formats."""
        sql, params = compiler.compile(self.get_source_expressions()[0])
        utc = f"({sql}) AT TIME ZONE 'UTC'"
        whole, fine = (
            f"""to_char({utc}, 'YYYY-MM-DD"T"HH24:MI:SS{part}"+00:00"')""" for part in ("", ".US")
        )
        return (
            f"CASE WHEN date_part('microseconds', {sql})::bigint %% 1000000 = 0 "
            f"THEN {whole} ELSE {fine} END",
            [*params, *params, *params],
        )


class Decimals(Func):
    """A number as Python writes a float: its digits, and at least one behind the point."""

    def __init__(self, number: Any) -> None:
        super().__init__(number, output_field=models.DecimalField())

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:
        """``numeric``, which JSON shows with its scale: 4.0 and 4.5, not 4 and 4.50."""
        sql, params = compiler.compile(self.get_source_expressions()[0])
        number = f"({sql})::numeric"
        return f"round({number}, greatest(1, min_scale({number})))", [*params, *params]


class Base64(Func):
    """Text as base64, on one line."""

    template = "replace(encode(convert_to(%(expressions)s, 'UTF8'), 'base64'), E'\\n', '')"

    def __init__(self, text: Any) -> None:
        super().__init__(text, output_field=models.TextField())


class JsonArray(Func):
    """A JSON array of a few expressions."""

    function = "json_build_array"

    def __init__(self, *items: Any) -> None:
        super().__init__(*items, output_field=models.JSONField())


class GlobalId(Func):
    """The opaque id of a row: base64 of ``Type:key``.

    ``encode`` breaks lines at 76 signs; type names and keys are too short for that.
    """

    template = "encode(convert_to('%(type_name)s:' || (%(expressions)s)::text, 'UTF8'), 'base64')"

    def __init__(self, key: Any, *, type_name: str) -> None:
        super().__init__(key, output_field=models.TextField(), type_name=type_name)


def text(expression: Any) -> Cast:
    """An expression as text."""
    return Cast(expression, models.TextField())
