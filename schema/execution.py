"""Runs one GraphQL request: what to read is compiled, what to write goes to the services."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
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
from graphql.execution.values import get_variable_values

from schema.compiler import mapping as reads
from schema.compiler.document import Document, InvalidDocument, load_document
from schema.compiler.filters import ShapeChanged
from schema.compiler.limits import exceeded
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
from schema.errors import denied, problem_for, user_errors
from schema.introspection import introspect
from schema.mutation import Context, Made, MutationField
from schema.problems import Problem, problem_of
from users.viewer import Viewer

# Deeper than any input; a JSON scalar such as a payment's data has to do with it, too.
_MAX_VARIABLE_DEPTH = 20


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
def composed() -> tuple[GraphQLSchema, reads.Mapping]:
    """The shop's schema and its mapping, built once a process."""
    from schema.schema import schema

    return schema.graphql_schema, reads.Mapping(schema.graphql_schema)


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
        return GraphQLResult(_refusal(error.problems), executed=False)
    except Problem as problem:
        return GraphQLResult(_refusal([problem]), executed=False)
    try:
        if execution.operation.operation is OperationType.MUTATION:
            return GraphQLResult(execution.mutate(), executed=True)
        answer = execution.query()
        queries.put(
            (request.query, request.operation_name), (execution.document, execution.operation)
        )
        return GraphQLResult(answer, executed=True)
    except Problem as problem:
        return GraphQLResult(_body(b"null", [problem.formatted()]), executed=True)


@dataclass(frozen=True, slots=True)
class AtHand:
    """A query that is known: all that is left to do is to run one statement.

    Attributes:
        plan: with its statement.
        values: the statement's parameters.
    """

    plan: Plan
    values: list[Any]

    def result(self, columns: Sequence[bytes | None]) -> GraphQLResult:
        """The response, given the statement's one row."""
        data = _object(_members(self.plan, columns))
        return GraphQLResult(_body(data, self.plan.problems, self.plan.cost), executed=True)


def is_known(request: GraphQLRequest) -> bool:
    """Whether the same query has run before, perhaps for another viewer."""
    return queries.get((request.query, request.operation_name)) is not None


def at_hand(request: GraphQLRequest, *, viewer: Viewer) -> AtHand | None:
    """A query whose plan is there already, so that no more than a few look-ups find it.

    None where only ``execute`` can tell: the operation is no query, or new, or must be refused, or
    a part of it is resolved in Python.
    """
    known = queries.get((request.query, request.operation_name))
    if known is None:
        return None
    schema, _ = composed()
    try:
        variables = coerced_variables(schema, known[1], request.variables or {})
        execution = _Execution(*known, Bindings(variables, viewer), None, None)
        plan = plans.get(execution.key())
        if plan is None or not plan.sql or plan.resolutions or plan.introspected:
            return None
        return AtHand(plan, plan.parameters(execution.bindings))
    except (InvalidDocument, Problem, ShapeChanged):
        return None


def plan_of(request: GraphQLRequest, *, viewer: Viewer) -> tuple[Plan, Bindings]:
    """The plan of a query for a viewer, and what it would be run with; runs nothing.

    Raises:
        InvalidDocument, Problem: it would be refused.
    """
    execution = _begun(request, viewer, None, None, read_only=False)
    if execution.operation.operation is not OperationType.QUERY:
        raise Problem("BAD_USER_INPUT", "Only queries are planned before they run.")
    return execution.plan_query(), execution.bindings


def _begun(
    request: GraphQLRequest,
    viewer: Viewer,
    denial: str | None,
    address: str | None,
    *,
    read_only: bool,
) -> _Execution:
    schema, _ = composed()
    document = load_document(schema, request.query)
    operation = document.operation(request.operation_name)
    if operation.operation is OperationType.MUTATION and read_only:
        raise MutationOverGet
    variables = coerced_variables(schema, operation, request.variables or {})
    if operation.operation is OperationType.SUBSCRIPTION:
        raise Problem("BAD_USER_INPUT", "This endpoint answers queries and mutations.")
    return _Execution(document, operation, Bindings(variables, viewer), denial, address)


