"""How many there are and to whom they are promised: stock that can't be sold twice.

``on_hand`` changes by movements only, ``allocated`` by orders only. A database constraint keeps
``allocated`` within ``on_hand`` whatever happens here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from catalog.expressions import available_quantity
from catalog.models import Stock, StockMovement, Variant
from catalog.services.listings import refresh_listings
from tasks.errors import Rejected

# What PostgreSQL's integer holds.
MAX_ON_HAND = 2**31 - 1

# All rows are locked in the order of their ids before any is changed, so that two orders for the
# same variants can't wait for each other; nothing is changed unless there is enough of everything.
ALLOCATE = """
WITH wanted AS (
    SELECT * FROM unnest(%s::bigint[], %s::int[]) AS w (variant_id, quantity)
), locked AS (
    SELECT s.variant_id, w.quantity, s.on_hand - s.allocated AS available
      FROM catalog_stock s
      JOIN wanted w USING (variant_id)
     ORDER BY s.variant_id
       FOR UPDATE OF s
)
UPDATE catalog_stock s
   SET allocated = s.allocated + l.quantity
  FROM locked l
  JOIN catalog_variant v ON v.id = l.variant_id
 WHERE s.variant_id = l.variant_id
   AND s.on_hand - s.allocated >= l.quantity
   AND NOT EXISTS (
       SELECT FROM wanted w
         LEFT JOIN locked x USING (variant_id)
        WHERE x.available IS NULL OR x.available < w.quantity
   )
RETURNING v.product_id, s.on_hand - s.allocated + l.quantity, s.on_hand - s.allocated
"""

RELEASE = """
WITH locked AS (
    SELECT s.variant_id, w.quantity
      FROM catalog_stock s
      JOIN unnest(%s::bigint[], %s::int[]) AS w (variant_id, quantity) USING (variant_id)
     ORDER BY s.variant_id
       FOR UPDATE OF s
)
UPDATE catalog_stock s
   SET allocated = s.allocated - l.quantity
  FROM locked l
  JOIN catalog_variant v ON v.id = l.variant_id
 WHERE s.variant_id = l.variant_id
