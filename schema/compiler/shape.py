"""What of a request's variables decides its plan, as opposed to what is merely bound.

Two requests of one document share a plan where their shapes are equal: the same variables given,
the same page sizes, orders and flags, the same filters; whatever the texts, ids and amounts.
"""

from __future__ import annotations

import enum
from collections.abc import Hashable
from typing import Any

from django.conf import settings
from graphql import (
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLSchema,
    OperationDefinitionNode,
    get_nullable_type,
    type_from_ast,
)

from schema.compiler.ids import decode_id


def shape_of_variables(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    variables: dict[str, Any],
    names: frozenset[str],
) -> Hashable:
    """The shape of the variables called ``names``."""
    if not names:
        return ()
    shape: list[Hashable] = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        if name not in names:
            continue
        if name in variables:
            type_: Any = type_from_ast(schema, definition.type)
            shape.append((name, shape_of(variables[name], type_, schema)))
    return tuple(shape)


def shape_of(value: Any, type_: Any, schema: GraphQLSchema) -> Hashable:
    """The shape of one value of an input type."""
    type_ = get_nullable_type(type_)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(type_, GraphQLList):
        return _list_shape(value, type_.of_type, schema)
    if isinstance(type_, GraphQLInputObjectType):
        return tuple(
            (name, shape_of(value[key], field.type, schema))
            for name, field in type_.fields.items()
            if (key := field.out_name or name) in value
        )
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, int):
        # Page sizes are structure; beyond what a page may have, one number is as bad as another.
        return value if -1 <= value <= settings.GRAPHQL_LIMITS["max_page_size"] else "int"
    if type_ is GraphQLID:
        # `node` reads a table by the type in the id.
        return _type_in(value, schema)
    return shape_of_text(value) if isinstance(value, str) else (type(value).__name__, False)


def shape_of_text(text: str) -> Hashable:
    """The shape of any text: a blank search is none."""
    return "str", not text.strip()


def _list_shape(value: list[Any], item: Any, schema: GraphQLSchema) -> Hashable:
    if get_nullable_type(item) is GraphQLID:
        # `nodes` reads a table for each type in the ids.
        return "ids", frozenset(_type_in(each, schema) for each in value if each is not None)
    if isinstance(get_nullable_type(item), GraphQLInputObjectType):
        return tuple(shape_of(each, item, schema) for each in value)
    return "list", not value


def _type_in(global_id: str, schema: GraphQLSchema) -> str:
    """The type that an id names; nothing a client made up finds its way into a plan's key."""
    name = decode_id(global_id)[0]
    return name if name in schema.type_map else ""
