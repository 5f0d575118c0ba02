"""Connections: which page by keyset cursor, which counts and facets an operation asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import F, QuerySet
from graphql import GraphQLObjectType

from schema.compiler import readings as reads
from schema.compiler.cursor import cursor_of, decode_cursor
from schema.compiler.facets import facets
from schema.compiler.filters import apply_filter, cleaned_filter
from schema.compiler.json import Count
from schema.compiler.page import Page, Piece, RowCompare
from schema.compiler.selection import Selected
from schema.compiler.slots import Bindings, Slot
from schema.problems import Problem

if TYPE_CHECKING:
    from schema.compiler.plan import Path, Planner

_DEFAULT_PAGE = 20
# What facets count for in an operation's cost: they aggregate all rows, for each of the filters.
_FACETS_COST = 100


def connection(
    planner: Planner,
    read: reads.Connected,
    selected: Selected,
    model: type[models.Model],
    rows: QuerySet,
    path: Path,
    times: int,
) -> Page:
    """The expression of a connection over guarded ``rows``."""
    type_ = planner.object_type(selected.definition.type)
    arguments = planner.arguments(selected)
    if read.rows is not None:
        rows = read.rows(rows, planner.viewer)
    searching = read.searched and (arguments.get("search") or "").strip()
    term = _search_slot(planner, selected, path) if searching else None
    if term is not None:
        rows = rows.search(term)  # type: ignore[attr-defined]
    unfiltered, cleaned = rows, {}
    if read.filterset is not None:
        cleaned = cleaned_filter(planner, read.filterset, selected, rows, path)
        rows = apply_filter(read.filterset, cleaned, rows)

    first = planner.page_size(arguments.get("first"), "first", path)
    last = planner.page_size(arguments.get("last"), "last", path)
    if first is not None and last is not None:
        raise Problem(
            "BAD_USER_INPUT", "Give `first` or `last`, not both.", path=list(path), argument="last"
        )
    backward = last is not None
    size = last if last is not None else _DEFAULT_PAGE if first is None else first
    page_times = times * max(size, 1)

    name, sort = _sort(read, arguments.get("sort"), searching=term is not None)
    keys = sort.keys(term) if callable(sort.keys) else sort.keys
    keys = [F(key) if isinstance(key, str) else key for key in keys]
    tag = f"{type_.name}:{selected.name}:{name}"

    counted = _Counted(rows, unfiltered, cleaned, times)
    wanted = _Wanted(planner, type_, model, counted, path, page_times, backward=backward)
    for member in planner.selection.of(type_, selected.nodes):
        wanted.add(member)
    planner.charge(page_times if wanted.page else 1)
    page = rows if sort.rows is None else sort.rows(rows)
    for argument, ahead in (("after", True), ("before", False)):
        if arguments.get(argument) is not None:
            operator = ">" if ahead != sort.descending else "<"
            values = _cursor_slots(planner, selected, argument, tag, sort.casts, path)
            page = page.filter(RowCompare(keys, operator, values))
    given = arguments.get("before" if backward else "after") is not None
    built = partial(
        Page,
        pieces=wanted.pieces,
        counts=wanted.counts,
        look_ahead=wanted.look_ahead,
        size=size,
        backward=backward,
        given=given,
    )
    if not wanted.page:
        return built(None)
    if wanted.cursor:
        wanted.columns["cursor"] = cursor_of(tag, keys)
    descending = sort.descending != backward
    page = page.order_by(*(key.desc() if descending else key.asc() for key in keys))
    page = page.values(**wanted.columns) if wanted.columns else page.values("pk")
    return built(page[: size + wanted.look_ahead])


@dataclass(frozen=True)
class _Counted:
    """What counts and facets are made of.

    Attributes:
        rows: the list's.
        unfiltered: those before its filter.
        cleaned: the filter.
        times: how often they are counted.
    """

    rows: QuerySet
    unfiltered: QuerySet
    cleaned: dict[str, Any]
    times: int


class _Wanted:
    """What of a connection an operation selects.

    Attributes:
        pieces: the members of the connection's object.
        columns: of the page's query, by name.
        counts: expressions that do not depend on the page.
        page: whether rows are asked for at all.
        cursor: whether any cursor is shown.
        look_ahead: whether one row more must be read, to know of a next page.
    """

    def __init__(
        self,
        planner: Planner,
        type_: GraphQLObjectType,
        model: type[models.Model],
        counted: _Counted,
        path: Path,
        times: int,
        *,
        backward: bool,
    ) -> None:
        self._planner = planner
        self._type = type_
        self._model = model
        self._counted = counted
        self._path = path
        self._times = times
        self._ahead = "hasPreviousPage" if backward else "hasNextPage"
        self.pieces: list[Piece] = []
        self.columns: dict[str, Any] = {}
        self.counts: list[Any] = []
        self.page = self.cursor = self.look_ahead = False

    def add(self, member: Selected) -> None:
        """Take in one selected member."""
        match member.name:
            case "__typename":
                self.pieces.append(Piece(member.key, "typename", source=self._type.name))
            case "edges":
                self.page = True
                self.pieces.append(Piece(member.key, "edges", self._edge(member)))
            case "nodes":
                self.page = True
                column = self._node(member, (*self._path, member.key))
                self.pieces.append(Piece(member.key, "nodes", source=column))
            case "pageInfo":
                self.pieces.append(Piece(member.key, "pageInfo", self._page_info(member)))
            case _:
                self.pieces.append(Piece(member.key, "count", source=len(self.counts)))
                self.counts.append(self._count(member))

    def _edge(self, member: Selected) -> tuple[tuple[str, str], ...]:
        """The (key, SQL) pairs of an edge."""
        edge = self._planner.object_type(member.definition.type)
        fields: list[tuple[str, str]] = []
        for inner in self._planner.selection.of(edge, member.nodes):
            match inner.name:
                case "__typename":
                    fields.append((inner.key, f"'{edge.name}'::text"))
                case "cursor":
                    self.cursor = True
                    fields.append((inner.key, "page.cursor"))
                case _:
                    column = self._node(inner, (*self._path, member.key, inner.key))
                    fields.append((inner.key, f"page.{column}"))
        return tuple(fields)

    def _node(self, member: Selected, path: Path) -> str:
        """Add the column of the row's JSON object to the page's query; answers its name."""
        type_ = self._planner.object_type(member.definition.type)
        name = f"json_{len(self.columns)}"
        self.columns[name] = self._planner.row(type_, member.nodes, self._model, path, self._times)
        return name

    def _page_info(self, member: Selected) -> tuple[tuple[str, str], ...]:
        """The (key, name) pairs of the page info; a name that is none of its fields' is text."""
        type_ = self._planner.object_type(member.definition.type)
        fields = [
            (inner.key, inner.name if inner.definition is not None else type_.name)
            for inner in self._planner.selection.of(type_, member.nodes)
        ]
        names = {name for _, name in fields}
        self.look_ahead |= self._ahead in names
        self.cursor |= bool({"startCursor", "endCursor"} & names)
        # The rest is known from the arguments alone.
        self.page |= self.look_ahead or self.cursor
        return tuple(fields)

    def _count(self, member: Selected) -> Any:
        """A count of the connection's rows, whatever the page."""
        read = self._planner.mapping.read(self._type.name, member.name)
        if isinstance(read, reads.CountOf):
            return Count(read.rows(self._counted.rows))
        if isinstance(read, reads.FacetsOf):
            self._planner.charge(self._counted.times * _FACETS_COST)
            counts = read.counts(self._counted.unfiltered, self._counted.cleaned)
            return facets(self._planner, member, counts)
        raise TypeError(f"{self._type.name}.{member.name} has no mapping.")


