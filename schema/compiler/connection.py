"""Connections: pages by keyset cursor, counts and facets, as one expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models import Expression, F, Func, QuerySet
from graphql import GraphQLObjectType

from schema.compiler import mapping as reads
from schema.compiler.cursor import cursor_of, decode_cursor
from schema.compiler.facets import facets
from schema.compiler.filters import apply_filter, cleaned_filter
from schema.compiler.json import Count, build_object
from schema.compiler.selection import Selected
from schema.compiler.slots import Bindings, Slot
from schema.problems import Problem

if TYPE_CHECKING:
    from schema.compiler.plan import Path, Planner

_DEFAULT_PAGE = 20
_MAX_SEARCH = 1_000


class RowCompare(Func):
    """``(a, id) < (x, y)``: the comparison of rows that an index on ``(a, id)`` answers."""

    def __init__(self, keys: list[Any], operator: str, values: list[Slot]) -> None:
        super().__init__(*keys, *values, output_field=models.BooleanField())
        self.size = len(keys)
        self.operator = operator

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:
        """Both rows in parentheses."""
        parts, params = [], []
        for expression in self.get_source_expressions():
            sql, inner = compiler.compile(expression)
            parts.append(sql)
            params.extend(inner)
        left, right = ", ".join(parts[: self.size]), ", ".join(parts[self.size :])
        return f"({left}) {self.operator} ({right})", params


@dataclass(frozen=True)
class _Piece:
    """One member of the connection's JSON object.

    ``kind`` is edges, nodes, pageInfo, count or typename; ``fields`` are (key, what) pairs of an
    edge or the page info; ``source`` names a column of the page or a position among the counts.
    """

    key: str
    kind: str
    fields: tuple[tuple[str, str], ...] = ()
    source: Any = None


class Page(Expression):
    """The JSON object of a connection.

    Args:
        rows: the page's query, one row more than the page where ``wanted.look_ahead``; None
            where only counts are asked for.
        wanted: what the operation selects.
        size: rows of the page.
        backward: whether ``rows`` run from the page's end to its start.
        given: whether a cursor bounds the page on the side it starts from.
    """

    def __init__(
        self,
        rows: QuerySet | None,
        wanted: _Wanted,
        *,
        size: int,
        backward: bool,
        given: bool,
    ) -> None:
        super().__init__(output_field=models.JSONField())
        self.rows = None if rows is None else _PageRows(rows)
        self.counts = wanted.counts
        self.pieces = wanted.pieces
        self.size = size
        self.look_ahead = wanted.look_ahead
        self.backward = backward
        self.given = given

    def get_source_expressions(self) -> list[Any]:
        """The page's query, where there is one, and the counts."""
        return [*([] if self.rows is None else [self.rows]), *self.counts]

    def set_source_expressions(self, expressions: list[Any]) -> None:
        """Take the resolved expressions in their order."""
        if self.rows is not None:
            self.rows, *expressions = expressions
        self.counts = expressions

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """A sub-select over the page, or a plain object where there is no page."""
        params: list[Any] = []
        counts = []
        for count in self.counts:
            sql, inner = compiler.compile(count)
            counts.append((sql, inner))
        members = []
        for piece in self.pieces:
            sql, inner = self._member(piece, counts)
            members.append(f"'{piece.key}', {sql}")
            params.extend(inner)
        built = build_object(members)
        if self.rows is None:
            return built, params
        source, inner = compiler.compile(self.rows)
        params.extend(inner)
        # Every part was written by the ORM or is a response key; no value is among them.
        numbered = f"(SELECT rows.*, row_number() OVER () AS place FROM {source} rows)"  # noqa: S608
        return f"(SELECT {built} FROM {numbered} page)", params  # noqa: S608

    def _member(self, piece: _Piece, counts: list[Any]) -> tuple[str, list[Any]]:
        within = f" FILTER (WHERE page.place <= {self.size})" if self.look_ahead else ""
        # Said even where the page is in order already: since version 16, PostgreSQL sorts the rows
        # for whichever aggregate asks for an order, and those that don't get them so too.
        order = f" ORDER BY page.place{' DESC' if self.backward else ''}"
        match piece.kind:
            case "typename":
                return f"'{piece.source}'::text", []
            case "count":
                return counts[piece.source]
            case "nodes":
                items = f"json_agg(page.{piece.source}{order}){within}"
                return f"coalesce({items}, '[]'::json)", []
            case "edges":
                edge = build_object([f"'{key}', {what}" for key, what in piece.fields])
                return f"coalesce(json_agg({edge}{order}){within}, '[]'::json)", []
        return (
            build_object([f"'{key}', {self._page_info(what)}" for key, what in piece.fields]),
            [],
        )

    def _page_info(self, what: str) -> str:
        more = f"count(*) > {self.size}"
        given = "true" if self.given else "false"
        # An empty page may have looked ahead at one row.
        near = f"max(page.cursor) FILTER (WHERE page.place = {min(self.size, 1)})"
        far = (
            "(array_agg(page.cursor ORDER BY page.place DESC)"
            f" FILTER (WHERE page.place <= {self.size}))[1]"
        )
        ahead, behind = (
            ("hasPreviousPage", "hasNextPage")
            if self.backward
            else (
                "hasNextPage",
                "hasPreviousPage",
            )
        )
        start, end = (far, near) if self.backward else (near, far)
        return {ahead: more, behind: given, "startCursor": start, "endCursor": end}.get(
            what, f"'{what}'::text"
        )


