"""Reads what REST answers by the compiler that reads for GraphQL: one statement, bytes spliced in.

A `Resource` joins a GraphQL type to the serializer that says what REST shows of it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from django.db import models
from django.db.models import F
from graphql import DocumentNode, get_named_type, parse
from rest_framework import serializers

from nexus.api.selection import SELF, selection_of
from schema.compiler import readings as reads
from schema.compiler.filters import shape_of
from schema.compiler.json import Count, JsonList, JsonRow
from schema.compiler.page import Page
from schema.compiler.plan import Path, Planner, symbolic
from schema.compiler.run import run
from schema.compiler.selection import Selected, Selection
from schema.compiler.slots import Bindings, Slot, cast_of
from schema.compiler.statement import Plan
from schema.execution import composed, finished, plan_key, plans, viewer_kind
from schema.problems import Problem
from tasks.errors import Rejected
from users.viewer import Viewer

# What a page selects in front of its rows; of an answer, no more than this is parsed.
_PAGE_INFO = "page_info: pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
_RESULTS = b', "results" : '


@dataclass(frozen=True)
class Query:
    """Which page of a list is asked for.

    Attributes:
        arguments: of the connection, by GraphQL's names, those that are given: ``first``,
            ``after``, ``sort``; ``filter`` as its FilterSet has cleaned it.
        shown: the selection of the fields to show.
        counted: whether all rows are to be counted.
    """

    arguments: dict[str, Any]
    shown: str
    counted: bool = False

    def shape(self) -> Hashable:
        """What of the arguments decides the plan."""
        given = self.arguments
        kept = tuple(given.get(name) for name in ("first", "last", "sort"))
        has_words = bool(given.get("search", "").strip())
        return kept, tuple(sorted(given)), has_words, shape_of(dict(given.get("filter", {})))


@dataclass(frozen=True)
class Rows:
    """A page of a list.

    Attributes:
        results: the JSON list.
        count: how many rows there are in all, where that was asked for.
        after: the cursor behind which more rows follow.
        before: the cursor in front of which rows precede.
    """

    results: bytes
    count: int | None
    after: str | None
    before: str | None


@dataclass(frozen=True)
class Resource:
    """What REST shows of a GraphQL type.

    Attributes:
        type_name: the GraphQL type.
        serializer: whose fields are shown.
        listed_by: the path of the connection whose rows lists hold, such as ``products`` or
            ``viewer.messages``.
    """

    type_name: str
    serializer: type[serializers.Serializer]
    listed_by: str = ""

    def column(self, name: str) -> Any:
        """A column of the type's model."""
        options = composed()[1].models[self.type_name]._meta
        return options.pk if name == "pk" else options.get_field(name)

    def row(self, viewer: Viewer, *, shown: str = "", **key: Any) -> bytes | None:
        """The JSON of the row with this value in a unique column; None where none is visible.

        Args:
            shown: the selection of the fields to show; empty: all.
        """
        ((column, value),) = key.items()

        def expression(planner: Planner, document: DocumentNode) -> Any:
            model, row = self._planned(planner, document)
            slot = Slot(lambda bindings: bindings.payload[column], cast_of(value))
            return JsonRow(planner.rows(model).filter(**{column: slot}).values(json=row)[:1])

        bindings = Bindings({}, viewer, payload={column: value})
        return _read(self._row_text(shown), (column, cast_of(value)), bindings, expression)

    def each(self, viewer: Viewer, keys: list[int]) -> bytes | None:
        """The JSON list of those of the rows with these primary keys that the viewer may see."""

        def expression(planner: Planner, document: DocumentNode) -> Any:
            model, row = self._planned(planner, document)
            slot = Slot(lambda bindings: bindings.payload["keys"], "bigint[]")
            rows = planner.rows(model).filter(pk__in=slot).order_by("pk")
            return JsonList(rows.values(json=row))

        bindings = Bindings({}, viewer, payload={"keys": keys})
        return _read(self._row_text(), "keys", bindings, expression)

    def rows(self, viewer: Viewer, query: Query) -> Rows:
        """A page of the list.

        Raises:
            ValidationError: ``INVALID_CURSOR`` where it is damaged, or of another list or order.
        """

        def expression(planner: Planner, document: DocumentNode) -> Any:
            (selected,) = planner.selection.root(document.definitions[0])  # type: ignore[arg-type]
            read = planner.mapping.read("Query", selected.name)
            if isinstance(read, reads.One):
                return planner.one(read, selected, ())
            return planner.connected(read, selected, None, (), 1)

        text = self._list_text(query)
        try:
            body = _read(text, query.shape(), Bindings(query.arguments, viewer), expression)
        except Problem as problem:
            field = problem.extensions.get("argument", "")
            raise Rejected(problem.code, problem.message, field=field) from problem
        # Cursors are base64: nothing that a row says can look like the results' beginning.
        head, _, results = (body or b"").partition(_RESULTS)
        known = json.loads(head + b"}")
        info = known["page_info"]
        return Rows(
            results=results[:-1],
            count=known.get("count"),
            after=info["endCursor"] if info["hasNextPage"] else None,
            before=info["startCursor"] if info["hasPreviousPage"] else None,
        )

    @cached_property
    def connection(self) -> reads.Connected:
        """How its list is read."""
        schema, mapping = composed()
        type_: Any = schema.query_type
        *above, name = self.listed_by.split(".")
        for part in above:
            type_ = get_named_type(type_.fields[part].type)
        return mapping.read(type_.name, name)

    def _planned(self, planner: Planner, document: DocumentNode) -> tuple[type[models.Model], Any]:
        """The type's model, and the expression of a row of it."""
        model = planner.mapping.models[self.type_name]
        type_: Any = planner.mapping.schema.type_map[self.type_name]
        return model, planner.row(type_, document.definitions, model, (), 1)

    def _row_text(self, shown: str = "") -> str:
        shown = shown or selection_of(self.serializer)
        return f"fragment Row on {self.type_name} {{ {shown} }}"

    def _list_text(self, query: Query) -> str:
        *above, name = self.listed_by.split(".")
        arguments = ", ".join(f"{each}: ${each}" for each in sorted(query.arguments))
        count = "count: totalCount " if query.counted else ""
        rows = f"results: nodes {{ {query.shown} }}"
        page = f"{name}({arguments}) {{ {count}{_PAGE_INFO} {rows} }}"
        for part in reversed(above):
            page = f"{part} {{ {SELF}: {page} }}"
        return f"{{ {page} }}"


