"""Stock that leaves with a parcel or comes back from one.

Each change is one statement for all variants, with a movement for each; rows are locked in the
order of their ids, as ``catalog.services.stock`` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from catalog.models import StockMovement
from catalog.services.stock import (
    MAX_ON_HAND,
    open_stock,
    refresh_where_availability_changed,
    run_for_variants,
)
from tasks.errors import Rejected

# The signs say which way what is on hand and what is allocated go.
MOVE = """
WITH locked AS (
    SELECT s.variant_id, w.quantity
      FROM catalog_stock s
      JOIN unnest(%s::bigint[], %s::int[]) AS w (variant_id, quantity) USING (variant_id)
     ORDER BY s.variant_id
       FOR UPDATE OF s
), moved AS (
    INSERT INTO catalog_stockmovement (variant_id, delta, kind, reference, created_at)
    SELECT variant_id, %s * quantity, %s, %s, %s FROM locked
)
UPDATE catalog_stock s
   SET on_hand = s.on_hand + %s * l.quantity,
       allocated = s.allocated + %s * l.quantity
  FROM locked l
  JOIN catalog_variant v ON v.id = l.variant_id
 WHERE s.variant_id = l.variant_id
   AND s.on_hand::bigint + %s * l.quantity <= %s
RETURNING v.product_id, s.on_hand - s.allocated - %s * l.quantity, s.on_hand - s.allocated
"""


def ship(*, quantities: Mapping[int, int], reference: str, now: datetime) -> None:
    """Take what was allocated off the shelves.

    Args:
        quantities: how many, each at least 1, by the variant's primary key.
        reference: what took it; the same one a second time is an error.

    Raises:
        IntegrityError: more than was allocated, or the reference was used before.
    """
    _move(quantities, reference, now, kind=StockMovement.Kind.SHIPPED, on_hand=-1, allocated=-1)


def unship(*, quantities: Mapping[int, int], reference: str, now: datetime) -> None:
    """Put back what was shipped and never left, allocated as it was.

    Args:
        quantities: as for `ship`.
        reference: another one than it was shipped with.

    Raises:
        Rejected: ``INVALID`` where there would be more than a stock can hold.
        IntegrityError: the reference was used before.
    """
    _move(quantities, reference, now, kind=StockMovement.Kind.SHIPPED, on_hand=1, allocated=1)


def restock(*, quantities: Mapping[int, int], reference: str, now: datetime) -> None:
    """Put what customers sent back on the shelves, for sale.

    Args:
        quantities: as for `ship`.
        reference: what brought it.

    Raises:
        Rejected: ``INVALID`` where there would be more than a stock can hold.
        IntegrityError: the reference was used before.
    """
    _move(quantities, reference, now, kind=StockMovement.Kind.RETURNED, on_hand=1, allocated=0)


def _move(
    quantities: Mapping[int, int],
    reference: str,
    now: datetime,
    *,
    kind: str,
    on_hand: int,
    allocated: int,
) -> None:
    if any(quantity < 1 for quantity in quantities.values()):
        raise ValueError("Quantities must be at least 1.")
    if not quantities:
        return
    with transaction.atomic():
        open_stock(variant_ids=quantities)
        changes = run_for_variants(
            MOVE,
            quantities,
            [
                on_hand,
                kind,
                reference,
                now,
                on_hand,
                allocated,
                on_hand,
                MAX_ON_HAND,
                on_hand - allocated,
            ],
        )
        if len(changes) < len(quantities):
            raise Rejected("INVALID", f"There can't be more than {MAX_ON_HAND} of a variant.")
        refresh_where_availability_changed(changes)
