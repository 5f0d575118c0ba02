"""What every operation has: document, variables, who asks, and the plans of what it reads."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache
from typing import Any

from django.conf import settings
from graphql import GraphQLSchema, OperationDefinitionNode

from schema.compiler.document import Document
from schema.compiler.filters import ShapeChanged
from schema.compiler.mapping import Mapping
from schema.compiler.plan import Planner, symbolic
from schema.compiler.plans import Recent
from schema.compiler.selection import Selected, Selection
from schema.compiler.shape import shape_of_variables
from schema.compiler.slots import Bindings
from schema.compiler.statement import Plan, select
from schema.errors import denied
from schema.insight import Insight
from schema.problems import Problem
from schema.response import extensions_of
from users.viewer import Viewer

# What a plan is of, where it is not of one mutation.
QUERY = "query"

# By the characters of their SQL.
plans: Recent[Plan] = Recent(size=1000, weight=8 * 1024 * 1024)


@cache
def composed() -> tuple[GraphQLSchema, Mapping]:
    """The shop's schema and its mapping, built once a process."""
    from schema.schema import schema

    return schema.graphql_schema, Mapping(schema.graphql_schema)


class Operation:
    """One operation of one request.

    Args:
        document: where it stands.
        operation: which of the document's operations it is.
        bindings: its variables, and who asks.
        denial: what was wrong with a token that the caller presented.
    """

    def __init__(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        bindings: Bindings,
        denial: str | None,
    ) -> None:
        self.schema, self.mapping = composed()
        self.document = document
        self.operation = operation
        self.bindings = bindings
        self.denial = denial
        self.insight = Insight()
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

    def _derived_plan(self, key: Hashable, make: Callable[[], Plan]) -> Plan:
        """The plan of this key, kept or made now, with what it derives of the bindings.

        Raises:
            Problem: the selection is refused, or a cursor or filter in it.
        """
        plan = plans.get(key)
        if plan is not None:
            try:
                plan.derive(self.bindings)
                return plan
            except ShapeChanged:
                pass
        plan = make()
        plan.derive(self.bindings)
        plans.put(key, plan, weight=len(plan.sql))
        return plan

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

    def _extensions(self, cost: int = 0) -> dict[str, Any]:
        return extensions_of(cost, self.insight.seen_by(self.bindings.viewer))


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
