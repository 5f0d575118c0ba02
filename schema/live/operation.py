"""One subscription of one client, read event by event. Everything here uses the database."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Subquery
from graphql import OperationType

from schema.authentication import Caller
from schema.compiler.document import load_document
from schema.compiler.json import JsonRow
from schema.compiler.resolution import fill_in
from schema.compiler.run import run
from schema.compiler.selection import Selected
from schema.compiler.slots import Bindings, Slot
from schema.compiler.statement import Plan
from schema.compiler.variables import coerced_variables
from schema.execution import (
    GraphQLRequest,
    Operation,
    composed,
    finished,
    viewer_kind,
)
from schema.live.fields import Live, Stream
from schema.problems import Problem
from schema.response import body_of, members_of, object_of
from users.viewer import Viewer

_KEY = Slot(lambda bindings: bindings.payload["key"], "bigint")
_AFTER = Slot(lambda bindings: bindings.payload["after"], "bigint")


@dataclass(frozen=True, slots=True)
class Event:
    """What a client gets: a number of the stream, and the response's JSON text."""

    sequence: int
    body: bytes


class Subscribed:
    """An operation that asks for events, and how far it has come.

    Args:
        request: a subscription.
        caller: who asks.
        after: where the client goes on, instead of the argument of that name.

    Attributes:
        stream, key: whose events.
        after: the sequence that was read last.

    Raises:
        InvalidDocument, Problem: it is refused.
    """

    def __init__(self, request: GraphQLRequest, caller: Caller, after: int | None) -> None:
        schema, mapping = composed()
        self._document = load_document(schema, request.query)
        self._operation = self._document.operation(request.operation_name)
        self._variables = coerced_variables(
            schema, self._operation.variable_definitions or (), request.variables or {}
        )
        reading = self._reading(caller, {})
        roots = reading.selection.root(self._operation)
        if len(roots) != 1:
            # Validation has refused all others.
            raise Problem("BAD_USER_INPUT", "A subscription selects one field.")
        self._selected = roots[0]
        self._live: Live = mapping.read("Subscription", self._selected.name)
        if (problem := reading.denied(self._selected)) is not None:
            raise problem
        self._given = reading.bindings.arguments(self._selected.definition, self._selected.nodes[0])
        viewer = caller.viewer.holding(**self._live.presents(self._given))
        key = self._live.find(viewer, self._given)
        if key is None:
            raise Problem("NOT_FOUND", "There is nothing to watch.", path=[self._selected.key])
        self.key = key
        self.stream: Stream = self._live.stream
        self.after = self._begin(after)
        # What can't be read at all is refused now and not at the first event.
        self._reading(caller, self._live.presents(self._given)).plan(self._selected, self._live)

    def _begin(self, after: int | None) -> int:
        if after is None:
            after = self._given.get("after")
        if after is not None:
            return after
        latest = self.stream.latest(self.key)
        return latest - 1 if self._live.begins_with_present else latest

    def _reading(self, caller: Caller, keys: dict[str, Any]) -> _Reading:
        return _Reading(
            self._document,
            self._operation,
            Bindings(self._variables, caller.viewer.holding(**keys)),
            caller.denial,
        )

    def read(self, caller: Caller) -> Event | None:
        """The next event, if there is one that the caller may see; `after` moves on to it.

        Raises:
            Problem: the caller may not ask for it any more.
            django.db.Error: the database could not answer.
        """
        reading = self._reading(caller, self._live.presents(self._given))
        if (problem := reading.denied(self._selected)) is not None:
            raise problem
        reading.bindings.payload = {"key": self.key, "after": self.after}
        event = reading.next(self._selected, self._live)
        if event is not None:
            self.after = event.sequence
        return event

    def gone(self) -> Problem:
        """What a caller is told who may not see the events any more."""
        return Problem(
            "NOT_FOUND", "There is nothing to watch any more.", path=[self._selected.key]
        )


class _Reading(Operation):
    """The reading of one event: one statement, compiled like any read."""

    def denied(self, selected: Selected) -> Problem | None:
        return self._denied(selected)

    def plan(self, selected: Selected, live: Live) -> Plan:
        """The plan for this viewer's kind, from the cache where it was made before."""
        key = self._key("subscription", viewer_kind(self.bindings.viewer))
        make = partial(self._plan_event, selected, live, self.bindings.viewer)
        return self._derived_plan(key, make)

    def _plan_event(self, selected: Selected, live: Live, viewer: Viewer) -> Plan:
        planner, plan = self._planner(viewer), Plan()
        type_ = planner.object_type(selected.definition.type)
        stream = live.stream
        rows = (
            planner.rows(self.mapping.models[type_.name])
            .filter(**{stream.key: _KEY, f"{stream.sequence}__gt": _AFTER})
            .order_by(stream.sequence)
        )
        value = planner.row(type_, selected.nodes, stream.model, (selected.key,), 1)
        planner.charge(1)
        plan.pieces.append((selected.key, 0))
        sequence = Subquery(rows.values(stream.sequence)[:1])
        return finished(planner, plan, [JsonRow(rows.values(json=value)[:1]), sequence])

    def next(self, selected: Selected, live: Live) -> Event | None:
        """The first event after the one in the bindings."""
        plan = self.plan(selected, live)
        *columns, sequence = run(plan, self.bindings)
        if sequence is None:
            return None
        members = members_of(plan, columns)
        if plan.resolutions:
            members = fill_in(members, plan.resolutions, self.bindings, depth=1)
        self.insight.sql.append(plan.sql)
        self.insight.cost = plan.cost
        body = body_of(object_of(members), [], self._extensions(plan.cost))
        return Event(int(sequence), body)


def is_subscription(request: GraphQLRequest) -> bool:
    """Whether a request asks for events.

    Raises:
        InvalidDocument: it can't be run.
    """
    document = load_document(composed()[0], request.query)
    operation = document.operation(request.operation_name)
    return operation.operation is OperationType.SUBSCRIPTION
