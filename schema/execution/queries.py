"""Queries: one statement for all that is asked."""

from __future__ import annotations

from typing import Any

from schema.compiler import readings as reads
from schema.compiler.filters import ShapeChanged
from schema.compiler.nodes import node, nodes
from schema.compiler.plan import Planner
from schema.compiler.resolution import fill_in
from schema.compiler.run import run
from schema.compiler.selection import Selected
from schema.compiler.statement import Plan
from schema.execution.operation import QUERY, Operation, finished, plans, viewer_kind
from schema.introspection import introspect
from schema.response import body_of, members_of, object_of


class QueryOperation(Operation):
    """A query of one request."""

    def answer(self) -> bytes:
        """The response: one statement for all root fields."""
        # A denial is told in the plan's own problems.
        key = self._key(QUERY, (viewer_kind(self.bindings.viewer), self.denial))
        plan = plans.get(key)
        if plan is None:
            plan = self._plan()
            columns = run(plan, self.bindings)
            plans.put(key, plan, weight=len(plan.sql))
        else:
            try:
                columns = run(plan, self.bindings)
            except ShapeChanged:
                plan = self._plan()
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

    def plans(self) -> dict[str, Plan]:
        """What would be read, as ``QUERY``."""
        return {QUERY: self._plan()}

    def _plan(self) -> Plan:
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
