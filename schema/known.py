"""Queries that ran before: to answer one again takes a few look-ups and its one statement."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from graphql import (
    GraphQLString,
    OperationDefinitionNode,
    OperationType,
    get_nullable_type,
    type_from_ast,
)

from schema.compiler.document import Document, InvalidDocument, load_document
from schema.compiler.filters import ShapeChanged
from schema.compiler.plans import Recent
from schema.compiler.shape import shape_of, shape_of_text
from schema.compiler.slots import Bindings
from schema.compiler.statement import Plan
from schema.compiler.variables import coerced_variables
from schema.execution import (
    QUERY,
    GraphQLRequest,
    composed,
    operation_name,
    plan_key,
    plans,
    viewer_kind,
)
from schema.problems import Problem
from schema.response import body_of, extensions_of, members_of, object_of
from users.viewer import Viewer


@dataclass(frozen=True, slots=True)
class AtHand:
    """A plan that is at hand, and the values to run it with."""

    plan: Plan
    values: list[Any]

    def body(self, columns: Sequence[bytes | None]) -> bytes:
        """The response, given the statement's one row."""
        data = object_of(members_of(self.plan, columns))
        return body_of(data, self.plan.problems, extensions_of(self.plan.cost))


class KnownQuery:
    """A query, and what of it is the same in every request; the parsed document is not kept."""

    def __init__(self, document: Document, operation: OperationDefinitionNode) -> None:
        self._schema, _ = composed()
        self._text = document.text
        self._name = operation_name(operation)
        self._definitions = operation.variable_definitions or ()
        self._types: dict[str, Any] = {
            definition.variable.name.value: type_from_ast(self._schema, definition.type)
            for definition in operation.variable_definitions or ()
        }
        self._takes_texts = all(
            get_nullable_type(type_) is GraphQLString for type_ in self._types.values()
        )
        self._shaped = [name for name in self._types if name in document.read_variables]

    def at_hand(self, given: dict[str, Any], viewer: Viewer) -> AtHand | None:
        """The plan for this viewer and these variables; None where it must be made first.

        None as well where only ``execute`` can tell: a variable is wrong, a part of the query is
        answered by Python, or staff see in development how it was answered.
        """
        if viewer.permissions and settings.DEBUG:
            return None
        try:
            variables = given
            if self._are_texts(given):
                shape = tuple([(name, shape_of_text(given[name])) for name in self._shaped])
            else:
                variables = coerced_variables(self._schema, self._definitions, given)
                shape = self._shape(variables)
            key = plan_key(self._text, self._name, QUERY, shape, (viewer_kind(viewer), None))
            plan = plans.get(key)
            if plan is None or not plan.sql or plan.resolutions or plan.introspected:
                return None
            return AtHand(plan, plan.parameters(Bindings(variables, viewer)))
        except (InvalidDocument, Problem, ShapeChanged):
            return None

    def _are_texts(self, given: dict[str, Any]) -> bool:
        """Whether the variables are all there, and texts that need no coercion."""
        return (
            self._takes_texts
            and given.keys() == self._types.keys()
            and all(type(each) is str for each in given.values())
        )

    def _shape(self, variables: dict[str, Any]) -> tuple[tuple[str, Hashable], ...]:
        return tuple(
            [
                (name, shape_of(variables[name], self._types[name], self._schema))
                for name in self._shaped
                if name in variables
            ]
        )


_known: Recent[KnownQuery] = Recent(size=1000, weight=8 * 1024 * 1024)


def known_query(request: GraphQLRequest) -> KnownQuery | None:
    """The query, where `remember` was told of it. Nothing is parsed."""
    return _known.get((request.query, request.operation_name))


def remember(request: GraphQLRequest) -> None:
    """Know the request's query from now on. To be told of what was executed just now."""
    if known_query(request) is not None:
        return
    document = load_document(composed()[0], request.query)
    operation = document.operation(request.operation_name)
    if operation.operation is OperationType.QUERY:
        known = KnownQuery(document, operation)
        _known.put((request.query, request.operation_name), known, weight=len(request.query))


def forget_all() -> None:
    """Know no query, as after a change of settings."""
    _known.clear()
