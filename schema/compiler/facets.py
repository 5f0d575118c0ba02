"""Facets: counts by the values of a connection's filters, as one JSON list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models import Expression, QuerySet, Subquery

from schema.compiler.json import build_object
from schema.compiler.selection import Selected

if TYPE_CHECKING:
    from schema.compiler.plan import Planner

_COLUMNS = ("place", "facet", "title", "value", "caption", "number")

# The GraphQL fields' columns.
_OF_FACET = {"name": "counted.facet", "label": "counted.title"}
_OF_VALUE = {"value": "counted.value", "label": "counted.caption", "count": "counted.number"}


class Facets(Expression):
    """Several queries of counts, grouped by facet into one JSON list.

    Args:
        counts: queries with the columns ``_COLUMNS``.
        members: ``'key', expression`` pieces of a facet's object, over ``counted``.
    """

    def __init__(self, counts: Iterable[QuerySet], members: list[str]) -> None:
        super().__init__(output_field=models.JSONField())
        self.counts: list[Any] = [Subquery(each) for each in counts]
        self.members = members

    def get_source_expressions(self) -> list[Any]:
        """The queries."""
        return self.counts

    def set_source_expressions(self, expressions: list[Any]) -> None:
        """Take the resolved queries."""
        self.counts = expressions

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """One list, by place and name; a facet that counts nothing is left out."""
        parts, params = [], []
        for count in self.counts:
            try:
                sql, inner = compiler.compile(count)
            except EmptyResultSet:
                continue
            parts.append(sql)
            params.extend(inner)
        if not parts:
            return "'[]'::json", []
        # Every part was written by the ORM or is a response key; no value is among them.
        rows = f"({' UNION ALL '.join(parts)}) counted({', '.join(_COLUMNS)})"
        groups = (
            f"SELECT counted.place, counted.facet, {build_object(self.members)} FROM {rows} "  # noqa: S608
            "WHERE counted.value IS NOT NULL GROUP BY counted.place, counted.facet, counted.title"
        )
        items = "coalesce(json_agg(facet.json ORDER BY facet.place, facet.name), '[]'::json)"
        sql = f"(SELECT {items} FROM ({groups}) facet(place, name, json))"  # noqa: S608
        return sql, params


def facets(planner: Planner, selected: Selected, counts: Iterable[QuerySet]) -> Facets:
    """The expression of a connection's facets, with what the operation selects of them."""
    type_ = planner.object_type(selected.definition.type)
    members = []
    for member in planner.selection.of(type_, selected.nodes):
        if member.definition is None:
            members.append(f"'{member.key}', '{type_.name}'::text")
        elif member.name in _OF_FACET:
            members.append(f"'{member.key}', {_OF_FACET[member.name]}")
        else:
            members.append(f"'{member.key}', {_values(planner, member)}")
    return Facets(counts, members)


def _values(planner: Planner, selected: Selected) -> str:
    """A facet's values, the most frequent first."""
    type_ = planner.object_type(selected.definition.type)
    pairs = [
        f"'{member.key}', "
        + (f"'{type_.name}'::text" if member.definition is None else _OF_VALUE[member.name])
        for member in planner.selection.of(type_, selected.nodes)
    ]
    return f"json_agg({build_object(pairs)} ORDER BY counted.number DESC, counted.value)"
