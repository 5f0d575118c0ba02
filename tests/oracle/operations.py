"""Operations made up from the schema: anything that validates may come out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

from tests.oracle.arguments import Arguments, Pools, Word, input_fields
from tests.oracle.choices import Choices
from tests.oracle.fields import RESOLVERS
from tests.oracle.pages import DEFAULT_PAGE
from tests.oracle.selection import Fragment, Members, Node, Writer
from tests.oracle.shop import Shop
from users.viewer import Viewer

# Room for what the limits on documents allow.
MOST_FIELDS, MOST_ALIASES, DEEPEST = 40, 12, 11
OFTEN = ("products", "orders", "viewer")
# What nested pages may multiply to, and what lists count for: without a page size, and by ids.
MOST_ROWS, UNPAGED, IDS = 1_000, 10, 100


@dataclass(frozen=True)
class Request:
    """Variables and a viewer for an operation.

    Attributes:
        caller: the viewer's name.
        misplaces_null: whether a variable with a default is null where its place is non-null.
    """

    caller: str
    viewer: Viewer
    variables: dict[str, Any]
    misplaces_null: bool


@dataclass(frozen=True, repr=False)
class Operation:
    """A document, and requests that run it one after the other.

    Attributes:
        name: of the operation to run; None where it is the only one.
        refusals: (path, code) of the arguments that no server should accept.
    """

    document: str
    name: str | None
    requests: list[Request]
    refusals: frozenset[tuple[tuple[str, ...], str]]


def unknown_fields(schema: GraphQLSchema, pools: Pools) -> list[str]:
    """The fields and arguments of queries that the oracle can't answer or make up."""
    found, waiting, seen = [], [schema.query_type], set()
    while waiting:
        type_ = waiting.pop()
        if type_ is None or type_.name in seen:
            continue
        seen.add(type_.name)
        for name, definition in type_.fields.items():
            if isinstance(type_, GraphQLObjectType) and f"{type_.name}.{name}" not in RESOLVERS:
                found.append(f"{type_.name}.{name}")
                continue
            found += _unknown_arguments(f"{type_.name}.{name}", definition, pools)
            inner: Any = get_named_type(definition.type)
            if isinstance(inner, GraphQLInterfaceType):
                waiting += schema.get_possible_types(inner)
            if isinstance(inner, GraphQLObjectType | GraphQLInterfaceType):
                waiting.append(inner)
    return sorted(found)


def _unknown_arguments(where: str, definition: Any, pools: Pools) -> list[str]:
    return [
        place
        for name, argument in definition.args.items()
        if name not in ("first", "last", "after", "before")
        for place in input_fields(argument.type, f"{where}.{name}")
        if place not in pools.values
    ]


