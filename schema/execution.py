"""Runs one GraphQL request: what to read is compiled, what to write goes to the services."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from graphql import (
    DocumentNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)
from graphql import execute as graphql_execute
from graphql.execution.values import get_variable_values

from schema.compiler import mapping as reads
from schema.compiler.document import Document, InvalidDocument, load_document
from schema.compiler.filters import ShapeChanged
from schema.compiler.limits import exceeded
from schema.compiler.nodes import node, nodes
from schema.compiler.plain import plain
from schema.compiler.plan import Planner, symbolic
from schema.compiler.plans import PlanCache
from schema.compiler.resolution import fill_in
from schema.compiler.run import run
from schema.compiler.selection import Selected, Selection
from schema.compiler.shape import shape_of_variables
from schema.compiler.slots import Bindings
from schema.compiler.statement import Plan, select
from schema.errors import denied, problem_for, user_errors
from schema.mutation import Context, Made, MutationField
from schema.problems import Problem, problem_of
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
        return GraphQLResult(execution.query(), executed=True)
    except Problem as problem:
        return GraphQLResult(_body(b"null", [problem.formatted()]), executed=True)


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
    allowed = settings.GRAPHQL_LIMITS["max_list_items"]
    if (longest := _longest_list(given)) > allowed:
        raise exceeded("max_list_items", f"A variable has a list of {longest} items", allowed)
    values = get_variable_values(schema, definitions, given, max_errors=20)
    if isinstance(values, list):
        raise InvalidDocument([problem_of(error, "BAD_USER_INPUT") for error in values])
    return values


def _longest_list(value: Any) -> int:
    if isinstance(value, dict):
        return max(map(_longest_list, value.values()), default=0)
    if isinstance(value, list):
        return max([len(value), *map(_longest_list, value)])
    return 0


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

    # --- queries ------------------------------------------------------------------------------

    def query(self) -> bytes:
        """The response of a query: one statement for all its root fields."""
        plan, columns = self._read("query", self.plan_query)
        members = _members(plan, columns)
        if plan.resolutions:
            members = fill_in(members, plan.resolutions, self.bindings, depth=1)
        return _body(_object(members), plan.problems, plan.cost)

    def _read(self, part: str, build: Any) -> tuple[Plan, list[bytes | None]]:
        """Find or build a plan and run it."""
        key = (
            self.document.text,
            self.operation.name.value if self.operation.name else "",
            part,
            shape_of_variables(
                self.schema,
                self.operation,
                self.bindings.variables,
                self.document.read_variables,
            ),
            _kind(self.bindings.viewer),
            # A denial is told in the plan's own problems.
            self.denial,
        )
        plan = plans.get(key)
        if plan is not None:
            try:
                return plan, run(plan, self.bindings)
            except ShapeChanged:
                return (plan := build()), run(plan, self.bindings)
        plan = build()
        columns = run(plan, self.bindings)
        plans.put(key, plan)
        return plan, columns

    def _planner(self) -> Planner:
        return Planner(
            mapping=self.mapping,
            selection=self.selection,
            viewer=symbolic(self.bindings.viewer),
            bindings=self.bindings,
            max_page_size=settings.GRAPHQL_LIMITS["max_page_size"],
        )

    def plan_query(self) -> Plan:
        """One statement for all root fields."""
        planner, plan = self._planner(), Plan()
        expressions: list[Any] = []
        for selected in self.selection.root(self.operation):
            if selected.name == "__typename":
                plan.pieces.append((selected.key, b'"Query"'))
            elif selected.definition is None:
                plan.pieces.append((selected.key, self._introspect(selected)))
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
        rule = self.mapping.declared(self._root_name(), selected.name).permission
        if rule.allows(self.bindings.viewer):
            return None
        problem = denied(rule, self.bindings.viewer, self.denial)
        problem.path = [selected.key]
        start = selected.nodes[0].loc
        if start is not None:
            at = start.start_token
            problem.locations = [{"line": at.line, "column": at.column}]
        return problem

    def _root_name(self) -> str:
        return self.operation.operation.value.capitalize()

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

    def _introspect(self, selected: Selected) -> bytes:
        """What graphql-core answers about the schema; it asks no database."""
        if not settings.GRAPHQL_INTROSPECTION:
            raise Problem("FORBIDDEN", "Introspection is switched off.", path=[selected.key])
        alone = replace_selections(self.operation, list(selected.nodes))
        document = DocumentNode(definitions=(alone, *self.document.fragments.values()))
        result: Any = graphql_execute(
            self.schema, document, variable_values=self.bindings.variables
        )
        if result.errors or result.data is None:
            raise Problem("BAD_USER_INPUT", "Introspection failed.", path=[selected.key])
        return json.dumps(result.data[selected.key]).encode()

    # --- mutations ----------------------------------------------------------------------------

    def mutate(self) -> bytes:
        """The response of a mutation: its fields one after the other, each on its own."""
        members: list[bytes] = []
        problems: list[dict[str, Any]] = []
        for selected in self.selection.root(self.operation):
            if selected.definition is None:
                answer = b'"Mutation"'
            else:
                try:
                    answer = self._mutate_one(selected)
                except Problem as problem:
                    problem.path = [selected.key]
                    problems.append(problem.formatted())
                    answer = b"null"
            members.append(f'"{selected.key}":'.encode() + answer)
        return _body(b"{" + b",".join(members) + b"}", problems)

    def _mutate_one(self, selected: Selected) -> bytes:
        if (problem := self._denied(selected)) is not None:
            raise problem
        declared: MutationField = self.mapping.declared("Mutation", selected.name)
        arguments = self.bindings.arguments(selected.definition, selected.nodes[0])
        payload_type: Any = selected.definition.type
        made, errors = Made(), []
        try:
            made = declared.perform(self.context, arguments.get("input", arguments))
        except ValidationError as error:
            errors = user_errors(error)
            if "userErrors" not in payload_type.fields:
                raise Problem("BAD_USER_INPUT", errors[0].message) from error
        except Exception as error:
            raise problem_for(error) from error
        made.values["user_errors"] = errors
        return self._payload(selected, payload_type, made)

    def _payload(self, selected: Selected, type_: Any, made: Made) -> bytes:
        """The payload: rows by the compiler, the rest from Python."""
        before = self.bindings
        bindings = self.bindings = Bindings(
            before.variables, before.viewer.holding(**made.holding), payload=made.values
        )
        given = tuple(sorted(name for name, value in made.values.items() if value is not None))
        try:
            plan, columns = self._read(
                (selected.key, given),  # type: ignore[arg-type]
                lambda: self._plan_payload(selected, type_, made),
            )
        finally:
            self.bindings = before
        members = _members(plan, columns)
        if plan.resolutions:
            members = fill_in(members, plan.resolutions, bindings, depth=2)
        for member in self.selection.of(type_, selected.nodes):
            if member.definition is not None and isinstance(
                self.mapping.read(type_.name, member.name), reads.Plain
            ):
                value = made.values.get(self.mapping.python_name(type_.name, member.name))
                answer = plain(value, member.definition.type, member.nodes, self.selection)
                members[member.key] = json.dumps(answer).encode()
        return _object(members)

    def _plan_payload(self, selected: Selected, type_: Any, made: Made) -> Plan:
        planner, plan = self._planner(), Plan()
        expressions: list[Any] = []
        for member in self.selection.of(type_, selected.nodes):
            if member.definition is None:
                plan.pieces.append((member.key, f'"{type_.name}"'.encode()))
                continue
            name = self.mapping.python_name(type_.name, member.name)
            read = self.mapping.read(type_.name, member.name)
            if isinstance(read, reads.Plain):
                plan.pieces.append((member.key, b""))
            elif made.values.get(name) is None:
                empty = b"[]" if isinstance(read, reads.Entities) else b"null"
                plan.pieces.append((member.key, empty))
            else:
                plan.pieces.append((member.key, len(expressions)))
                path = (selected.key, member.key)
                expressions.append(planner.entity(member, name, path))
        return _finished(planner, plan, expressions)


plans = PlanCache(size=1000)


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


def _kind(viewer: Viewer) -> Any:
    """What of a viewer decides a plan: permissions and which keys are held, not their values."""
    return (
        viewer.is_authenticated,
        viewer.permissions,
        viewer.cart_token is not None,
        viewer.order_token is not None,
        viewer.job_ids is not None,
    )


def replace_selections(
    operation: OperationDefinitionNode, fields: list[Any]
) -> OperationDefinitionNode:
    """The operation with other root fields."""
    return OperationDefinitionNode(
        operation=operation.operation,
        name=operation.name,
        variable_definitions=operation.variable_definitions,
        directives=operation.directives,
        selection_set=SelectionSetNode(selections=tuple(fields)),
    )


def _members(plan: Plan, columns: list[bytes | None]) -> dict[str, bytes | None]:
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
