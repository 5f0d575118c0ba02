"""The oracle's resolvers: plain functions by GraphQL type and field.

They know nothing of the compiler. A resolver gets the row, who is asking, and the arguments by
their names in Python's spelling; where the rules are more than a column, it works them out in
Python from the rows themselves.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from graphene.utils.str_converters import to_camel_case
from graphql import GraphQLError, GraphQLResolveInfo

from tests.oracle.shop import Rows, Shop
from users.viewer import Viewer


@dataclass(frozen=True)
class Asking:
    """Who asks which shop."""

    shop: Shop
    viewer: Viewer

    def sees(self, model: Any, rows: Iterable[Any]) -> Rows:
        """Those of the rows that the viewer may see."""
        visible = self.shop.visible(model, self.viewer)
        return [row for row in rows if row.pk in visible]

    def see(self, model: Any, pk: int | None) -> Any:
        """The row of a primary key, or None where there is none or it is hidden."""
        return self.shop.get(model, pk) if pk in self.shop.visible(model, self.viewer) else None


Resolver = Callable[..., Any]
RESOLVERS: dict[str, Resolver] = {}


def resolver(field: str) -> Callable[[Resolver], Resolver]:
    """Make a function the resolver of a field, such as ``Product.name``."""

    def add(function: Resolver) -> Resolver:
        RESOLVERS[field] = function
        return function

    return add


def columns(type_name: str, names: str) -> None:
    """Have fields resolved by the row's attributes (or, of a dict, members) of the same names."""
    for name in names.split():

        def read(row: Any, asking: Asking, name: str = name) -> Any:
            return row.get(name) if isinstance(row, dict) else getattr(row, name)

        RESOLVERS[f"{type_name}.{to_camel_case(name)}"] = read


def global_id(type_name: str, key: str = "pk") -> None:
    """Have the field ``id`` resolved by a key of the row."""

    def read(row: Any, asking: Asking) -> str:
        return base64.b64encode(f"{type_name}:{getattr(row, key)}".encode()).decode()

    RESOLVERS[f"{type_name}.id"] = read


def failed(code: str) -> GraphQLError:
    """An error of a field."""
    return GraphQLError(code, extensions={"code": code})


def first_of(rows: Rows, first: int | None) -> Rows:
    """So many rows, or all."""
    if first is not None and first < 0:
        raise failed("BAD_USER_INPUT")
    if first is not None and first > 100:
        raise failed("LIMIT_EXCEEDED")
    return rows if first is None else rows[:first]


def money(amount: Any, currency: str) -> dict[str, Any]:
    """An amount of money."""
    return {"amount": amount, "currency": currency}


columns("Money", "amount currency")


def resolve(next_: Resolver, source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    """Graphql-core's middleware: the oracle's resolver in place of the schema's own."""
    if info.field_name.startswith("__") or info.parent_type.name.startswith("__"):
        return next_(source, info, **arguments)
    found = RESOLVERS[f"{info.parent_type.name}.{info.field_name}"]
    return found(source, info.context, **arguments)
