"""Connections: all rows in order, then a slice of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.oracle.fields import Asking, columns, failed, resolver
from tests.oracle.shop import Rows

DEFAULT_PAGE, LARGEST_PAGE = 20, 100
CONNECTIONS = (
    "Category Collection CollectionProduct ImportRow Job Message Notification Order OrderEvent"
    " Product Review StockMovement Voucher WebhookDelivery WebhookEndpoint"
)


@dataclass(frozen=True)
class Order:
    """An order of all rows of a table.

    Attributes:
        name: what its cursors are kept under.
        places: the place of each row, by primary key; a row that has none is not listed.
    """

    name: str
    places: Mapping[int, int]


@dataclass(frozen=True)
class Page:
    """A connection's page, and all its rows.

    Attributes:
        listed: the rows of all pages.
        rows: of this page.
        cursors: of its rows, by primary key.
        facets: what it takes to count by the values of filters.
    """

    listed: Rows
    rows: Rows
    cursors: Mapping[int, str]
    has_next_page: bool
    has_previous_page: bool
    facets: Any = None


def newest(rows: Iterable[Any], column: str = "created_at", *, oldest: bool = False) -> dict:
    """Places by a time, the latest first; rows of the same time by primary key."""
    ordered = sorted(rows, key=lambda row: (getattr(row, column), row.pk), reverse=not oldest)
    return {row.pk: place for place, row in enumerate(ordered)}


def page_of(
    asking: Asking,
    rows: Iterable[Any],
    order: Order,
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    facets: Any = None,
) -> Page:
    """The page of ``rows`` that the arguments choose."""
    for size in (first, last):
        if size is not None and size < 0:
            raise failed("BAD_USER_INPUT")
        if size is not None and size > LARGEST_PAGE:
            raise failed("LIMIT_EXCEEDED")
    if first is not None and last is not None:
        raise failed("BAD_USER_INPUT")
    cursors = asking.shop.cursors.get(order.name, {})
    listed = list(rows)
    ordered = sorted(
        (row for row in listed if row.pk in order.places), key=lambda row: order.places[row.pk]
    )
    if after is not None:
        start = _place(after, cursors, order)
        ordered = [row for row in ordered if order.places[row.pk] > start]
    if before is not None:
        end = _place(before, cursors, order)
        ordered = [row for row in ordered if order.places[row.pk] < end]
    if last is None:
        size = DEFAULT_PAGE if first is None else first
        page = ordered[:size]
        more, given = len(ordered) > size, after is not None
        return Page(listed, page, cursors, more, given, facets)
    page = ordered[len(ordered) - min(last, len(ordered)) :]
    return Page(listed, page, cursors, before is not None, len(ordered) > last, facets)


def _place(cursor: str, cursors: Mapping[int, str], order: Order) -> int:
    for pk, known in cursors.items():
        if known == cursor:
            return order.places[pk]
    raise failed("INVALID_CURSOR")


def _define(name: str) -> None:
    """A connection type and its edges."""
    connection = f"{name}Connection"
    columns(f"{name}Edge", "cursor node")

    @resolver(f"{connection}.edges")
    def edges(page: Page, asking: Asking) -> list[dict[str, Any]]:
        return [{"cursor": page.cursors.get(row.pk), "node": row} for row in page.rows]

    @resolver(f"{connection}.nodes")
    def nodes(page: Page, asking: Asking) -> Rows:
        return page.rows

    @resolver(f"{connection}.pageInfo")
    def page_info(page: Page, asking: Asking) -> Page:
        return page

    @resolver(f"{connection}.totalCount")
    def total_count(page: Page, asking: Asking) -> int:
        return len(page.listed)


for _name in CONNECTIONS.split():
    _define(_name)

columns("PageInfo", "has_next_page has_previous_page")


@resolver("PageInfo.startCursor")
def start_cursor(page: Page, asking: Asking) -> str | None:
    return page.cursors.get(page.rows[0].pk) if page.rows else None


@resolver("PageInfo.endCursor")
def end_cursor(page: Page, asking: Asking) -> str | None:
    return page.cursors.get(page.rows[-1].pk) if page.rows else None
