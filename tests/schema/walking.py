"""Documents that select every field which the schema has, with every argument it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)

from schema.execution import composed

SCHEMA = composed()[0]
assert SCHEMA.query_type is not None
QUERY = SCHEMA.query_type
# Such documents are larger than those that clients may send.
NO_LIMITS = dict.fromkeys(settings.GRAPHQL_LIMITS, 10**9) | {"max_page_size": 100}
# Arguments that name one row: each is asked with all that anybody has, by `looks_up`.
KEYS = {"id", "ids", "token", "number", "slug"}
CURSORS = {"after", "before"}
# What of a type to select: `leaves`, `nearest` or `everything`.
Select = Callable[[GraphQLObjectType], str]


@dataclass(frozen=True)
class Chain:
    """A way from a root field to a field: ``viewer { orders ...``.

    Attributes:
        names: the fields on the way, the last one is the field itself.
        field: the field itself.
        key: the argument of the root field that wants a key; empty where it wants none.
    """

    names: tuple[str, ...]
    field: GraphQLField
    key: str = ""


def leaves(type_: GraphQLObjectType) -> str:
    """A type's own values, without what lies behind it."""
    names = [
        name for name, field in type_.fields.items() if is_leaf_type(get_named_type(field.type))
    ]
    return " ".join(["__typename", *names])


def nearest(type_: GraphQLObjectType) -> str:
    """A type's own values, and those of what lies right behind it."""
    parts = [leaves(type_)]
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if isinstance(inner, GraphQLObjectType):
            parts.append(f"{name} {{ {leaves(inner)} }}")
    return " ".join(parts)


def everything(type_: GraphQLObjectType, path: tuple[str, ...] = ()) -> str:
    """All fields of a type and of all types behind it, each type once on every way down."""
    path = (*path, type_.name)
    parts = [leaves(type_)]
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            continue
        # A connection's nodes are those of its edges.
        again = inner.name in path or name == "nodes"
        parts.append(f"{name} {{ {leaves(inner) if again else everything(inner, path)} }}")
    return " ".join(parts)


def split(type_: GraphQLObjectType) -> Iterator[str]:
    """`everything`, in documents of a sensible size: one for each field that leads on."""
    yield leaves(type_)
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if not is_leaf_type(inner):
            yield f"{name} {{ {everything(inner, (type_.name,))} }}"


def fields_of(root: str) -> dict[str, GraphQLField]:
    """The root fields of ``Query``, ``Mutation`` or ``Subscription``."""
    type_ = SCHEMA.type_map[root]
    assert isinstance(type_, GraphQLObjectType)
    return type_.fields


def call_of(
    root: str,
    name: str,
    arguments: str,
    select: Select | None = None,
) -> str:
    """A root field with these arguments; of what lies behind it, what ``select`` selects."""
    type_ = get_named_type(fields_of(root)[name].type)
    selection = "__typename"
    if select and isinstance(type_, GraphQLObjectType):
        selection = select(type_)
    given = f"({arguments})" if arguments else ""
    return f"{name}{given} {{ {selection} }}"


def node_types() -> list[GraphQLObjectType]:
    """The types that an id alone finds."""
    return list(SCHEMA.get_possible_types(SCHEMA.type_map["Node"]))  # type: ignore[arg-type]


def chains(roots: list[str]) -> list[Chain]:
    """The shortest way to every field that takes arguments, from these root fields."""
    found: list[Chain] = []
    seen: set[str] = set()
    ways = []
    for name in roots:
        root = QUERY.fields[name]
        keys = sorted(KEYS & root.args.keys()) or [""]
        ways += [Chain((name,), root, key) for key in keys]
    while ways:
        way = ways.pop(0)
        if way.field.args.keys() - KEYS:
            found.append(way)
        type_ = get_named_type(way.field.type)
        if type_.name in seen or not isinstance(type_, GraphQLObjectType):
            continue
        seen.add(type_.name)
        for name, field in type_.fields.items():
            if not is_leaf_type(get_named_type(field.type)):
                ways.append(Chain((*way.names, name), field, way.key))
    return found


def document(chain: Chain, argument: str = "") -> str:
    """A query of the chain's field; ``$v`` is its ``argument``, ``$key`` the root's."""
    field = chain.field
    declared = []
    selection = f"{{ {everything_near(get_named_type(field.type))} }}"
    given = []
    if argument:
        declared.append(f"$v: {field.args[argument].type}")
        given.append(f"{argument}: $v")
        if argument in CURSORS:
            given.append("first: 2" if argument == "after" else "last: 2")
    for depth, name in reversed(list(enumerate(chain.names))):
        if depth == 0 and chain.key:
            key_type = QUERY.fields[name].args[chain.key].type
            declared.append(f"$key: {key_type}")
            given.append(f"{chain.key}: $key")
        arguments = f"({', '.join(given)})" if given else ""
        selection, given = f"{{ {name}{arguments} {selection} }}", []
    head = f"query({', '.join(declared)}) " if declared else ""
    return head + selection


def everything_near(type_: GraphQLObjectType) -> str:
    """A type's values, and those of the rows that it lists."""
    parts = [leaves(type_)]
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            continue
        if name in ("edges", "pageInfo", "nodes", "node", "facets", "values"):
            parts.append(f"{name} {{ {everything_near(inner)} }}")
    return " ".join(parts)


def values_of(type_: Any, texts: list[str]) -> Iterator[Any]:
    """Values of an input type, such as would find somebody's rows."""
    if isinstance(type_, GraphQLNonNull):
        yield from values_of(type_.of_type, texts)
    elif isinstance(type_, GraphQLList):
        yield list(values_of(type_.of_type, texts))
    elif isinstance(type_, GraphQLEnumType):
        yield from type_.values
    elif isinstance(type_, GraphQLInputObjectType):
        required = {
            name: next(values_of(field.type, texts))
            for name, field in type_.fields.items()
            if isinstance(field.type, GraphQLNonNull)
        }
        for name, field in type_.fields.items():
            for value in values_of(field.type, texts):
                yield {**required, name: value}
    else:
        yield from {
            "Boolean": [True, False],
            "Int": [1, 2],
            "Float": [1.5],
            "Decimal": ["1.00", "99.00"],
            "DateTime": ["2020-01-01T00:00:00Z", "2040-01-01T00:00:00Z"],
        }.get(type_.name, texts)