def _sort(read: reads.Connected, chosen: Any, *, searching: bool) -> tuple[str, reads.Sort]:
    """The order: the chosen one, else relevance for a search, else the connection's own."""
    name = getattr(chosen, "name", chosen)
    if name is None or (name == "RELEVANCE" and not searching):
        relevance = searching and "RELEVANCE" in read.sorts
        name = "RELEVANCE" if relevance else next(iter(read.sorts))
    return name, read.sorts[name]


def _search_slot(planner: Planner, selected: Selected, path: Path) -> Slot:
    """A slot for the search term; PostgreSQL fails on one of hundreds of kilobytes."""
    definition, node = selected.definition, selected.nodes[0]

    def term(bindings: Bindings) -> str:
        text = bindings.arguments(definition, node)["search"]
        if len(text) > (most := settings.GRAPHQL_LIMITS["max_search_characters"]):
            raise Problem(
                "BAD_USER_INPUT",
                f"`search` must have at most {most} characters.",
                path=list(path),
                argument="search",
            )
        return text

    return Slot(term, "text")


def _cursor_slots(
    planner: Planner,
    selected: Selected,
    argument: str,
    tag: str,
    casts: tuple[str, ...],
    path: Path,
) -> list[Slot]:
    """Slots for the sort keys in a cursor argument."""
    definition, node = selected.definition, selected.nodes[0]

    def decode(bindings: Bindings) -> list[Any]:
        try:
            return decode_cursor(bindings.arguments(definition, node)[argument], tag, casts)
        except ValueError as error:
            raise Problem(
                "INVALID_CURSOR",
                f"{error} Pass a cursor from this list's own edges or pageInfo.",
                path=list(path),
                argument=argument,
            ) from error

    keys = planner.derived(decode)

    def key_slot(at: int, cast: str) -> Slot:
        return Slot(lambda bindings: keys(bindings)[at], cast)

    return [key_slot(at, cast) for at, cast in enumerate(casts)]
