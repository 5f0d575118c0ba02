"""What the schema says of itself, by graphql-core; no database is asked."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    print_ast,
)
from graphql import execute as graphql_execute

from schema.compiler.selection import Selected
from schema.problems import Problem


def introspect(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: dict[str, FragmentDefinitionNode],
    variables: dict[str, Any],
    selected: Selected,
) -> bytes:
    """The JSON of ``__schema`` or ``__type``.

    Raises:
        Problem: introspection is switched off.
    """
    if not settings.GRAPHQL_INTROSPECTION:
        raise Problem("FORBIDDEN", "Introspection is switched off.", path=[selected.key])
    # All that introspection takes; values of other types are coerced already and can't be again.
    definitions = [
        definition
        for definition in operation.variable_definitions or ()
        if print_ast(definition.type).removesuffix("!") in ("String", "Boolean")
    ]
    alone = OperationDefinitionNode(
        operation=operation.operation,
        name=operation.name,
        variable_definitions=definitions,
        directives=operation.directives,
        selection_set=SelectionSetNode(selections=selected.nodes),
    )
    document = DocumentNode(definitions=(alone, *fragments.values()))
    result: Any = graphql_execute(schema, document, variable_values=variables)
    if result.errors:
        raise Problem("BAD_USER_INPUT", result.errors[0].message, path=[selected.key])
    return json.dumps(result.data[selected.key]).encode()
