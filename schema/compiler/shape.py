"""What of a request's variables decides its plan, as opposed to what is merely bound.

Two requests of one document share a plan where their shapes are equal: the same variables given,
the same page sizes, orders and flags, the same filters; whatever the texts, ids and amounts.
"""

from __future__ import annotations

import enum
from collections.abc import Hashable
from typing import Any

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

# Page sizes are small numbers; of the larger ones, a plan has no use.
_LARGEST_STRUCTURAL = 101


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
            shape.append((name, _shape(variables[name], type_)))
    return tuple(shape)


def _shape(value: Any, type_: Any) -> Hashable:
    type_ = get_nullable_type(type_)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(type_, GraphQLList):
        return _list_shape(value, type_.of_type)
    if isinstance(type_, GraphQLInputObjectType):
        return tuple(
            (name, _shape(value[key], field.type))
            for name, field in type_.fields.items()
            if (key := field.out_name or name) in value
        )
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, int):
        return value if -1 <= value <= _LARGEST_STRUCTURAL else "int"
    if type_ is GraphQLID:
        # `node` reads a table by the type in the id.
        return decode_id(value)[0]
    return type(value).__name__, isinstance(value, str) and not value.strip()


def _list_shape(value: list[Any], item: Any) -> Hashable:
    if get_nullable_type(item) is GraphQLID:
        # `nodes` reads a table for each type in the ids.
        return "ids", frozenset(decode_id(each)[0] for each in value if each is not None)
    if isinstance(get_nullable_type(item), GraphQLInputObjectType):
        return tuple(_shape(each, item) for each in value)
    return "list", not value