class _PageRows(Count):
    """The page's query itself, in parentheses; a query without rows where none can match."""

    template = "(%(subquery)s)"

    def __init__(self, rows: QuerySet) -> None:
        models.Subquery.__init__(self, rows, output_field=models.JSONField())

    def as_sql(
        self, compiler: Any, connection: Any, template: str | None = None, **extra: Any
    ) -> tuple[str, Any]:
        """The sub-select; typed and empty where the ORM knows that no row can match."""
        try:
            return models.Subquery.as_sql(self, compiler, connection, template, **extra)
        except EmptyResultSet:
            columns = [
                f"NULL::{'text' if name == 'cursor' else 'json'} AS {name}"
                for name in self.query.annotation_select
            ]
            return f"(SELECT {', '.join(columns) or '1'} WHERE false)", ()


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

    counted = _Counted(rows, unfiltered, cleaned)
    wanted = _Wanted(planner, type_, model, counted, path, page_times, backward=backward)
    for member in planner.selection.of(type_, selected.nodes):
        wanted.add(member)
    planner.cost += page_times if wanted.page else 1
    page = rows if sort.rows is None else sort.rows(rows)
    for argument, ahead in (("after", True), ("before", False)):
        if arguments.get(argument) is not None:
            operator = ">" if ahead != sort.descending else "<"
            values = _cursor_slots(planner, selected, argument, tag, sort.casts, path)
            page = page.filter(RowCompare(keys, operator, values))
    given = arguments.get("before" if backward else "after") is not None
    if not wanted.page:
        return Page(None, wanted, size=size, backward=backward, given=given)
    if wanted.cursor:
        wanted.columns["cursor"] = cursor_of(tag, keys)
    descending = sort.descending != backward
    page = page.order_by(*(key.desc() if descending else key.asc() for key in keys))
    page = page.values(**wanted.columns) if wanted.columns else page.values("pk")
    return Page(
        page[: size + wanted.look_ahead],
        wanted,
        size=size,
        backward=backward,
        given=given,
    )


@dataclass(frozen=True)
class _Counted:
    """What counts and facets are made of: the list's rows, those before its filter, the filter."""

    rows: QuerySet
    unfiltered: QuerySet
    cleaned: dict[str, Any]


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
        self.pieces: list[_Piece] = []
        self.columns: dict[str, Any] = {}
        self.counts: list[Any] = []
        self.page = self.cursor = self.look_ahead = False

    def add(self, member: Selected) -> None:
        """Take in one selected member."""
        match member.name:
            case "__typename":
                self.pieces.append(_Piece(member.key, "typename", source=self._type.name))
            case "edges":
                self.page = True
                self.pieces.append(_Piece(member.key, "edges", self._edge(member)))
            case "nodes":
                self.page = True
                column = self._node(member, (*self._path, member.key))
                self.pieces.append(_Piece(member.key, "nodes", source=column))
            case "pageInfo":
                self.pieces.append(_Piece(member.key, "pageInfo", self._page_info(member)))
            case _:
                self.pieces.append(_Piece(member.key, "count", source=len(self.counts)))
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
        if len(text) > _MAX_SEARCH:
            raise Problem(
                "BAD_USER_INPUT",
                f"`search` must have at most {_MAX_SEARCH} characters.",
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
