"""JSON of values that Python already has: the parts of a payload that no row holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLList,
    GraphQLObjectType,
    get_nullable_type,
)

from schema.compiler.selection import Selection


def plain(value: Any, type_: Any, nodes: tuple[FieldNode, ...], selection: Selection) -> Any:
    """A value as JSON types, with the fields that the operation selects.

    Objects may be mappings or have attributes, by the fields' names in the schema.
    """
    type_ = get_nullable_type(type_)
    if value is None:
        return None
    if isinstance(type_, GraphQLList):
        return [plain(item, type_.of_type, nodes, selection) for item in value]
    if isinstance(type_, GraphQLObjectType):
        answer = {}
        for selected in selection.of(type_, nodes):
            if selected.definition is None:
                answer[selected.key] = type_.name
                continue
            name = selected.name
            member = value[name] if isinstance(value, Mapping) else getattr(value, name)
            answer[selected.key] = plain(
                member, selected.definition.type, selected.nodes, selection
            )
        return answer
    return type_.serialize(value)
