"""Runs one GraphQL request: what to read is compiled, what to write goes to the services."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from graphql import (
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)

from schema.compiler import readings as reads
from schema.compiler.document import Document, InvalidDocument, load_document
from schema.compiler.filters import ShapeChanged
from schema.compiler.mapping import Mapping
from schema.compiler.nodes import node, nodes
from schema.compiler.plain import plain
from schema.compiler.plan import Planner, symbolic
from schema.compiler.plans import Recent
from schema.compiler.resolution import fill_in
from schema.compiler.run import run
from schema.compiler.selection import Selected, Selection
from schema.compiler.shape import shape_of_variables
from schema.compiler.slots import Bindings
from schema.compiler.statement import Plan, select
from schema.compiler.variables import coerced_variables
from schema.errors import denied, problem_for, user_errors
from schema.insight import Insight
from schema.introspection import introspect
from schema.mutation import Context, Made, MutationField
from schema.problems import Problem
from schema.response import body_of, extensions_of, members_of, object_of, refusal
from users.viewer import Viewer


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


@cache
def composed() -> tuple[GraphQLSchema, Mapping]:
    """The shop's schema and its mapping, built once a process."""
    from schema.schema import schema

    return schema.graphql_schema, Mapping(schema.graphql_schema)


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
        execution = _begun(request, viewer, denial, address, read_only=read_only)
    except InvalidDocument as error:
        return GraphQLResult(refusal(error.problems), executed=False)
    except Problem as problem:
        return GraphQLResult(refusal([problem]), executed=False)
    try:
        if execution.operation.operation is OperationType.MUTATION:
            return GraphQLResult(execution.mutate(), executed=True)
        return GraphQLResult(execution.query(), executed=True)
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
    execution = _begun(request, viewer, None, None, read_only=False)
    return execution.plans(), execution.bindings


def _begun(
    request: GraphQLRequest,
    viewer: Viewer,
    denial: str | None,
    address: str | None,
    *,
    read_only: bool,
) -> Execution:
    schema, _ = composed()
    document = load_document(schema, request.query)
    operation = document.operation(request.operation_name)
    if operation.operation is OperationType.MUTATION and read_only:
        raise MutationOverGet
    variables = coerced_variables(
        schema, operation.variable_definitions or (), request.variables or {}
    )
    if operation.operation is OperationType.SUBSCRIPTION:
        raise Problem(
            "BAD_USER_INPUT", "Subscribe with `Accept: text/event-stream`, or over a WebSocket."
        )
    return Execution(document, operation, Bindings(variables, viewer), denial, address)


