"""Queries that ran before: to answer one again takes a few look-ups and its one statement."""

from __future__ import annotations

from collections.abc import Sequence
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
from schema.compiler.shape import shape_of
from schema.compiler.slots import Bindings
from schema.compiler.statement import Plan
from schema.compiler.variables import coerced_variables
from schema.execution import QUERY, GraphQLRequest, composed, plan_key, plans, viewer_kind
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
    """A query, and what of it is the same in every request."""

    def __init__(self, document: Document, operation: OperationDefinitionNode) -> None:
        self._schema, _ = composed()
        self._document = document
        self._operation = operation
        self._types: dict[str, Any] = {
            definition.variable.name.value: type_from_ast(self._schema, definition.type)
            for definition in operation.variable_definitions or ()
        }
        # Variables that need no coercion: most are such.
        self._are_texts = all(
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
            variables = self._texts(given) or coerced_variables(
                self._schema, self._operation, given
            )
            plan = plans.get(self._key(variables, viewer))
            if plan is None or not plan.sql or plan.resolutions or plan.introspected:
                return None
            return AtHand(plan, plan.parameters(Bindings(variables, viewer)))
        except (InvalidDocument, Problem, ShapeChanged):
            return None

    def _texts(self, given: dict[str, Any]) -> dict[str, Any] | None:
        """The variables as they came, where all are texts and there; None otherwise."""
        are_there = self._are_texts and given.keys() == self._types.keys()
        return given if are_there and all(type(each) is str for each in given.values()) else None

    def _key(self, variables: dict[str, Any], viewer: Viewer) -> Any:
        shape = tuple(
            [
                (name, shape_of(variables[name], self._types[name], self._schema))
                for name in self._shaped
                if name in variables
            ]
        )
        return plan_key(self._document, self._operation, QUERY, shape, (viewer_kind(viewer), None))


_known: Recent[KnownQuery] = Recent(size=1000)


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
        _known.put((request.query, request.operation_name), KnownQuery(document, operation))


def forget_all() -> None:
    """Know no query, as after a change of settings."""
    _known.clear()
