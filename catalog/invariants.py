"""What must always hold in the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.services.listings import COLUMNS, current_values
from tasks.invariants import Invariant

STOCK_MOVEMENTS = """
SELECT coalesce(s.variant_id, m.variant_id) AS variant_id,
       coalesce(s.on_hand, 0) AS on_hand, coalesce(m.moved, 0) AS movements
  FROM catalog_stock s
  FULL JOIN (SELECT variant_id, sum(delta) AS moved
               FROM catalog_stockmovement GROUP BY variant_id) m USING (variant_id)
 WHERE coalesce(s.on_hand, 0) <> coalesce(m.moved, 0)
 ORDER BY 1
"""

LISTINGS = """
SELECT new.product_id, {shown}
  FROM ({values}) AS new (product_id, {columns})
  LEFT JOIN catalog_productlisting listing USING (product_id)
 WHERE ({old_columns}) IS DISTINCT FROM ({new_columns})
 ORDER BY 1
"""

CATEGORY_PATHS = """
SELECT c.id AS category_id, c.path, coalesce(p.path, '') || c.id || '/' AS expected
  FROM catalog_category c
  LEFT JOIN catalog_category p ON p.id = c.parent_id
 WHERE c.path <> coalesce(p.path, '') || c.id || '/'
 ORDER BY 1
"""


def _listings() -> tuple[str, Sequence[Any]]:
    values, parameters = current_values().query.sql_with_params()
    return LISTINGS.format(
        values=values,
        columns=", ".join(COLUMNS),
        old_columns=", ".join(f"listing.{column}" for column in COLUMNS),
        new_columns=", ".join(f"new.{column}" for column in COLUMNS),
        shown=", ".join(
            f"listing.{column} AS {column}, new.{column} AS {column}_expected" for column in COLUMNS
        ),
    ), parameters


INVARIANTS = [
    Invariant(
        name="stock_movements",
        description="What is on hand of a variant is the sum of its stock movements.",
        query=STOCK_MOVEMENTS,
    ),
    Invariant(
        name="product_listings",
        description="What lists sort and filter by is what the product's rows say.",
        query=_listings,
    ),
    Invariant(
        name="category_paths",
        description="A category's path is its parent's and its own key.",
        query=CATEGORY_PATHS,
    ),
]
