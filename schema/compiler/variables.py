"""The variables of a request as Python values of their types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from graphql import GraphQLSchema, VariableDefinitionNode
from graphql.execution.values import get_variable_values

from schema.compiler.document import InvalidDocument
from schema.compiler.limits import exceeded
from schema.problems import problem_of

# Deeper than any input; a JSON scalar such as a payment's data has to do with it, too.
_MAX_VARIABLE_DEPTH = 20


def coerced_variables(
    schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode], given: dict[str, Any]
) -> dict[str, Any]:
    """The variables as Python values of their types.

    Raises:
        InvalidDocument: one has a wrong type; every error is told.
        Problem: a list is too long.
    """
    if not definitions:
        return {}
    _refuse_excess(given)
    values = get_variable_values(schema, definitions, given, max_errors=20)
    if isinstance(values, list):
        raise InvalidDocument([problem_of(error, "BAD_USER_INPUT") for error in values])
    return values


def _refuse_excess(given: dict[str, Any]) -> None:
    """Refuse variables with longer lists or deeper objects than anything takes."""
    allowed = settings.GRAPHQL_LIMITS["max_list_items"]
    waiting: list[tuple[Any, int]] = [(given, 0)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, list) and len(value) > allowed:
            raise exceeded("max_list_items", f"A list has {len(value)} items", allowed)
        if depth > _MAX_VARIABLE_DEPTH:
            what = "A variable is too deeply nested"
            raise exceeded("max_variable_depth", what, _MAX_VARIABLE_DEPTH)
        if isinstance(value, list | dict):
            inner = value.values() if isinstance(value, dict) else value
            waiting.extend((each, depth + 1) for each in inner)
