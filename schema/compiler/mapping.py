"""How each field of each GraphQL type is read: declared once, beside the field.

The functions below make graphene fields that carry their mapping. ``check_mapping`` walks the
finished schema at start-up and reports every read field that has none.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as ByName
from typing import Any

import graphene
from django.db import models
from django.db.models import Q, QuerySet
from graphene.utils.str_converters import to_camel_case
from graphene_django import DjangoObjectType
from graphql import GraphQLObjectType, GraphQLSchema

from schema.compiler.readings import (
    Column,
    Computed,
    Connected,
    CountOf,
    Embedded,
    One,
    OneOf,
    RelatedCount,
    Resolved,
    Sort,
    ToMany,
    ToOne,
    TypeRef,
)
from schema.compiler.slots import Slot
from users.viewer import Viewer


class ReadField(graphene.Field):
    """A graphene field that says how it is read."""

    def __init__(self, type_: TypeRef, *, read: Any, permission: Any = None, **options: Any):
        super().__init__(type_, **options)
        self.read = read
        self.permission = permission


class ModelType(DjangoObjectType):
    """An object type whose rows are a model's; its fields are all declared by hand."""

    class Meta:
        abstract = True

    @classmethod
    def __init_subclass_with_meta__(cls, **options: Any) -> None:
        """Take no field from the model on its own: a new column must not become public."""
        super().__init_subclass_with_meta__(
            **{"fields": [], "use_connection": False, "convert_choices_to_enum": False, **options}
        )


def column(
    type_: TypeRef, description: str, *, source: Any = None, required: bool = True, **options: Any
) -> ReadField:
    """A field read from a column; ``source`` is a path or expression, by default the own name."""
    return ReadField(
        type_, read=Column(source), description=description, required=required, **options
    )


def computed(
    type_: TypeRef,
    description: str,
    *,
    source: Callable[[ByName[str, Slot | None]], Any],
    required: bool = True,
    **arguments: Any,
) -> ReadField:
    """A field that PostgreSQL computes from its row and the field's arguments."""
    return ReadField(
        type_, read=Computed(source), description=description, required=required, **arguments
    )


def embedded(
    type_: TypeRef, description: str, *, present: Q | None = None, **sources: Any
) -> ReadField:
    """An object made of expressions of this row; nullable where ``present`` is given."""
    return ReadField(
        type_,
        read=Embedded(sources, present),
        description=description,
        required=present is None,
    )


def resolved(
    type_: TypeRef,
    description: str,
    *,
    resolve: Callable[..., list[Any]],
    required: bool = True,
    sources: ByName[str, Any],
    **arguments: Any,
) -> ReadField:
    """A field that Python computes for all rows at once; the rest stays compiled."""
    return ReadField(
        type_,
        read=Resolved(sources, resolve),
        description=description,
        required=required,
        **arguments,
    )


def to_one(
    type_: TypeRef, description: str, *, relation: str, part: bool = False, required: bool = False
) -> ReadField:
    """The row at the other end of ``relation``, where the viewer may see it."""
    return ReadField(type_, read=ToOne(relation, part), description=description, required=required)


def to_many(
    type_: TypeRef,
    description: str,
    *,
    relation: str | None,
    order_by: tuple[Any, ...],
    part: bool = False,
    rows: Callable[[Any], QuerySet] | None = None,
) -> ReadField:
    """The rows at the other end of ``relation`` as a list."""
    return ReadField(
        lambda: graphene.List(graphene.NonNull(_resolved(type_))),
        read=ToMany(relation, order_by, part, rows),
        description=description,
        required=True,
        first=graphene.Int(description="At most so many."),
    )


def related_count(node: TypeRef, description: str, *, rows: Callable[[Any], QuerySet]) -> ReadField:
    """How many visible rows of ``node`` belong to this one, as ``rows`` says by ``OuterRef``."""
    return ReadField(
        graphene.Int, read=RelatedCount(node, rows), description=description, required=True
    )


def one_of(type_: TypeRef, description: str, *, rows: Callable[[Any], QuerySet]) -> ReadField:
    """The visible row that ``rows`` chooses by ``OuterRef``; null where there is none."""
    return ReadField(type_, read=OneOf(rows), description=description)


