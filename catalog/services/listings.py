"""Keeps what lists sort, filter and search by in step with products, stock and reviews."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import Avg, Count, Max, Min, OuterRef, QuerySet, Subquery, Value
from django.db.models.fields import DecimalField
from django.db.models.functions import Cast, Coalesce

from catalog.expressions import (
    SEARCH_CONFIG,
    GreaterThan,
    availability_of,
    available_quantity,
)
from catalog.models import Product, Review

# Takes the rows' locks, in id order, and makes missing rows. Only then, in a statement of its own
# that sees what others committed meanwhile, are the values computed: two orders for two variants
# of one product must not both believe that the other variant is still there.
LOCK = """
INSERT INTO catalog_productlisting (product_id, availability, in_stock, review_count)
SELECT id, 'OUT_OF_STOCK', false, 0 FROM catalog_product WHERE id = ANY(%s) ORDER BY id
    ON CONFLICT (product_id) DO UPDATE SET product_id = excluded.product_id WHERE false
"""

COLUMNS = ["min_price", "max_price", "availability", "in_stock", "rating", "review_count"]

REFRESH = """
UPDATE catalog_productlisting listing SET ({columns}) = ({new_columns})
  FROM ({values}) AS new (product_id, {columns})
 WHERE listing.product_id = new.product_id
   AND ({old_columns}) IS DISTINCT FROM ({new_columns})
"""

# The name counts most, then what it is called elsewhere, then the description. PostgreSQL's parser
# skips the tags and entities of its HTML. New words are kept for the correction of typos.
REFRESH_SEARCH = """
WITH written AS (
    SELECT p.id, p.name, p.description,
           concat_ws(' ', p.vendor, array_to_string(p.tags, ' '),
               (SELECT string_agg(v.sku, ' ' ORDER BY v.position, v.id)
                  FROM catalog_variant v WHERE v.product_id = p.id)) AS labels
      FROM catalog_product p
     WHERE p.id = ANY(%(product_ids)s)
), changed AS (
    UPDATE catalog_product product SET search_vector = new.search_vector
      FROM (
        SELECT *, setweight(to_tsvector(%(config)s, name), 'A')
               || setweight(to_tsvector(%(config)s, labels), 'B')
               || setweight(to_tsvector(%(config)s, description), 'C') AS search_vector
          FROM written
      ) AS new
     WHERE product.id = new.id AND product.search_vector IS DISTINCT FROM new.search_vector
 RETURNING concat_ws(' ', new.name, new.labels, new.description) AS content
), learnt AS (
    INSERT INTO catalog_searchword (word, stem, near)
    SELECT word, stem, catalog_near(word, stem)
      FROM (SELECT DISTINCT word, stem FROM changed, catalog_words(content)) AS found
     WHERE NOT EXISTS (SELECT FROM catalog_searchword known WHERE known.word = found.word)
)
SELECT count(*) FROM changed
"""


def refresh_listings(product_ids: Iterable[int]) -> int:
    """Bring the listings of these products up to date, writing only the values that changed.

    To be called in the transaction of the change. A product's best variant decides on its
    availability; published reviews on its rating.

    Returns:
        How many listings changed.
    """
    ids = sorted(set(product_ids))
    if not ids:
        return 0
    values, parameters = current_values().filter(pk__in=ids).query.sql_with_params()
    refresh = REFRESH.format(
        values=values,
        columns=", ".join(COLUMNS),
        old_columns=", ".join(f"listing.{column}" for column in COLUMNS),
        new_columns=", ".join(f"new.{column}" for column in COLUMNS),
    )
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(LOCK, [ids])
        cursor.execute(refresh, parameters)
        return cursor.rowcount


def refresh_search(product_ids: Iterable[int]) -> int:
    """Bring the search vectors of these products up to date, writing only those that changed.

    Apart from :func:`refresh_listings`, because stock and reviews change often and words seldom.

    Returns:
        How many search vectors changed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            REFRESH_SEARCH, {"config": SEARCH_CONFIG, "product_ids": sorted(set(product_ids))}
        )
        return cursor.fetchone()[0]


def current_values() -> QuerySet:
    """Products as rows of (id, then ``COLUMNS``): what their listings should say."""
    reviews = (
        Review.objects.filter(product=OuterRef("pk"), status=Review.Status.PUBLISHED)
        .order_by()
        .values("product")
    )
    best = Coalesce(Max(available_quantity("variants__")), Value(0))
    return Product.objects.annotate(
        min_price=Min("variants__price"),
        max_price=Max("variants__price"),
        availability=availability_of(best),
        in_stock=GreaterThan(best, 0),
        rating=Subquery(
            reviews.annotate(
                rating_average=Cast(Avg("rating"), DecimalField(max_digits=3, decimal_places=2))
            ).values("rating_average")
        ),
        review_count=Coalesce(Subquery(reviews.annotate(n=Count("pk")).values("n")), Value(0)),
    ).values_list("pk", *COLUMNS)
