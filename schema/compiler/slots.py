"""Placeholders for values that differ from request to request.

A plan is compiled once and run with many values. Wherever the ORM expects a value, the plan puts
a ``Slot``: an expression whose SQL is one typed parameter and which knows how to find its value
in the ``Bindings`` of a request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.lookups import In
from graphql import FieldNode, GraphQLError, GraphQLField
from graphql.execution.values import get_argument_values

from schema.problems import problem_of
from users.viewer import Viewer

_OUTPUT_FIELDS: dict[str, models.Field] = {
    "text": models.TextField(),
    "bigint": models.BigIntegerField(),
    "numeric": models.DecimalField(max_digits=30, decimal_places=10),
    "double precision": models.FloatField(),
    "boolean": models.BooleanField(),
    "timestamptz": models.DateTimeField(),
    "uuid": models.UUIDField(),
    "text[]": ArrayField(models.TextField()),
    "bigint[]": ArrayField(models.BigIntegerField()),
    "uuid[]": ArrayField(models.UUIDField()),
}


def output_field(cast: str) -> models.Field:
    """The ORM's field for a PostgreSQL type."""
    return _OUTPUT_FIELDS[cast]


@dataclass
class Bindings:
    """The values of one request.

    Attributes:
        variables: the operation's variables, coerced by their GraphQL types.
        viewer: who asks, with real values.
        payload: what a mutation made: primary keys by payload field.
        derived: values computed once from the others, by the plan's derivations, in order.
    """

    variables: dict[str, Any]
    viewer: Viewer
    payload: dict[str, Any] = field(default_factory=dict)
    derived: list[Any] = field(default_factory=list)
    _arguments: dict[int, dict[str, Any]] = field(default_factory=dict)

    def arguments(self, definition: GraphQLField, node: FieldNode) -> dict[str, Any]:
        """The argument values of a field, by argument name in Python's spelling.

        Raises:
            Problem: a variable is null where the argument must not be; its default allowed it.
        """
        found = self._arguments.get(id(node))
        if found is None:
            try:
                found = get_argument_values(definition, node, self.variables)
            except GraphQLError as error:
                raise problem_of(error, "BAD_USER_INPUT") from error
            self._arguments[id(node)] = found
        return found


class Slot(models.Expression):
    """One typed parameter of a compiled statement.

    Args:
        read: finds the value in a request's bindings.
        cast: PostgreSQL's name of the type; one of ``_OUTPUT_FIELDS``.
    """

    def __init__(self, read: Callable[[Bindings], Any], cast: str) -> None:
        super().__init__(output_field=output_field(cast))
        self.read = read
        self.cast = cast

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """A placeholder whose parameter is this slot itself; the plan numbers it."""
        return f"%s::{self.cast}", [self]

    def mapped(self, change: Callable[[Any], Any], cast: str) -> Slot:
        """A slot for a value computed from this one's."""
        return Slot(lambda bindings: change(self.read(bindings)), cast)


def cast_of(value: Any) -> str:
    """The PostgreSQL type that a Python value binds as."""
    kinds = {str: "text", bool: "boolean", int: "bigint", float: "double precision"}
    if isinstance(value, list | tuple):
        return f"{cast_of(value[0]) if value else 'text'}[]"
    for kind, cast in kinds.items():
        if type(value) is kind:
            return cast
    name = type(value).__name__
    return {"Decimal": "numeric", "datetime": "timestamptz", "UUID": "uuid"}[name]


class InSlot(In):
    """``IN`` that also takes a slot which holds an array, as ``= ANY``.

    Domain code keeps writing ``field__in=values``; only the compiler passes slots.
    """

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        """The operator and its right side."""
        if isinstance(self.rhs, Slot):
            return f"= ANY{rhs if rhs.startswith('(') else f'({rhs})'}"
        return super().get_rhs_op(connection, rhs)


models.Field.register_lookup(InSlot, "in")