def coerced_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: dict[str, Any]
) -> dict[str, Any]:
    """The variables as Python values of their types.

    Raises:
        InvalidDocument: one has a wrong type; every error is told.
        Problem: a list is too long.
    """
    definitions = operation.variable_definitions or ()
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


class _Execution:
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
        name = self.operation.name.value if self.operation.name else ""
        return self.document.text, name, part, shape, viewer

    def _planner(self, viewer: Viewer) -> Planner:
        return Planner(
            mapping=self.mapping,
            selection=self.selection,
            viewer=symbolic(viewer),
            bindings=self.bindings,
            max_page_size=settings.GRAPHQL_LIMITS["max_page_size"],
        )

    # --- queries ------------------------------------------------------------------------------

    def query(self) -> bytes:
        """The response of a query: one statement for all its root fields."""
        key = self.key()
        plan = plans.get(key)
        if plan is None:
            plan = self.plan_query()
            columns = run(plan, self.bindings)
            plans.put(key, plan)
        else:
            try:
                columns = run(plan, self.bindings)
            except ShapeChanged:
                plan = self.plan_query()
                columns = run(plan, self.bindings)
        members = _members(plan, columns)
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
        return _body(_object(members), plan.problems, plan.cost)

    def key(self) -> Hashable:
        """What decides the plan of a query."""
        # A denial is told in the plan's own problems.
        return self._key("query", (_kind(self.bindings.viewer), self.denial))

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
        return _finished(planner, plan, expressions)

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
        return _body(_object(members), problems)

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
        plans.put(key, plan)
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
        return _finished(planner, plan, expressions)

    def _payload(self, selected: Selected, plan: Plan, made: Made) -> bytes:
        """The payload: rows by the compiler, the rest from Python."""
        bindings = Bindings(
            self.bindings.variables,
            self.bindings.viewer.holding(**made.holding),
            payload=made.values,
        )
        members = _members(plan, run(plan, bindings))
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
        return _object(members)


plans: Recent[Plan] = Recent(size=1000)
# Queries that have run, by text and operation name: to see that one is known takes no parsing.
queries: Recent[tuple[Document, OperationDefinitionNode]] = Recent(size=1000)


def _finished(planner: Planner, plan: Plan, expressions: list[Any]) -> Plan:
    allowed = settings.GRAPHQL_LIMITS["max_cost"]
    if planner.cost > allowed:
        raise exceeded("max_cost", f"The operation may read {planner.cost} rows", allowed)
    if expressions:
        plan.sql, plan.slots = select(expressions)
    plan.derivations = planner.derivations
    plan.resolutions = planner.resolutions
    plan.cost = planner.cost
    return plan


def _kind(viewer: Viewer) -> Hashable:
    """What of a viewer decides a plan: permissions and which keys are held, not their values."""
    return (
        viewer.is_authenticated,
        viewer.permissions,
        viewer.cart_token is not None,
        viewer.order_token is not None,
        viewer.job_ids is not None,
    )


def _members(plan: Plan, columns: Sequence[bytes | None]) -> dict[str, bytes | None]:
    """The JSON of a plan's pieces by response key: columns and what was known before."""
    return {key: columns[piece] if isinstance(piece, int) else piece for key, piece in plan.pieces}


def _object(members: dict[str, bytes | None]) -> bytes:
    """The JSON object, PostgreSQL's bytes spliced in as they are."""
    pairs = [
        f'"{key}":'.encode() + (b"null" if value is None else value)
        for key, value in members.items()
    ]
    return b"{" + b",".join(pairs) + b"}"


def _body(data: bytes, problems: list[dict[str, Any]], cost: int | None = None) -> bytes:
    body = b'{"data":' + data
    if problems:
        body += b',"errors":' + json.dumps(problems).encode()
    if cost:
        body += b',"extensions":{"cost":%d}' % cost
    return body + b"}"


def _refusal(problems: list[Problem]) -> bytes:
    return json.dumps({"errors": [problem.formatted() for problem in problems]}).encode()