@dataclass
class Generator:
    """Makes one operation.

    Attributes:
        unknown: fields and arguments that are left out.
        left: how many more fields the operation may have.
        aliases: how many it has; some may be written twice.
    """

    schema: GraphQLSchema
    shop: Shop
    viewers: dict[str, Viewer]
    pools: Pools
    unknown: frozenset[str]
    choices: Choices
    left: int = MOST_FIELDS
    aliases: int = 0
    fragments: dict[str, list[Fragment]] = field(default_factory=dict)

    def operation(self) -> Operation:
        """The operation with its requests."""
        self.arguments = Arguments(self.choices, self.pools)
        query: Any = self.schema.query_type
        members = self.members(query, self.choices.number(2, DEEPEST), 1, most=4)
        if self.choices.chance(2):
            members.fields["__type"] = self._introspection(query)
        writer = Writer(self.schema, self.choices, self.arguments)
        body = writer.selections(members)
        written = " ".join([body, *writer.definitions])
        # What was left out again may have had variables.
        used = set(re.findall(r"\$(\w+)", written))
        self.arguments.variables = [v for v in self.arguments.variables if v.name in used]
        named = bool(self.arguments.variables) or self.choices.chance(30)
        head = ", ".join(variable.definition for variable in self.arguments.variables)
        head = f"query Made{f'({head})' if head else ''} " if named else ""
        parts = [f"{head}{{ {body} }}", *writer.definitions]
        several = named and self.choices.chance(5)
        if several:
            parts.append("query Other { __typename }")
        if self.choices.chance(30):
            parts = self.choices.shuffled(parts)
        requests = [self.request() for _ in range(self.choices.one([1, 2, 3]))]
        return Operation(
            "\n".join(parts),
            "Made" if several or (named and self.choices.chance(50)) else None,
            requests,
            frozenset(_refusals(members, ())),
        )

    def request(self) -> Request:
        """A viewer, and values for the variables."""
        variables = {}
        for variable in self.arguments.variables:
            optional = variable.default is not None or not variable.type_.endswith("!")
            if not variable.fixed and optional and self.choices.chance(20):
                continue
            null = not variable.fixed and not variable.type_.endswith("!")
            variables[variable.name] = None if null and self.choices.chance(8) else variable.value()
            if self.choices.chance(1):
                variables[variable.name] = {"wrong": [1]}
        caller = self.choices.one(list(self.viewers))
        misplaced = any(
            variable.required and variables.get(variable.name, "") is None
            for variable in self.arguments.variables
        )
        return Request(caller, self.viewers[caller], variables, misplaced)

    def _introspection(self, query: Any) -> Node:
        """A question about the schema, which no database answers."""
        node = Node("__type", query)
        types = ["Product", "Nothing", "Query"]
        name = self.arguments.literal(self.choices.one(types))
        if self.choices.chance(50):
            name = self.arguments.declare("String!", lambda: self.choices.one(types))
        node.arguments = f"(name: {name})"
        names = self.choices.shuffled(["name", "kind", "__typename"])
        type_ = self.schema.type_map["__Type"]
        node.members = Members("__Type", {name: Node(name, type_) for name in names})
        return node

    # --- selections ---------------------------------------------------------------------------

    def members(self, type_: Any, depth: int, times: int, *, most: int = 6) -> Members:
        """Fields for an object of a type.

        Args:
            depth: levels that may follow.
            times: how often the object may occur in the answer.
        """
        chosen = Members(type_.name)
        names = [n for n in type_.fields if f"{type_.name}.{n}" not in self.unknown]
        # Lists have most to get wrong.
        names += [n for n in names if n in OFTEN for _ in range(3)]
        leaves = [n for n in names if is_leaf_type(get_named_type(type_.fields[n].type))]
        if depth <= 1 or self.left <= 0:
            names = leaves
        for _ in range(self.choices.number(1, most)):
            if self.choices.chance(6) or not names:
                self._add(chosen, Node("__typename", type_))
            elif self.choices.chance(8) and self._reuse(chosen, type_, depth, times):
                continue
            else:
                of = leaves if leaves and self.choices.chance(35) else names
                self._choose(chosen, type_, self.choices.one(of), depth, times)
        if not chosen.all_keys():
            self._add(chosen, Node("__typename", type_))
        if self.choices.chance(10) and not chosen.spreads and isinstance(type_, GraphQLObjectType):
            self._share(chosen, depth, times)
        return chosen

    def _add(self, chosen: Members, node: Node) -> None:
        """Add a field under its own name or an alias, unless the name is taken."""
        if self.aliases < MOST_ALIASES and self.choices.chance(15):
            # Also another field's name: an answer's keys need not tell what they hold.
            node.key = self.choices.one(["a1", "b2", "_c", "name", "id", "nodes", "viewer", "Ab"])
        if node.key not in chosen.all_keys():
            chosen.fields[node.key] = node
            self.left -= 1
            self.aliases += node.key != node.name

    def _choose(self, chosen: Members, type_: Any, name: str, depth: int, times: int) -> None:
        definition = type_.fields[name]
        inner: Any = get_named_type(definition.type)
        node = Node(name, type_)
        if name in chosen.all_keys() and self.choices.chance(70):
            return
        node.arguments, times = self._arguments(node, definition, times)
        if isinstance(inner, GraphQLInterfaceType):
            node.members = self._abstract(inner, depth - 1, times)
        elif isinstance(inner, GraphQLObjectType):
            node.members = self.members(inner, depth - 1, times)
        self._add(chosen, node)

    def _abstract(self, type_: GraphQLInterfaceType, depth: int, times: int) -> Members:
        members = self.members(type_, 1, times, most=2)
        possible = [
            each
            for each in self.schema.get_possible_types(type_)
            if each.name not in {name.partition(".")[0] for name in self.unknown}
        ]
        for _ in range(self.choices.number(0, 3)):
            concrete = self.choices.one(possible)
            if concrete.name not in members.of_types:
                inner = self.members(concrete, depth, times)
                members.of_types[concrete.name] = self._apart(inner)
        return members

    def _apart(self, inner: Members) -> Members:
        """The members with keys that no other type's members of the same node have."""
        nodes = [*inner.fields.values()]
        nodes += [node for each in inner.spreads for node in each.members.fields.values()]
        fields = {}
        for each in nodes:
            node = copy(each)
            if node.key != node.name or node.name not in ("id", "__typename"):
                node.key = f"{inner.type_name}_{node.key}"
                self.aliases += 1
            if self.aliases <= MOST_ALIASES or node.key == node.name:
                fields[node.key] = node
        return Members(inner.type_name, fields or {"__typename": Node("__typename", None)})

    # --- fragments ----------------------------------------------------------------------------

    def _share(self, chosen: Members, depth: int, times: int) -> None:
        """Make a fragment of what was chosen, for here and elsewhere."""
        name = f"Part{sum(map(len, self.fragments.values()))}"
        fragment = Fragment(name, Members(chosen.type_name, dict(chosen.fields)), depth, times)
        self.fragments.setdefault(chosen.type_name, []).append(fragment)
        chosen.fields.clear()
        chosen.spreads.append(fragment)

    def _reuse(self, chosen: Members, type_: Any, depth: int, times: int) -> bool:
        """Spread a known fragment, where one fits."""
        for fragment in self.fragments.get(type_.name, []):
            fits = depth >= fragment.depth and times <= fragment.times
            if fits and not chosen.all_keys() & fragment.members.all_keys():
                chosen.spreads.append(fragment)
                return True
        return False

    # --- arguments ----------------------------------------------------------------------------

    def _arguments(self, node: Node, definition: Any, times: int) -> tuple[str, int]:
        """A field's arguments, and how often what is below it may occur."""
        where = f"{node.parent.name}.{node.name}"
        if "after" in definition.args:
            written, times = self._page(node, definition, where, times)
        else:
            written = self.arguments.of_field(node.parent.name, node.name, definition)
            if "first" in definition.args:
                size, extra = self._size("first", times, default=UNPAGED, node=node)
                written += extra
                times *= max(size, 1)
            if "ids" in definition.args:
                times *= IDS
        if len(written) > 1 and self.choices.chance(20):
            written = self.choices.shuffled(written)
        return f"({', '.join(written)})" if written else "", times

    def _page(self, node: Node, definition: Any, where: str, times: int) -> tuple[list[str], int]:
        if self.choices.chance(60):
            written = self.arguments.of_field(node.parent.name, node.name, definition)
            order = None
        else:
            written, order = self._ordered(node, definition, where)
        backward = self.choices.chance(35)
        name, cursor = ("last", "before") if backward else ("first", "after")
        size, extra = self._size(name, times, default=DEFAULT_PAGE, node=node)
        written += extra
        known = sorted(self.shop.cursors.get(order or "", {}).values())
        for argument, percent in ((cursor, 70), ("after" if backward else "before", 10)):
            if known and self.choices.chance(percent):
                written.append(f"{argument}: {self._cursor(known)}")
            elif self.choices.chance(3):
                written.append(f"{argument}: null")
        if self.choices.chance(1):
            written = [each for each in written if not each.startswith(f"{cursor}:")]
            written.append(f'{cursor}: "{self.choices.one(["made up", "", "bWFkZSB1cA=="])}"')
            node.refusals.add("INVALID_CURSOR")
        return written, times * max(size, 1)

    def _ordered(self, node: Node, definition: Any, where: str) -> tuple[list[str], str | None]:
        """Arguments that settle the order of a list, so that cursors fit; and the order's name."""
        connection = get_named_type(definition.type).name
        written = []
        if "filter" in definition.args and self.choices.chance(40):
            type_ = definition.args["filter"].type
            written.append(f"filter: {self.arguments.write(f'{where}.filter', type_)}")
        orders = sorted(name for name in self.shop.cursors if name.startswith(f"{connection}:"))
        if node.parent.name != "Query" and connection == "OrderConnection":
            return written, "OrderConnection:NEWEST"
        order = self.choices.one(orders) if orders else None
        if order is None:
            return written, None
        _, sort, *term = order.split(":", 2)
        if term:
            written.append(f"search: {self.arguments.fixed('String', term[0])}")
        elif "sort" in definition.args:
            declared = definition.args["sort"].type.name
            written.append(f"sort: {self.arguments.fixed(declared, Word(sort))}")
            if "search" in definition.args and self.choices.chance(30):
                searched = self.arguments.write(f"{where}.search", definition.args["search"].type)
                written.append(f"search: {searched}")
        return written, order

    def _cursor(self, known: list[str]) -> str:
        if self.choices.chance(60):
            return self.arguments.declare("String!", lambda: self.choices.one(known))
        return self.arguments.literal(self.choices.one(known))

    def _size(self, name: str, times: int, *, default: int, node: Node) -> tuple[int, list[str]]:
        """A page size that keeps the operation affordable; the argument, where it is given."""
        sizes = [size for size in (2, 1, 3, 0, 5, 20, 100) if times * size <= MOST_ROWS]
        if self.choices.chance(1):
            bad = self.choices.one([-1, 101, 2**31 - 1])
            node.refusals.add("BAD_USER_INPUT" if bad < 0 else "LIMIT_EXCEEDED")
            return 1, [f"{name}: {bad}"]
        if times * default <= MOST_ROWS and self.choices.chance(40):
            return default, [f"{name}: null"] if self.choices.chance(10) else []
        if self.choices.chance(40):
            variable = self.arguments.declare("Int!", lambda: self.choices.one(sizes))
            return max(sizes), [f"{name}: {variable}"]
        size = self.choices.one(sizes)
        return size, [f"{name}: {size}"]


def _refusals(members: Members, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where an operation asks for what can't be."""
    inner = [*members.of_types.values(), *(each.members for each in members.spreads)]
    for each in inner:
        yield from _refusals(each, path)
    for node in members.fields.values():
        here = (*path, node.key)
        for code in node.refusals:
            yield here, code
        if node.members is not None:
            yield from _refusals(node.members, here)
