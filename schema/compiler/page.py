"""The SQL of a connection: one sub-select over a page, which gives its JSON object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models import Expression, Func, QuerySet

from schema.compiler.json import Count, build_object
from schema.compiler.slots import Slot


class RowCompare(Func):
    """``(a, id) < (x, y)``: the comparison of rows that an index on ``(a, id)`` answers."""

    def __init__(self, keys: list[Any], operator: str, values: list[Slot]) -> None:
        super().__init__(*keys, *values, output_field=models.BooleanField())
        self.size = len(keys)
        self.operator = operator

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:
        """Both rows in parentheses."""
        parts, params = [], []
        for expression in self.get_source_expressions():
            sql, inner = compiler.compile(expression)
            parts.append(sql)
            params.extend(inner)
        left, right = ", ".join(parts[: self.size]), ", ".join(parts[self.size :])
        return f"({left}) {self.operator} ({right})", params


@dataclass(frozen=True)
class Piece:
    """One member of the connection's JSON object.

    ``kind`` is edges, nodes, pageInfo, count or typename; ``fields`` are (key, what) pairs of an
    edge or the page info; ``source`` names a column of the page or a position among the counts.
    """

    key: str
    kind: str
    fields: tuple[tuple[str, str], ...] = ()
    source: Any = None


class Page(Expression):
    """The JSON object of a connection.

    Args:
        rows: the page's query, one row more than the page where ``look_ahead``; None where only
            counts are asked for.
        pieces: the members of the object.
        counts: expressions that do not depend on the page.
        look_ahead: whether one row more is read, to know of a next page.
        size: rows of the page.
        backward: whether ``rows`` run from the page's end to its start.
        given: whether a cursor bounds the page on the side it starts from.
    """

    def __init__(
        self,
        rows: QuerySet | None,
        *,
        pieces: list[Piece],
        counts: list[Any],
        look_ahead: bool,
        size: int,
        backward: bool,
        given: bool,
    ) -> None:
        super().__init__(output_field=models.JSONField())
        self.rows = None if rows is None else _PageRows(rows)
        self.counts = counts
        self.pieces = pieces
        self.size = size
        self.look_ahead = look_ahead
        self.backward = backward
        self.given = given

    def get_source_expressions(self) -> list[Any]:
        """The page's query, where there is one, and the counts."""
        return [*([] if self.rows is None else [self.rows]), *self.counts]

    def set_source_expressions(self, expressions: list[Any]) -> None:
        """Take the resolved expressions in their order."""
        if self.rows is not None:
            self.rows, *expressions = expressions
        self.counts = expressions

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """A sub-select over the page, or a plain object where there is no page."""
        params: list[Any] = []
        counts = []
        for count in self.counts:
            sql, inner = compiler.compile(count)
            counts.append((sql, inner))
        members = []
        for piece in self.pieces:
            sql, inner = self._member(piece, counts)
            members.append(f"'{piece.key}', {sql}")
            params.extend(inner)
        built = build_object(members)
        if self.rows is None:
            return built, params
        source, inner = compiler.compile(self.rows)
        params.extend(inner)
        # Every part was written by the ORM or is a response key; no value is among them.
        numbered = f"(SELECT rows.*, row_number() OVER () AS place FROM {source} rows)"  # noqa: S608
        return f"(SELECT {built} FROM {numbered} page)", params  # noqa: S608

    def _member(self, piece: Piece, counts: list[Any]) -> tuple[str, list[Any]]:
        within = f" FILTER (WHERE page.place <= {self.size})" if self.look_ahead else ""
        # Said even where the page is in order already: since version 16, PostgreSQL sorts the rows
        # for whichever aggregate asks for an order, and those that don't get them so too.
        order = f" ORDER BY page.place{' DESC' if self.backward else ''}"
        match piece.kind:
            case "typename":
                return f"'{piece.source}'::text", []
            case "count":
                return counts[piece.source]
            case "nodes":
                items = f"json_agg(page.{piece.source}{order}){within}"
                return f"coalesce({items}, '[]'::json)", []
            case "edges":
                edge = build_object([f"'{key}', {what}" for key, what in piece.fields])
                return f"coalesce(json_agg({edge}{order}){within}, '[]'::json)", []
        return (
            build_object([f"'{key}', {self._page_info(what)}" for key, what in piece.fields]),
            [],
        )

    def _page_info(self, what: str) -> str:
        more = f"count(*) > {self.size}"
        given = "true" if self.given else "false"
        # An empty page may have looked ahead at one row.
        near = f"max(page.cursor) FILTER (WHERE page.place = {min(self.size, 1)})"
        far = (
            "(array_agg(page.cursor ORDER BY page.place DESC)"
            f" FILTER (WHERE page.place <= {self.size}))[1]"
        )
        ahead, behind = (
            ("hasPreviousPage", "hasNextPage")
            if self.backward
            else (
                "hasNextPage",
                "hasPreviousPage",
            )
        )
        start, end = (far, near) if self.backward else (near, far)
        return {ahead: more, behind: given, "startCursor": start, "endCursor": end}.get(
            what, f"'{what}'::text"
        )


class _PageRows(Count):
    """The page's query itself, in parentheses; a query without rows where none can match."""

    template = "(%(subquery)s)"

    def __init__(self, rows: QuerySet) -> None:
        models.Subquery.__init__(self, rows, output_field=models.JSONField())

    def as_sql(
        self, compiler: Any, connection: Any, template: str | None = None, **extra: Any
    ) -> tuple[str, Any]:
        """The sub-select; typed and empty where the ORM knows that no row can match."""
        try:
            return models.Subquery.as_sql(self, compiler, connection, template, **extra)
        except EmptyResultSet:
            columns = [
                f"NULL::{'text' if name == 'cursor' else 'json'} AS {name}"
                for name in self.query.annotation_select
            ]
            return f"(SELECT {', '.join(columns) or '1'} WHERE false)", ()
