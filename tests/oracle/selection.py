"""Selections of generated operations, and the many ways of writing them down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema

from tests.oracle.arguments import Arguments
from tests.oracle.choices import Choices

MOST_DIRECTIVES = 18


class Node:
    """One field of an object in the answer.

    Attributes:
        name: of the field in the schema.
        parent: the type that has it.
        key: its name in the answer.
        arguments: as written, in parentheses.
        members: what is below it; None for a scalar.
        refusals: the codes of the errors that its arguments may cause.
    """

    def __init__(self, name: str, parent: Any) -> None:
        self.name = self.key = name
        self.parent = parent
        self.arguments = ""
        self.members: Members | None = None
        self.refusals: set[str] = set()


@dataclass
class Members:
    """What is selected of an object.

    Attributes:
        type_name: the object's type, or its interface.
        fields: by key in the answer.
        spreads: fragments that select more.
        of_types: of an interface: what is selected where the object has this type.
    """

    type_name: str
    fields: dict[str, Node] = field(default_factory=dict)
    spreads: list[Fragment] = field(default_factory=list)
    of_types: dict[str, Members] = field(default_factory=dict)

    def all_keys(self) -> set[str]:
        """All keys in the answer."""
        inner = [*self.of_types.values(), *(each.members for each in self.spreads)]
        return set(self.fields).union(*(each.all_keys() for each in inner))


@dataclass(eq=False)
class Fragment:
    """A named fragment that several places may spread.

    Attributes:
        depth: levels that it may need.
        times: how often what it is spread on may occur.
    """

    name: str
    members: Members
    depth: int
    times: int


class Writer:
    """Writes one operation's selections.

    Attributes:
        definitions: of the named fragments.
    """

    def __init__(self, schema: GraphQLSchema, choices: Choices, arguments: Arguments) -> None:
        self.schema = schema
        self.choices = choices
        self.arguments = arguments
        self.definitions: list[str] = []
        self._defined: set[str] = set()
        self._directives = 0

    def selections(self, members: Members) -> str:
        """What stands between the braces of an object."""
        pieces = [
            self._wrapped(piece, members.type_name, node)
            for node in members.fields.values()
            for piece in self._field(node)
        ]
        for fragment in members.spreads:
            if fragment.name not in self._defined:
                self._defined.add(fragment.name)
                self._define(fragment.name, fragment.members)
            pieces.append(f"...{fragment.name}{self._directive()}")
        for type_name, inner in members.of_types.items():
            pieces.append(f"... on {type_name}{self._directive()} {{ {self.selections(inner)} }}")
        if len(pieces) > 1 and self.choices.chance(15):
            pieces = self.choices.shuffled(pieces)
        return " ".join(pieces)

    def _define(self, name: str, members: Members) -> None:
        body = self.selections(members)
        self.definitions.append(f"fragment {name} on {members.type_name} {{ {body} }}")

    def _field(self, node: Node) -> list[str]:
        """A field; sometimes twice, with other things below it."""
        alias = "" if node.key == node.name else f"{node.key}: "
        head = f"{alias}{node.name}{node.arguments}"
        if node.members is None:
            twice = self.choices.chance(3)
            return [f"{head}{self._directive()}" for _ in range(2 if twice else 1)]
        return [
            f"{head}{self._directive()} {{ {self.selections(part)} }}"
            for part in self._split(node.members)
        ]

    def _split(self, members: Members) -> list[Members]:
        """The members as they are, or in two parts that may share some."""
        if len(members.fields) < 2 or not self.choices.chance(8):
            return [members]
        keys = list(members.fields)
        at = self.choices.number(1, len(keys) - 1)
        shared = self.choices.number(0, 1)
        first = {key: members.fields[key] for key in keys[:at]}
        second = {key: members.fields[key] for key in keys[at - shared :]}
        return [
            Members(members.type_name, first, members.spreads),
            Members(members.type_name, second, [], members.of_types),
        ]

    def _wrapped(self, piece: str, type_name: str, node: Node) -> str:
        """A piece, perhaps inside a fragment."""
        way = self.choices.number(0, 24)
        if way == 24:
            return f"...{self._directive()} {{ {piece} }}"
        if way == 23:
            return f"... on {type_name}{self._directive()} {{ {piece} }}"
        if way == 22:
            name = f"Piece{len(self.definitions)}"
            self.definitions.append(f"fragment {name} on {type_name} {{ {piece} }}")
            return f"...{name}{self._directive()}"
        if way > 18 and node.name == "id" and self._is_node(type_name):
            return f"... on Node{self._directive()} {{ {piece} }}"
        return piece

    def _is_node(self, type_name: str) -> bool:
        type_ = self.schema.type_map[type_name]
        return isinstance(type_, GraphQLObjectType) and "Node" in [i.name for i in type_.interfaces]

    def _directive(self) -> str:
        """Mostly nothing."""
        if self._directives >= MOST_DIRECTIVES or not self.choices.chance(6):
            return ""
        way = self.choices.number(0, 5)
        names = ["include", "skip"] if way == 5 else ["skip"] if way % 2 else ["include"]
        self._directives += len(names)
        return "".join(f" @{name}(if: {self.arguments.condition()})" for name in names)
