"""Which fields an operation selects, fragments and directives resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.collect_fields import collect_fields, collect_sub_fields

from schema.problems import problem_of

# The places in the document of each key of the response.
Grouped = dict[str, list[FieldNode]]


@dataclass(frozen=True)
class Selected:
    """One field of an object in the response.

    Attributes:
        key: its name in the response (the alias where there is one).
        name: its name in the schema; ``__typename`` too.
        definition: its definition; None for ``__typename`` and introspection.
        nodes: every place of the document that asks for it; their selections are merged.
    """

    key: str
    name: str
    definition: Any
    nodes: tuple[FieldNode, ...]


@dataclass(frozen=True)
class Selection:
    """An operation's selections under given variables."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    variables: dict[str, Any]

    def root(self, operation: OperationDefinitionNode) -> list[Selected]:
        """The fields of the operation itself, in the order of the response.

        Raises:
            Problem: a directive's condition is null.
        """
        root_type: Any = self.schema.get_root_type(operation.operation)
        return self._selected(root_type, collect_fields, operation.selection_set)

    def of(self, type_: GraphQLObjectType, nodes: Iterable[FieldNode]) -> list[Selected]:
        """The fields selected below ``nodes`` where they give an object of ``type_``.

        Raises:
            Problem: a directive's condition is null.
        """
        return self._selected(type_, collect_sub_fields, list(nodes))

    def _selected(
        self, type_: GraphQLObjectType, collect: Callable[..., Grouped], source: Any
    ) -> list[Selected]:
        try:
            grouped = collect(self.schema, self.fragments, self.variables, type_, source)
        except GraphQLError as error:
            raise problem_of(error, "BAD_USER_INPUT") from error
        return [
            Selected(key, nodes[0].name.value, type_.fields.get(nodes[0].name.value), tuple(nodes))
            for key, nodes in grouped.items()
        ]
