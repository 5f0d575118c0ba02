"""The ways in which a field can be read; ``mapping`` declares them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Mapping as ByName
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from schema.compiler.slots import Slot
from users.viewer import Viewer

# A graphene type, or a function that gives it (types refer to each other).
TypeRef = Any


@dataclass(frozen=True)
class Column:
    """A scalar, enum or list of scalars: an ORM expression relative to the type's model."""

    source: Any


@dataclass(frozen=True)
class Computed:
    """A scalar that depends on the field's arguments.

    ``source`` gets a slot for each of them by name, None where it is absent or null, and answers
    an ORM expression relative to the type's model.
    """

    source: Callable[[ByName[str, Slot | None]], Any]


@dataclass(frozen=True)
class GlobalId:
    """The opaque id: ``Type:key`` in base64."""

    key: str


@dataclass(frozen=True)
class Embedded:
    """An object without rows of its own: expressions of the row around it, by field.

    ``present`` is the condition under which it is not null; None means always.
    """

    sources: ByName[str, Any]
    present: Q | None = None


@dataclass(frozen=True)
class ToOne:
    """A row that this row points to, or that points to this row and is the only one."""

    relation: str
    part: bool


@dataclass(frozen=True)
class ToMany:
    """Rows as a plain list, in order; ``first`` may cut it.

    ``rows`` narrows or replaces the related rows, given the guarded ones.
    """

    relation: str | None
    order_by: tuple[Any, ...]
    part: bool
    rows: Callable[[Any], QuerySet] | None = None


@dataclass(frozen=True)
class Sort:
    """An order of a connection.

    Attributes:
        keys: ORM expressions or paths, none null, the last one unique; or a function that makes
            them of the search term's slot.
        casts: the keys' PostgreSQL types, in which a cursor's values are compared.
        descending: whether all keys run from large to small.
        rows: narrows the rows so that the keys' joins are inner joins.
    """

    keys: Any
    casts: tuple[str, ...]
    descending: bool = False
    rows: Callable[[Any], QuerySet] | None = None


@dataclass(frozen=True)
class Connected:
    """Rows as a Relay connection: pages by cursor, a count, and counts of the connection's own.

    Attributes:
        relation: the relation from the parent's model; None at the root.
        sorts: orders by the name of the sort argument's enum value; the first is used without
            an argument, and RELEVANCE, where there is one, for a search.
        filterset: the FilterSet that validates and applies the ``filter`` argument; without such
            an argument, those that have its filters' names.
        part: whether the rows are seen with their parent rather than by ``visible_to``.
        rows: narrows the guarded rows, given the viewer.
    """

    relation: str | None
    sorts: ByName[str, Sort]
    filterset: Any = None
    searched: bool = False
    part: bool = False
    rows: Callable[[Any, Viewer], QuerySet] | None = None


@dataclass(frozen=True)
class CountOf:
    """On a connection: how many of its rows remain once narrowed, whatever the page."""

    rows: Callable[[Any], QuerySet] = field(default=lambda rows: rows)


@dataclass(frozen=True)
class FacetsOf:
    """On a connection: counts by the values of its filters.

    ``counts`` gets the rows before the filter and the filter's cleaned values, and answers
    queries with the columns place, facet, title, value, caption, number.
    """

    counts: Callable[[Any, ByName[str, Any]], Iterable[QuerySet]]


@dataclass(frozen=True)
class RelatedCount:
    """How many rows of another type that the viewer may see belong to this row."""

    node: TypeRef
    rows: Callable[[Any], QuerySet]


@dataclass(frozen=True)
class OneOf:
    """One of the rows of another type that the viewer may see, chosen by ``rows``."""

    rows: Callable[[Any], QuerySet]


@dataclass(frozen=True)
class One:
    """At the root: one visible row, found by the arguments.

    ``rows`` gets the model's guarded rows and the arguments' slots by name (None where not
    given) and answers at most one row. ``holds`` names the viewer's keys that an argument
    presents, with the change that makes the key of it.
    """

    rows: Callable[[QuerySet, ByName[str, Slot | None], Viewer], QuerySet]
    holds: ByName[str, tuple[str, Callable[[Slot], Slot]]] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeById:
    """At the root: one visible row of any type that has an id."""

    argument: str


@dataclass(frozen=True)
class NodesById:
    """At the root: the visible rows of several ids, in their order, null for the others."""

    argument: str


@dataclass(frozen=True)
class Resolved:
    """A field that Python computes, deliberately, from expressions of its row.

    Attributes:
        sources: the expressions by name; their values are those of the row's JSON.
        resolve: answers one value a row, given every row's values and the field's arguments.
            It must not read the database: that is what the other kinds are for.
    """

    sources: ByName[str, Any]
    resolve: Callable[..., list[Any]]


@dataclass(frozen=True)
class Entity:
    """In a payload: the row that the mutation made, by its primary key in the result."""


@dataclass(frozen=True)
class Entities:
    """In a payload: the rows that the mutation made, by their primary keys, in order."""


@dataclass(frozen=True)
class Plain:
    """In a payload: a value that the mutation answered itself."""