RETURNING v.product_id, s.on_hand - s.allocated - l.quantity, s.on_hand - s.allocated
"""


@dataclass(frozen=True, slots=True)
class Shortage:
    """A variant of which there are not enough."""

    variant_id: int
    sku: str | None
    name: str
    requested: int
    available: int

    def __str__(self) -> str:
        return f"Only {self.available} of {self.sku or self.name} left."


class OutOfStock(Rejected):
    """Something wanted is not there; nothing was allocated.

    Attributes:
        shortages: what is missing, in the order of the variants' ids.
    """

    def __init__(self, shortages: list[Shortage]) -> None:
        super().__init__("OUT_OF_STOCK", " ".join(map(str, shortages)), field="lines")
        self.shortages = shortages


def allocate(*, quantities: Mapping[int, int]) -> None:
    """Promise stock to an order: all of it or, where anything is missing, none.

    Args:
        quantities: how many, each at least 1, by the variant's primary key.

    Raises:
        OutOfStock: there are not enough of at least one variant.
    """
    if any(quantity < 1 for quantity in quantities.values()):
        raise ValueError("Quantities must be at least 1.")
    if not quantities:
        return
    # The refusal comes after the block: it has changed nothing, so that no savepoint is needed.
    with transaction.atomic(savepoint=False):
        changes = run_for_variants(ALLOCATE, quantities)
        refresh_where_availability_changed(changes)
    if not changes:
        raise OutOfStock(_shortages(quantities))


def release(*, quantities: Mapping[int, int]) -> None:
    """Give back what was allocated and is not going to be shipped.

    Args:
        quantities: how many, each at least 1, by the variant's primary key.

    Raises:
        IntegrityError: more than was allocated.
    """
    if any(quantity < 1 for quantity in quantities.values()):
        raise ValueError("Quantities must be at least 1.")
    if not quantities:
        return
    with transaction.atomic():
        refresh_where_availability_changed(run_for_variants(RELEASE, quantities))


def adjust_stock(*, variant_id: int, delta: int, kind: str, reference: str, now: datetime) -> Stock:
    """Record that stock came or went, once per ``kind``, ``reference`` and variant.

    Args:
        variant_id: the variant's primary key.
        delta: how many came (positive) or went (negative).
        kind: a ``StockMovement.Kind``.
        reference: what caused it; a repeat with the same one changes nothing.
        now: the time of the movement.

    Returns:
        The variant's stock as it is afterwards.

    Raises:
        Rejected: ``NOT_FOUND`` for an unknown variant; ``INVALID`` when ``delta`` is 0 or takes
            more than is there and not promised to orders, or when ``kind`` is unknown.
    """
    if kind not in StockMovement.Kind.values:
        raise Rejected("INVALID", f"{kind} is no kind of stock movement.", field="reason")
    if delta == 0:
        raise Rejected("INVALID", "The change must not be 0.", field="delta")
    with transaction.atomic():
        variant = Variant.objects.filter(pk=variant_id).only("product_id").first()
        if variant is None:
            raise Rejected("NOT_FOUND", "There is no such variant.", field="variantId")
        open_stock(variant_ids=[variant_id])
        stock = Stock.objects.select_for_update().get(pk=variant_id)
        if StockMovement.objects.filter(
            variant_id=variant_id, kind=kind, reference=reference
        ).exists():
            return stock
        before = stock.on_hand - stock.allocated
        if before + delta < 0:
            raise Rejected(
                "INVALID",
                f"Only {before} can be taken: {stock.on_hand} are on hand, "
                f"{stock.allocated} of them promised to orders.",
                field="delta",
            )
        if stock.on_hand + delta > MAX_ON_HAND:
            raise Rejected("INVALID", f"There can't be more than {MAX_ON_HAND}.", field="delta")
        StockMovement.objects.create(
            variant_id=variant_id, delta=delta, kind=kind, reference=reference, created_at=now
        )
        stock.on_hand += delta
        stock.save(update_fields=["on_hand"])
        refresh_where_availability_changed([(variant.product_id, before, before + delta)])
    return stock


class BelowAllocated(Rejected):
    """A count is less than what orders were promised.

    Attributes:
        variant_id: the variant that was counted.
    """

    def __init__(self, *, variant_id: int, allocated: int) -> None:
        super().__init__("INVALID", f"{allocated} are promised to orders.", field="stock")
        self.variant_id = variant_id


def count_stock(*, counts: Mapping[int, int], kind: str, reference: str, now: datetime) -> bool:
    """Set what is on hand to what was counted; the difference becomes a movement.

    The products' listings are left to the caller, who usually changes more than stock.

    Args:
        counts: how many are on hand, by the variant's primary key.
        kind: a ``StockMovement.Kind``.
        reference: what caused it, unique for each count of a variant.
        now: the time of the movements.

    Returns:
        Whether anything changed.

    Raises:
        BelowAllocated: a count is less than what orders were promised.
    """
    if not counts:
        return False
    with transaction.atomic(savepoint=False):
        open_stock(variant_ids=counts)
        changed, movements = [], []
        for stock in Stock.objects.select_for_update().filter(pk__in=counts).order_by("pk"):
            delta = counts[stock.pk] - stock.on_hand
            if counts[stock.pk] < stock.allocated:
                raise BelowAllocated(variant_id=stock.pk, allocated=stock.allocated)
            if delta:
                stock.on_hand += delta
                changed.append(stock)
                movements.append(
                    StockMovement(
                        variant_id=stock.pk,
                        delta=delta,
                        kind=kind,
                        reference=reference,
                        created_at=now,
                    )
                )
        Stock.objects.bulk_update(changed, ["on_hand"])
        StockMovement.objects.bulk_create(movements)
    return bool(changed)


def open_stock(*, variant_ids: Iterable[int]) -> None:
    """Make sure that each variant has a stock row, with nothing on hand at first."""
    Stock.objects.bulk_create(
        [Stock(variant_id=variant_id) for variant_id in sorted(variant_ids)],
        ignore_conflicts=True,
    )


def run_for_variants(
    statement: str, quantities: Mapping[int, int], parameters: Sequence[Any] = ()
) -> list[tuple[int, int, int]]:
    """Run a change of stock, whose first two parameters are the variants and the quantities.

    Returns:
        product id, available before and available after of each changed variant.
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(quantities), list(quantities.values()), *parameters])
        return cursor.fetchall()


def _shortages(quantities: Mapping[int, int]) -> list[Shortage]:
    variants = {
        variant.pk: variant
        for variant in Variant.objects.filter(pk__in=quantities)
        .select_related("product")
        .annotate(available=available_quantity())
    }
    shortages = []
    for variant_id, requested in sorted(quantities.items()):
        variant = variants.get(variant_id)
        available = variant.available if variant else 0
        if available < requested:
            name = f"{variant.product.name} {variant.name}".strip() if variant else "it"
            sku = variant.sku if variant else None
            shortages.append(Shortage(variant_id, sku, name, requested, available))
    return shortages


def refresh_where_availability_changed(changes: Iterable[tuple[int, int, int]]) -> None:
    """Refresh the listings whose value may be another one now; most orders change none."""

    def level(available: int) -> int:
        return (available > 0) + (available > settings.LOW_STOCK_THRESHOLD)

    refresh_listings(
        {product_id for product_id, before, after in changes if level(before) != level(after)}
    )