def one(
    type_: TypeRef,
    description: str,
    *,
    rows: Callable[[QuerySet, ByName[str, Slot | None], Viewer], QuerySet],
    permission: Any,
    holds: ByName[str, tuple[str, Callable[[Slot], Slot]]] | None = None,
    **arguments: Any,
) -> ReadField:
    """A root field that answers one visible row, or null."""
    return ReadField(
        type_,
        read=One(rows, holds or {}),
        permission=permission,
        description=description,
        **arguments,
    )


def connection(
    type_: TypeRef,
    description: str,
    *,
    relation: str | None,
    sorts: ByName[str, Sort],
    part: bool = False,
    filterset: Any = None,
    rows: Callable[[Any, Viewer], QuerySet] | None = None,
    searched: bool = False,
    permission: Any = None,
    required: bool = True,
    **arguments: Any,
) -> ReadField:
    """The rows at the other end of ``relation`` as a connection."""
    return ReadField(
        type_,
        read=Connected(relation, sorts, filterset, searched, part, rows),
        permission=permission,
        description=description,
        required=required,
        first=graphene.Int(description="The first so many after `after`."),
        after=graphene.String(description="A cursor: start behind it."),
        last=graphene.Int(description="The last so many before `before`."),
        before=graphene.String(description="A cursor: stop in front of it."),
        **arguments,
    )


def _resolved(type_: TypeRef) -> Any:
    return type_() if callable(type_) and not isinstance(type_, type) else type_


class PageInfo(graphene.ObjectType):
    """Where a page of a connection stands."""

    has_next_page = graphene.Boolean(required=True, description="Whether more rows follow.")
    has_previous_page = graphene.Boolean(
        required=True, description="Whether rows precede this page."
    )
    start_cursor = graphene.String(description="The first edge's cursor; null on an empty page.")
    end_cursor = graphene.String(description="The last edge's cursor; null on an empty page.")


def connection_type(node: TypeRef, name: str, **more: Any) -> Any:
    """The connection type of a node type, with its edge type.

    ``more``: further fields, such as a ``ReadField`` of a ``CountOf``.
    """

    def non_null_list(of: Any) -> Any:
        return graphene.NonNull(graphene.List(graphene.NonNull(of)))

    edge = type(
        f"{name}Edge",
        (graphene.ObjectType,),
        {
            "__doc__": f"A {name} at its place in a list.",
            "cursor": graphene.String(
                required=True, description="The place; pass it as `after` or `before`."
            ),
            "node": graphene.Field(node, required=True, description=f"The {name}."),
        },
    )
    return type(
        f"{name}Connection",
        (graphene.ObjectType,),
        {
            "__doc__": f"A page of a list of {name}s.",
            "edges": graphene.Field(
                non_null_list(edge), description="The page, with each row's cursor."
            ),
            "nodes": graphene.Field(
                lambda: non_null_list(_resolved(node)), description="The page, rows only."
            ),
            "page_info": graphene.Field(
                PageInfo, required=True, description="Where this page stands."
            ),
            "total_count": ReadField(
                graphene.Int,
                read=CountOf(),
                required=True,
                description="How many rows there are, all pages together.",
            ),
            **more,
        },
    )


class Mapping:
    """The declared fields of a whole schema, by GraphQL type and field name."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.models: dict[str, type[models.Model]] = {}
        self._fields: dict[tuple[str, str], tuple[str, Any]] = {}
        for name, type_ in schema.type_map.items():
            graphene_type = getattr(type_, "graphene_type", None)
            if not isinstance(type_, GraphQLObjectType) or graphene_type is None:
                continue
            if model := getattr(graphene_type._meta, "model", None):
                self.models[name] = model
            for python_name, declared in graphene_type._meta.fields.items():
                field_name = declared.name or to_camel_case(python_name)
                self._fields[name, field_name] = python_name, declared

    def python_name(self, type_name: str, field_name: str) -> str:
        """A field's name in Python's spelling."""
        return self._fields[type_name, field_name][0]

    def declared(self, type_name: str, field_name: str) -> Any:
        """The graphene field as it was declared."""
        return self._fields[type_name, field_name][1]

    def read(self, type_name: str, field_name: str) -> Any:
        """How a field is read; None where its parent's reading gives it."""
        return getattr(self.declared(type_name, field_name), "read", None)
