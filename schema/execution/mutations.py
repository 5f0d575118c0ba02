"""Mutations: each goes to its service, and what was made of it is read like a query."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from graphql import OperationDefinitionNode

from schema.compiler import readings as reads
from schema.compiler.document import Document
from schema.compiler.plain import plain
from schema.compiler.resolution import fill_in
from schema.compiler.run import run
from schema.compiler.selection import Selected
from schema.compiler.slots import Bindings
from schema.compiler.statement import Plan
from schema.errors import problem_for, user_errors
from schema.execution.operation import Operation, finished
from schema.mutation import Context, Made, MutationField
from schema.problems import Problem
from schema.response import body_of, members_of, object_of


class MutationOperation(Operation):
    """The mutations of one request.

    Args:
        address: the caller's network address, where known; the others are an `Operation`'s.
    """

    def __init__(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        bindings: Bindings,
        denial: str | None,
        address: str | None,
    ) -> None:
        super().__init__(document, operation, bindings, denial)
        self.context = Context(bindings.viewer, address, timezone.now())

    def answer(self) -> bytes:
        """The response: the root fields one after the other, each on its own.

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

    def plans(self) -> dict[str, Plan]:
        """What would be read of each payload, by its response key."""
        return {
            selected.key: self._plan_payload(selected)
            for selected in self.selection.root(self.operation)
            if selected.definition
        }

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
        return self._derived_plan(key, partial(self._plan_payload, selected))

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
