"""From selected fields to one SQL statement with numbered parameters.

The planner walks the selection and builds ORM expressions; every query of rows starts in
``Planner.rows``, so that none can leave out ``visible_to``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import models
from django.db.models import Case, F, OuterRef, QuerySet, Value, When
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
)

from schema.compiler import readings as reads
from schema.compiler.connection import connection
from schema.compiler.json import (
    Count,
    Decimals,
    GlobalId,
    IsoTime,
    Json,
    JsonList,
    JsonRow,
    text,
    text_literal,
)
from schema.compiler.limits import exceeded
from schema.compiler.mapping import Mapping
from schema.compiler.page import Page
from schema.compiler.plain import plain
from schema.compiler.resolution import MARK, Resolution
from schema.compiler.selection import Selected, Selection
from schema.compiler.slots import Bindings, Slot, cast_of
from schema.problems import Problem
from users.viewer import Viewer

Path = tuple[str, ...]

# What a list without a page size counts for in an operation's cost.
_UNPAGED = 10


def symbolic(viewer: Viewer) -> Viewer:
    """The viewer with slots in place of values: the plan then serves every viewer of the kind."""

    def slot(name: str, cast: str) -> Slot | None:
        if getattr(viewer, name) is None:
            return None
        return Slot(lambda bindings: getattr(bindings.viewer, name), cast)

    return Viewer(
        user_id=slot("user_id", "bigint"),
        permissions=viewer.permissions,
        cart_token=slot("cart_token", "text"),
        order_token=slot("order_token", "text"),
        job_ids=slot("job_ids", "uuid[]"),
    )


@dataclass
class Planner:
    """Builds the expressions of one operation for one kind of viewer.

    Attributes:
        bindings: the request that the plan is first built for; decides the plan's structure
            (which arguments are given, page sizes, orders), never its values.
        derivations: what each request computes before its slots are read.
        resolutions: the fields that Python computes from what was read.
        cost: rows that the operation may read, by the page sizes.
    """

    mapping: Mapping
    selection: Selection
    viewer: Viewer
    bindings: Bindings
    max_page_size: int
    max_cost: int
    derivations: list[Callable[[Bindings], Any]] = field(default_factory=list)
    resolutions: list[Resolution] = field(default_factory=list)
    cost: int = 0

    def charge(self, rows: int) -> None:
        """Count rows that the operation may read.

        Raises:
            Problem: they are too many. The rest is not planned: planning takes its time, too.
        """
        self.cost += rows
        if self.cost > self.max_cost:
            what = f"The operation may read over {self.max_cost} rows"
            raise exceeded("max_cost", what, self.max_cost)

    # --- rows ---------------------------------------------------------------------------------

    def rows(self, model: type[models.Model], *, part: bool = False) -> QuerySet:
        """The rows of a model that the viewer may see; all where they are parts of a seen row."""
        manager: Any = model._default_manager
        return manager.all() if part else manager.visible_to(self.viewer)

    def related(
        self, model: type[models.Model], relation: str, *, part: bool
    ) -> tuple[type[models.Model], QuerySet]:
        """The rows at the other end of a relation, correlated with the row around them."""
        end: Any = model._meta.get_field(relation)
        target = end.related_model
        rows = self.rows(target, part=part)
        if end.many_to_one or (end.one_to_one and end.concrete):
            return target, rows.filter(pk=OuterRef(end.attname))
        if end.many_to_many:
            return target, rows.filter(**{end.remote_field.name: OuterRef("pk")})
        return target, rows.filter(**{end.field.attname: OuterRef("pk")})

    # --- arguments ----------------------------------------------------------------------------

    def arguments(self, selected: Selected) -> dict[str, Any]:
        """The argument values of the request that the plan is built for."""
        return self.bindings.arguments(selected.definition, selected.nodes[0])

    def argument_slot(self, selected: Selected, name: str) -> Slot | None:
        """A slot for an argument; None where it is absent or null. Ids become keys."""
        value = self.arguments(selected).get(name)
        if value is None:
            return None
        definition, node = selected.definition, selected.nodes[0]
        cast = cast_of(value)
        written = _written(definition, node, name)
        # Coerced already: to read all of the field's arguments would take longer, and would keep
        # the parsed field in memory as long as the plan.
        if isinstance(written, VariableNode) and written.name.value in self.bindings.variables:
            variable = written.name.value
            return Slot(lambda bindings: bindings.variables[variable], cast)
        if not isinstance(written, ListValueNode | ObjectValueNode):
            return Slot(lambda bindings: value, cast)
        return Slot(lambda bindings: bindings.arguments(definition, node)[name], cast)

    def derived(self, derive: Callable[[Bindings], Any]) -> Callable[[Bindings], Any]:
        """Have each request compute something once; the answer reads it."""
        at = len(self.derivations)
        self.derivations.append(derive)
        return lambda bindings: bindings.derived[at]

    # --- fields -------------------------------------------------------------------------------

    def row(
        self,
        type_: GraphQLObjectType,
        nodes: tuple[Any, ...],
        model: type[models.Model],
        path: Path,
        times: int,
    ) -> Any:
        """The JSON object of a row of ``model``."""
        pairs: dict[str, Any] = {}
        for selected in self.selection.of(type_, nodes):
            pairs[selected.key] = self.field(type_, selected, model, (*path, selected.key), times)
        return self.object(pairs)

    def object(self, pairs: dict[str, Any]) -> Any:
        """What stands for an object with these members."""
        return Json(pairs)

    def identifier(self, key: str, type_name: str) -> Any:
        """What stands for a row's id."""
        return GlobalId(F(key), type_name=type_name)

    def field(  # noqa: C901 - one case for each kind of reading
        self,
        type_: GraphQLObjectType,
        selected: Selected,
        model: type[models.Model],
        path: Path,
        times: int,
    ) -> Any:
        """The expression of one field of a row of ``model``."""
        if selected.definition is None:
            return text_literal(type_.name)
        read = self.mapping.read(type_.name, selected.name)
        definition = selected.definition
        match read:
            case reads.Column(source):
                if source is None:
                    source = self.mapping.python_name(type_.name, selected.name)
                elif callable(source):
                    source = source(self.viewer)
                return encode(source, definition.type)
            case reads.Computed(compute):
                names = [arg.out_name or name for name, arg in definition.args.items()]
                slots = {name: self.argument_slot(selected, name) for name in names}
                return encode(compute(slots), definition.type)
            case reads.GlobalId(key):
                return self.identifier(key, type_.name)
            case reads.Embedded():
                return self.embedded(read, definition, selected.nodes)
            case reads.ToOne(relation, part):
                target, rows = self.related(model, relation, part=part)
                child = self.object_type(definition.type)
                self.charge(times)
                return JsonRow(
                    rows.values(json=self.row(child, selected.nodes, target, path, times))
                )
            case reads.ToMany():
                return self.to_many(read, selected, model, path, times)
            case reads.Resolved():
                return self.resolved(read, selected, path)
            case reads.OneOf(choose):
                child = self.object_type(definition.type)
                target = self.mapping.models[child.name]
                self.charge(times)
                value = self.row(child, selected.nodes, target, path, times)
                return JsonRow(choose(self.rows(target)).values(json=value)[:1])
            case reads.RelatedCount(node, narrow):
                return Count(narrow(self.rows(node()._meta.model)))
            case reads.Connected():
                return self.connected(read, selected, model, path, times)
        raise TypeError(f"{type_.name}.{selected.name} has no mapping.")

    def embedded(
        self, read: reads.Embedded, definition: GraphQLField, nodes: tuple[Any, ...]
    ) -> Any:
        """The JSON object of expressions of the row around it."""
        type_ = self.object_type(definition.type)
        pairs: dict[str, Any] = {}
        for selected in self.selection.of(type_, nodes):
            if selected.definition is None:
                pairs[selected.key] = text_literal(type_.name)
                continue
            source = read.sources[self.mapping.python_name(type_.name, selected.name)]
            pairs[selected.key] = (
                self.embedded(source, selected.definition, selected.nodes)
                if isinstance(source, reads.Embedded)
                else encode(source, selected.definition.type)
            )
        if read.present is None:
            return self.object(pairs)
        return Case(When(read.present, then=self.object(pairs)), output_field=models.JSONField())

    def resolved(self, read: reads.Resolved, selected: Selected, path: Path) -> Json:
        """The values that a field resolved in Python is made of; it takes their place later."""
        definition, node = selected.definition, selected.nodes[0]

        def finish(values: list[Any], bindings: Bindings) -> list[Any]:
            answers = read.resolve(values, **bindings.arguments(definition, node))
            return [
                plain(answer, definition.type, selected.nodes, self.selection) for answer in answers
            ]

        number = len(self.resolutions)
        self.resolutions.append(Resolution(path, number, finish))
        values = {key: F(of) if isinstance(of, str) else of for key, of in read.sources.items()}
        return Json({MARK: Value(number), **values})

    def to_many(
        self,
        read: reads.ToMany,
        selected: Selected,
        model: type[models.Model],
        path: Path,
        times: int,
    ) -> JsonList:
        """The JSON list of related rows."""
        child = self.object_type(selected.definition.type)
        if read.relation is None:
            target = self.mapping.models[child.name]
            rows = self.rows(target, part=read.part)
        else:
            target, rows = self.related(model, read.relation, part=read.part)
        if read.rows is not None:
            rows = read.rows(rows)
        size = self.page_size(self.arguments(selected).get("first"), "first", path)
        times *= size or _UNPAGED
        self.charge(times)
        value = self.row(child, selected.nodes, target, path, times)
        return JsonList(rows.order_by(*read.order_by).values(json=value)[:size])

    def connected(
        self,
        read: reads.Connected,
        selected: Selected,
        model: type[models.Model] | None,
        path: Path,
        times: int,
    ) -> Page | Count | JsonList:
        """A connection, of related rows or, at the root, of all that the viewer may see."""
        target, rows = self.connected_rows(read, selected, model)
        return connection(self, read, selected, target, rows, path, times)

    def connected_rows(
        self, read: reads.Connected, selected: Selected, model: type[models.Model] | None
    ) -> tuple[type[models.Model], QuerySet]:
        """The rows that a connection is a page of, before its arguments narrow them."""
        if read.relation is not None and model is not None:
            return self.related(model, read.relation, part=read.part)
        nodes = self.object_type(selected.definition.type).fields["nodes"]
        target = self.mapping.models[get_named_type(nodes.type).name]
        return target, self.rows(target, part=read.part)

    def object_type(self, type_: GraphQLOutputType) -> GraphQLObjectType:
        """The object type inside lists and non-nulls."""
        named: Any = get_named_type(type_)
        return named

    def page_size(self, size: int | None, name: str, path: Path) -> int | None:
        """A page size within the limits.

        Raises:
            Problem: it is negative or larger than a page may be.
        """
        if size is None:
            return None
        if size < 0:
            raise Problem(
                "BAD_USER_INPUT", f"`{name}` must not be negative.", path=list(path), argument=name
            )
        if size > self.max_page_size:
            raise Problem(
                "LIMIT_EXCEEDED",
                f"`{name}` must be at most {self.max_page_size}.",
                path=list(path),
                limit="max_page_size",
            )
        return size

    # --- the root and payloads ----------------------------------------------------------------

    def one(self, read: reads.One, selected: Selected, path: Path) -> JsonRow:
        """A root field that answers one row."""
        child = self.object_type(selected.definition.type)
        model = self.mapping.models[child.name]
        names = [arg.out_name or name for name, arg in selected.definition.args.items()]
        slots = {name: self.argument_slot(selected, name) for name in names}
        held = {
            key: make(slot)
            for key, (name, make) in read.holds.items()
            if (slot := slots[name]) is not None
        }
        # For the row itself and what is below it, not for the fields beside it.
        holder = replace(self, viewer=self.viewer.holding(**held))
        rows = read.rows(holder.rows(model), slots, holder.viewer)
        value = holder.row(child, selected.nodes, model, path, 1)
        self.cost = holder.cost
        self.charge(1)
        return JsonRow(rows.values(json=value)[:1])

    def entity(self, selected: Selected, name: str, path: Path) -> JsonRow | JsonList:
        """A payload field: the row or rows that the mutation made."""
        child = self.object_type(selected.definition.type)
        model = self.mapping.models[child.name]
        value = self.row(child, selected.nodes, model, path, 1)
        rows = self.rows(model)
        if isinstance(get_nullable_type(selected.definition.type), GraphQLList):
            keys = Slot(lambda bindings: bindings.payload.get(name), "bigint[]")
            return JsonList(rows.filter(pk__in=keys).order_by("pk").values(json=value))
        key = Slot(lambda bindings: bindings.payload.get(name), "bigint")
        return JsonRow(rows.filter(pk=key).values(json=value))


def _written(definition: GraphQLField, node: FieldNode, name: str) -> ValueNode | None:
    """What stands for a field's argument; None where its default does."""
    for written in node.arguments:
        argument = definition.args[written.name.value]
        if name == (argument.out_name or written.name.value):
            return written.value
    return None


def encode(source: Any, type_: Any) -> Any:
    """An expression whose JSON is what graphql-core would serialise the value to."""
    expression = F(source) if isinstance(source, str) else source
    if isinstance(get_nullable_type(type_), GraphQLList):
        return expression
    match get_named_type(type_).name:
        case "DateTime":
            return IsoTime(expression)
        case "Decimal" | "ID" | "UUID":
            return text(expression)
        case "Float":
            return Decimals(expression)
    return expression
