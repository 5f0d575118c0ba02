"""Runs one GraphQL request: what to read is compiled, what to write goes to the services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import OperationType

from schema.compiler.document import InvalidDocument, load_document
from schema.compiler.slots import Bindings
from schema.compiler.statement import Plan
from schema.compiler.variables import coerced_variables
from schema.execution.mutations import MutationOperation
from schema.execution.operation import (
    QUERY,
    Operation,
    composed,
    finished,
    operation_name,
    plan_key,
    plans,
    viewer_kind,
)
from schema.execution.queries import QueryOperation
from schema.problems import Problem
from schema.response import body_of, refusal
from users.viewer import Viewer

__all__ = [
    "QUERY",
    "GraphQLRequest",
    "GraphQLResult",
    "MutationOverGet",
    "Operation",
    "composed",
    "execute",
    "finished",
    "operation_name",
    "plan_key",
    "plan_of",
    "plans",
    "plans_of",
    "viewer_kind",
]


class MutationOverGet(Exception):
    """A mutation came by GET, which must change nothing."""


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A request's parameters, as GraphQL over HTTP names them."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class GraphQLResult:
    """A response's JSON text, and whether the operation was begun at all."""

    body: bytes
    executed: bool


def execute(
    request: GraphQLRequest,
    *,
    viewer: Viewer,
    denial: str | None = None,
    read_only: bool = False,
    address: str | None = None,
) -> GraphQLResult:
    """Answer a request.

    Args:
        viewer: who asks.
        denial: what was wrong with a token that the caller presented, e.g. ``TOKEN_EXPIRED``.
        read_only: refuse mutations.
        address: the caller's network address.

    Raises:
        MutationOverGet: ``read_only`` and the operation is a mutation.
        django.db.OperationalError: the database can't be read.
    """
    try:
        operation = _begun(request, viewer, denial, address, read_only=read_only)
    except InvalidDocument as error:
        return GraphQLResult(refusal(error.problems), executed=False)
    except Problem as problem:
        return GraphQLResult(refusal([problem]), executed=False)
    try:
        return GraphQLResult(operation.answer(), executed=True)
    except Problem as problem:
        return GraphQLResult(body_of(b"null", [problem.formatted()]), executed=True)


def plan_of(request: GraphQLRequest, *, viewer: Viewer) -> tuple[Plan, Bindings]:
    """The plan of a query for a viewer, and what it would be run with; runs nothing.

    Raises:
        InvalidDocument, Problem: it would be refused.
    """
    found, bindings = plans_of(request, viewer=viewer)
    if QUERY not in found:
        raise Problem("BAD_USER_INPUT", "Only queries are planned before they run.")
    return found[QUERY], bindings


def plans_of(request: GraphQLRequest, *, viewer: Viewer) -> tuple[dict[str, Plan], Bindings]:
    """Likewise the plans of any operation: of a query, or of each payload of a mutation."""
    operation = _begun(request, viewer, None, None, read_only=False)
    return operation.plans(), operation.bindings


def _begun(
    request: GraphQLRequest,
    viewer: Viewer,
    denial: str | None,
    address: str | None,
    *,
    read_only: bool,
) -> QueryOperation | MutationOperation:
    schema, _ = composed()
    document = load_document(schema, request.query)
    operation = document.operation(request.operation_name)
    if operation.operation is OperationType.MUTATION and read_only:
        raise MutationOverGet
    variables = coerced_variables(
        schema, operation.variable_definitions or (), request.variables or {}
    )
    bindings = Bindings(variables, viewer)
    match operation.operation:
        case OperationType.QUERY:
            return QueryOperation(document, operation, bindings, denial)
        case OperationType.MUTATION:
            return MutationOperation(document, operation, bindings, denial, address)
    raise Problem(
        "BAD_USER_INPUT", "Subscribe with `Accept: text/event-stream`, or over a WebSocket."
    )