class Execution:
    """One operation of one request."""

    def __init__(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        bindings: Bindings,
        denial: str | None,
        address: str | None,
    ) -> None:
        self.schema, self.mapping = composed()
        self.document = document
        self.operation = operation
        self.bindings = bindings
        self.denial = denial
        self.insight = Insight()
        self.context = Context(bindings.viewer, address, timezone.now())
        self.selection = Selection(self.schema, document.fragments, bindings.variables)

    def _key(self, part: str, viewer: Hashable) -> Hashable:
        """What decides a plan of this operation."""
        shape = shape_of_variables(
            self.schema,
            self.operation,
            self.bindings.variables,
            self.document.read_variables,
        )
        return plan_key(self.document.text, operation_name(self.operation), part, shape, viewer)

    def _planner(self, viewer: Viewer) -> Planner:
        return Planner(
            mapping=self.mapping,
            selection=self.selection,
            viewer=symbolic(viewer),
            bindings=self.bindings,
            max_page_size=settings.GRAPHQL_LIMITS["max_page_size"],
            max_cost=settings.GRAPHQL_LIMITS["max_cost"],
        )

    # --- queries ------------------------------------------------------------------------------

    def query(self) -> bytes:
        """The response of a query: one statement for all its root fields."""
        # A denial is told in the plan's own problems.
        key = self._key(QUERY, (viewer_kind(self.bindings.viewer), self.denial))
        plan = plans.get(key)
        if plan is None:
            plan = self.plan_query()
            columns = run(plan, self.bindings)
            plans.put(key, plan, weight=len(plan.sql))
        else:
            try:
                columns = run(plan, self.bindings)
            except ShapeChanged:
                plan = self.plan_query()
                columns = run(plan, self.bindings)
        members = members_of(plan, columns)
        if plan.resolutions:
            members = fill_in(members, plan.resolutions, self.bindings, depth=1)
        for selected in plan.introspected:
            members[selected.key] = introspect(
                self.schema,
                self.operation,
                self.document.fragments,
                self.bindings.variables,
                selected,
            )
        self.insight.sql.append(plan.sql)
        self.insight.cost = plan.cost
        return body_of(object_of(members), plan.problems, self._extensions(plan.cost))

    def _extensions(self, cost: int = 0) -> dict[str, Any]:
        return extensions_of(cost, self.insight.seen_by(self.bindings.viewer))

    def plan_query(self) -> Plan:
        """One statement for all root fields."""
        planner, plan = self._planner(self.bindings.viewer), Plan()
        expressions: list[Any] = []
        for selected in self.selection.root(self.operation):
            if selected.name == "__typename":
                plan.pieces.append((selected.key, b'"Query"'))
            elif selected.definition is None:
                plan.introspected.append(selected)
                plan.pieces.append((selected.key, b"null"))
            elif (problem := self._denied(selected)) is not None:
                plan.problems.append(problem.formatted())
                plan.pieces.append((selected.key, b"null"))
            elif (expression := self._root(planner, selected)) is None:
                plan.pieces.append((selected.key, b"null"))
            else:
                plan.pieces.append((selected.key, len(expressions)))
                expressions.append(expression)
        return finished(planner, plan, expressions)

    def _denied(self, selected: Selected) -> Problem | None:
        root = self.operation.operation.value.capitalize()
        rule = self.mapping.declared(root, selected.name).permission
        if rule.allows(self.bindings.viewer):
            return None
        problem = denied(rule, self.bindings.viewer, self.denial)
        problem.path = [selected.key]
        start = selected.nodes[0].loc
        if start is not None:
            at = start.start_token
            problem.locations = [{"line": at.line, "column": at.column}]
        return problem

    def _root(self, planner: Planner, selected: Selected) -> Any:
        read = self.mapping.read("Query", selected.name)
        path = (selected.key,)
        match read:
            case reads.One():
                return planner.one(read, selected, path)
            case reads.NodeById():
                return node(planner, read, selected, path)
            case reads.NodesById():
                return nodes(planner, read, selected, path)
            case reads.Connected():
                return planner.connected(read, selected, None, path, 1)
        raise TypeError(f"Query.{selected.name} has no mapping.")

    def plans(self) -> dict[str, Plan]:
        """What would be read: by ``QUERY``, or by the response keys of a mutation."""
        if self.operation.operation is OperationType.QUERY:
            return {QUERY: self.plan_query()}
        return {
            selected.key: self._plan_payload(selected)
            for selected in self.selection.root(self.operation)
            if selected.definition
        }

    # --- mutations ----------------------------------------------------------------------------

    def mutate(self) -> bytes:
        """The response of a mutation: its fields one after the other, each on its own.

        All payloads are planned first, so that a selection that can't be answered changes nothing.

        Raises:
            Problem: a payload's selection is refused; nothing was done.
        """
        roots = self.selection.root(self.operation)
        denials = {
            selected.key: self._denied(selected) for selected in roots if selected.definition
        }
        payloads = {
            selected.key: self._payload_plan(selected)
            for selected in roots
            if selected.definition and denials[selected.key] is None
        }
        members: dict[str, bytes | None] = {}
        problems: list[dict[str, Any]] = []
        for selected in roots:
            if selected.definition is None:
                members[selected.key] = b'"Mutation"'
                continue
            try:
                if (denial := denials[selected.key]) is not None:
                    raise denial
                made = self._perform(selected)
                members[selected.key] = self._payload(selected, payloads[selected.key], made)
            except Problem as problem:
                problem.path = [selected.key]
                problems.append(problem.formatted())
                members[selected.key] = None
        return body_of(object_of(members), problems, self._extensions())

    def _perform(self, selected: Selected) -> Made:
        """Do what the mutation says; what the user can mend is in the answer."""
        declared: MutationField = self.mapping.declared("Mutation", selected.name)
        arguments = self.bindings.arguments(selected.definition, selected.nodes[0])
        try:
            made = declared.perform(self.context, arguments.get("input", arguments))
            made.values["user_errors"] = []
        except ValidationError as error:
            errors = user_errors(error)
            if "userErrors" not in selected.definition.type.fields:
                raise Problem("BAD_USER_INPUT", errors[0].message) from error
            return Made(user_errors=errors)
        except Exception as error:
            raise problem_for(error) from error
        return made

    def _payload_plan(self, selected: Selected) -> Plan:
        """The plan of a payload: for a viewer who holds any key that the mutation may hand out.

        Raises:
            Problem: the selection is refused, or a cursor or filter in it.
        """
        key = self._key(f"mutation {selected.key}", self.bindings.viewer.permissions)
        plan = plans.get(key)
        if plan is not None:
            try:
                plan.derive(self.bindings)
                return plan
            except ShapeChanged:
                pass
        plan = self._plan_payload(selected)
        plan.derive(self.bindings)
        plans.put(key, plan, weight=len(plan.sql))
        return plan

    def _plan_payload(self, selected: Selected) -> Plan:
        # The keys' values come with what the mutation made; without one, nothing matches.
        viewer = self.bindings.viewer.holding(user_id=0, cart_token="", order_token="", job_ids=[])
        planner, plan = self._planner(viewer), Plan()
        expressions: list[Any] = []
        type_ = selected.definition.type
        for member in self.selection.of(type_, selected.nodes):
            if member.definition is None:
                plan.pieces.append((member.key, f'"{type_.name}"'.encode()))
                continue
            name = self.mapping.python_name(type_.name, member.name)
            read = self.mapping.read(type_.name, member.name)
            if isinstance(read, reads.Plain):
                plan.pieces.append((member.key, b"null"))
            else:
                plan.pieces.append((member.key, len(expressions)))
                path = (selected.key, member.key)
                expressions.append(planner.entity(member, name, path))
        return finished(planner, plan, expressions)

    def _payload(self, selected: Selected, plan: Plan, made: Made) -> bytes:
        """The payload: rows by the compiler, the rest from Python."""
        bindings = Bindings(
            self.bindings.variables,
            self.bindings.viewer.holding(**made.holding),
            payload=made.values,
        )
        members = members_of(plan, run(plan, bindings))
        self.insight.sql.append(plan.sql)
        self.insight.cost += plan.cost
        if plan.resolutions:
            members = fill_in(members, plan.resolutions, bindings, depth=2)
        type_ = selected.definition.type
        for member in self.selection.of(type_, selected.nodes):
            if member.definition is not None and isinstance(
                self.mapping.read(type_.name, member.name), reads.Plain
            ):
                value = made.values.get(self.mapping.python_name(type_.name, member.name))
                answer = plain(value, member.definition.type, member.nodes, self.selection)
                members[member.key] = json.dumps(answer).encode()
        return object_of(members)


# What a plan is of, where it is not of one mutation.
QUERY = "query"

# By the characters of their SQL.
plans: Recent[Plan] = Recent(size=1000, weight=8 * 1024 * 1024)


def finished(planner: Planner, plan: Plan, expressions: list[Any]) -> Plan:
    """The plan of these expressions."""
    if expressions:
        plan.sql, plan.slots = select(expressions)
    plan.derivations = planner.derivations
    plan.resolutions = planner.resolutions
    plan.cost = planner.cost
    return plan


def operation_name(operation: OperationDefinitionNode) -> str:
    """The name of an operation; empty where it has none."""
    return operation.name.value if operation.name else ""


def plan_key(text: str, operation: str, part: str, shape: Hashable, viewer: Hashable) -> Hashable:
    """What decides a plan: a part of an operation, for variables and viewers that are alike."""
    return text, operation, part, shape, viewer


def viewer_kind(viewer: Viewer) -> Hashable:
    """What of a viewer decides a plan: permissions and which keys are held, not their values."""
    return (
        viewer.is_authenticated,
        viewer.permissions,
        viewer.cart_token is not None,
        viewer.order_token is not None,
        viewer.job_ids is not None,
    )
