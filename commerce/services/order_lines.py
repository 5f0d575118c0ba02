"""Counting how many of an order's lines were sent, are to come back and have come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import connection

from commerce.models import Order, OrderLine
from commerce.services.line_inputs import MAX_LINES, MAX_QUANTITY
from tasks.errors import Rejected

COUNT = """
UPDATE commerce_orderline l SET {changes}
  FROM unnest(%s::bigint[], %s::int[]) AS w (id, quantity)
 WHERE l.id = w.id AND l.order_id = %s AND {left} >= w.quantity
"""


@dataclass(frozen=True, slots=True)
class OrderLineInput:
    """How many of an order's line somebody means; the line by its primary key."""

    order_line_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Step:
    """A change of a line's counters, as SQL about the line ``l`` and what is wanted of it, ``w``.

    Attributes:
        changes: the assignments.
        left: how many it is possible for; the update's condition.
    """

    changes: str
    left: str


SEND = Step("fulfilled = l.fulfilled + w.quantity", left="l.quantity - l.fulfilled")
UNSEND = Step("fulfilled = l.fulfilled - w.quantity", left="l.fulfilled - l.returning - l.returned")
# PostgreSQL keeps the word "returning" for itself.
ASK_BACK = Step(
    '"returning" = l.returning + w.quantity', left="l.fulfilled - l.returning - l.returned"
)
LEAVE = Step('"returning" = l.returning - w.quantity', left="l.returning")
TAKE_BACK = Step(
    '"returning" = l.returning - w.quantity, returned = l.returned + w.quantity', left="l.returning"
)


def count_lines(order: Order, quantities: Mapping[int, int], step: Step) -> bool:
    """Take a step with lines of an order.

    Args:
        quantities: how many, by the line's primary key.

    Returns:
        Whether it was possible with all of them; else the caller has to undo its transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT.format(changes=step.changes, left=step.left),
            [list(quantities), list(quantities.values()), order.pk],
        )
        return cursor.rowcount == len(quantities)


def refuse_malformed_lines(lines: Sequence[OrderLineInput]) -> None:
    """Refuse what is wrong with lines whatever the order holds.

    Raises:
        ValidationError: ``REQUIRED`` or ``INVALID`` on ``lines`` or ``lines.N...``.
    """
    if not lines:
        raise Rejected("REQUIRED", "Name at least one line.", field="lines")
    if len(lines) > MAX_LINES:
        raise Rejected("INVALID", f"Name at most {MAX_LINES} lines.", field="lines")
    errors = []
    seen: set[int] = set()
    for position, line in enumerate(lines):
        field = f"lines.{position}"
        if line.order_line_id in seen:
            errors.append(
                Rejected("INVALID", "This line is named twice.", field=f"{field}.orderLineId")
            )
        seen.add(line.order_line_id)
        if not 1 <= line.quantity <= MAX_QUANTITY:
            message = f"Give a quantity from 1 to {MAX_QUANTITY}."
            errors.append(Rejected("INVALID", message, field=f"{field}.quantity"))
    if errors:
        raise ValidationError(errors)


def named_lines(
    order: Order,
    lines: Sequence[OrderLineInput],
    *,
    left: Callable[[OrderLine], int],
    words: str,
) -> list[OrderLine]:
    """Read the lines that an input names, of each at least so many left.

    Args:
        order: locked by the caller's transaction.
        lines: well-formed.
        left: how many are left of a line.
        words: what they are left for: ``"to send"``.

    Raises:
        ValidationError: ``NOT_FOUND`` on ``lines.N.orderLineId``, ``INVALID`` on
            ``lines.N.quantity``.
    """
    found = OrderLine.objects.filter(order=order).in_bulk([line.order_line_id for line in lines])
    errors = []
    for position, line in enumerate(lines):
        known = found.get(line.order_line_id)
        if known is None:
            errors.append(
                Rejected(
                    "NOT_FOUND",
                    "The order has no such line.",
                    field=f"lines.{position}.orderLineId",
                )
            )
        elif left(known) < line.quantity:
            errors.append(
                Rejected(
                    "INVALID",
                    f"Only {left(known)} of {known.sku or known.name} left {words}.",
                    field=f"lines.{position}.quantity",
                )
            )
    if errors:
        raise ValidationError(errors)
    return [found[line.order_line_id] for line in lines]


def by_variant(lines: Sequence[tuple[OrderLine, int]]) -> dict[int, int]:
    """The quantities of lines, by the variant's primary key; deleted variants have no stock."""
    quantities: dict[int, int] = {}
    for line, quantity in lines:
        if line.variant_id is not None:
            quantities[line.variant_id] = quantities.get(line.variant_id, 0) + quantity
    return quantities