class RowPlanner(Planner):
    """Plans rows as REST shows them: with keys for ids, and objects of one member ``_`` as it."""

    def object(self, pairs: dict[str, Any]) -> Any:
        """The member ``_`` itself, or the JSON object."""
        return pairs[SELF] if pairs.keys() == {SELF} else super().object(pairs)

    def identifier(self, key: str, type_name: str) -> Any:
        """The row's own key."""
        return F(key)

    def connected(
        self,
        read: reads.Connected,
        selected: Selected,
        model: type[models.Model] | None,
        path: Path,
        times: int,
    ) -> Page | Count | JsonList:
        """A page; of a row's connection, where ``_`` is ``nodes`` or a count, this itself."""
        type_ = self.object_type(selected.definition.type)
        member, *others = self.selection.of(type_, selected.nodes)
        if others or member.key != SELF:
            return super().connected(read, selected, model, path, times)
        target, rows = self.connected_rows(read, selected, model)
        if member.name == "totalCount":
            return Count(rows)
        sort = next(iter(read.sorts.values()))
        order = [F(key).desc() if sort.descending else F(key).asc() for key in sort.keys]
        node = self.object_type(member.definition.type)
        value = self.row(node, member.nodes, target, path, times)
        return JsonList(rows.order_by(*order).values(json=value))


@lru_cache(maxsize=200)
def _parsed(text: str) -> DocumentNode:
    return parse(text, no_location=True)


def _read(
    text: str,
    shape: Hashable,
    bindings: Bindings,
    expression: Callable[[Planner, DocumentNode], Any],
) -> bytes | None:
    """The column that an expression gives, planned once for each text, shape and kind of viewer."""
    key = plan_key(text, "", "REST", shape, viewer_kind(bindings.viewer))
    plan = plans.get(key)
    if plan is None:
        schema, mapping = composed()
        planner = RowPlanner(
            mapping=mapping,
            selection=Selection(schema, {}, bindings.variables),
            viewer=symbolic(bindings.viewer),
            bindings=bindings,
            max_page_size=sys.maxsize,
            max_cost=sys.maxsize,
        )
        plan = finished(planner, Plan(), [expression(planner, _parsed(text))])
        plans.put(key, plan, weight=len(plan.sql))
    (column,) = run(plan, bindings)
    return column
