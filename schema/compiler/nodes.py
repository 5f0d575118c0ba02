"""The root fields ``node`` and ``nodes``: rows of any type, by global id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models import Expression, Func
from graphql import get_named_type

from schema.compiler import readings as reads
from schema.compiler.ids import decode_id
from schema.compiler.json import JsonRow
from schema.compiler.selection import Selected
from schema.compiler.slots import Slot, output_field

if TYPE_CHECKING:
    from schema.compiler.plan import Path, Planner


def node(planner: Planner, read: reads.NodeById, selected: Selected, path: Path) -> JsonRow | None:
    """The row of one id. The id says the type, which so belongs to the plan's key."""
    definition, at, name = selected.definition, selected.nodes[0], read.argument
    type_name, _ = decode_id(planner.arguments(selected)[name])
    cast = _cast_of_key(planner, selected, type_name)
    if cast is None:
        return None
    key = Slot(lambda bindings: decode_id(bindings.arguments(definition, at)[name], cast)[1], cast)
    return _row(planner, type_name, key, selected, path, 1)


def nodes(planner: Planner, read: reads.NodesById, selected: Selected, path: Path) -> NodeList:
    """The rows of several ids. The set of their types belongs to the plan's key."""
    definition, at, name = selected.definition, selected.nodes[0], read.argument
    ids = planner.arguments(selected)[name]
    planner.derived(
        lambda bindings: planner.page_size(
            len(bindings.arguments(definition, at)[name]), name, path
        )
    )

    def keys_of(type_name: str, cast: str) -> Slot:
        def keys(bindings: Any) -> list[Any]:
            decoded = [decode_id(each, cast) for each in bindings.arguments(definition, at)[name]]
            return [key if found == type_name else None for found, key in decoded]

        return Slot(keys, f"{cast}[]")

    columns = [Slot(lambda bindings: bindings.arguments(definition, at)[name], "text[]")]
    rows = []
    for type_name in sorted({decode_id(each)[0] for each in ids}):
        cast = _cast_of_key(planner, selected, type_name)
        if cast is not None:
            key = _Key(f"ids.key_{len(columns)}", cast)
            columns.append(keys_of(type_name, cast))
            rows.append(_row(planner, type_name, key, selected, path, planner.max_page_size))
    return NodeList(columns, rows)


def _cast_of_key(planner: Planner, selected: Selected, type_name: str) -> str | None:
    """The PostgreSQL type of the key in a type's ids; None where the field gives no such rows."""
    model = planner.mapping.models.get(type_name)
    schema = planner.mapping.schema
    node: Any = get_named_type(selected.definition.type)
    if model is None or not schema.is_sub_type(node, schema.type_map[type_name]):  # type: ignore[arg-type]
        return None
    name = planner.mapping.read(type_name, "id").key
    field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    return "uuid" if isinstance(field, models.UUIDField) else "bigint"


def _row(
    planner: Planner, type_name: str, key: Any, selected: Selected, path: Path, times: int
) -> JsonRow:
    """The visible row of a type with a key."""
    type_: Any = planner.mapping.schema.type_map[type_name]
    model = planner.mapping.models[type_name]
    rows = planner.rows(model).filter(**{planner.mapping.read(type_name, "id").key: key})
    planner.charge(times)
    return JsonRow(rows.values(json=planner.row(type_, selected.nodes, model, path, times)))


class _Key(Func):
    """A column of the list of ids around a row."""

    def __init__(self, column: str, cast: str) -> None:
        super().__init__(output_field=output_field(cast))
        self.column = column

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:
        """The column's name."""
        return self.column, []


class NodeList(Expression):
    """A JSON list with, for each id, its row or null.

    Args:
        columns: slots of lists: the ids themselves, then the keys of each type.
        rows: for each type, the row whose key is its column.
    """

    def __init__(self, columns: list[Slot], rows: list[JsonRow]) -> None:
        super().__init__(output_field=models.JSONField())
        self.columns: list[Any] = list(columns)
        self.rows: list[Any] = list(rows)

    def get_source_expressions(self) -> list[Any]:
        """Columns, then rows."""
        return [*self.columns, *self.rows]

    def set_source_expressions(self, expressions: list[Any]) -> None:
        """Take the resolved expressions in their order."""
        size = len(self.columns)
        self.columns, self.rows = expressions[:size], expressions[size:]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """One sub-select over the unnested lists."""
        params: list[Any] = []
        rows = []
        for row in self.rows:
            try:
                sql, inner = compiler.compile(row)
            except EmptyResultSet:
                continue
            rows.append(sql)
            params.extend(inner)
        found = f"coalesce({', '.join(rows)})" if rows else "NULL::json"
        lists = []
        for column in self.columns:
            sql, inner = compiler.compile(column)
            lists.append(sql)
            params.extend(inner)
        names = ", ".join(f"key_{at}" for at in range(len(lists)))
        # Every part was written by the ORM or here; no value is among them.
        ids = f"unnest({', '.join(lists)}) WITH ORDINALITY ids({names}, place)"
        sql = f"SELECT coalesce(json_agg({found} ORDER BY ids.place), '[]'::json) FROM {ids}"  # noqa: S608
        return f"({sql})", params
