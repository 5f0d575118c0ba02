"""Orders of the catalogue's lists."""

from __future__ import annotations

from django.db.models import QuerySet

from catalog.expressions import listed_price, listed_rating, search_rank
from schema.compiler.readings import Sort
from schema.enumeration import enumeration

ProductSort = enumeration(
    "ProductSort",
    ["NEWEST", "NAME_ASC", "NAME_DESC", "PRICE_ASC", "PRICE_DESC", "RATING", "RELEVANCE"],
    "An order of products.",
    {
        "NEWEST": "The latest entered first.",
        "NAME_ASC": "By name, from A to Z.",
        "NAME_DESC": "By name, from Z to A.",
        "PRICE_ASC": "By least price, the cheapest first.",
        "PRICE_DESC": "By least price, the dearest first.",
        "RATING": "By average rating, the best first; unrated ones last.",
        "RELEVANCE": "The best match of `search` first; without it, the latest first.",
    },
)


def listed(products: QuerySet) -> QuerySet:
    """Joined with their listings by an inner join, so that a listing's index gives the order."""
    return products.filter(listing__isnull=False)


_PRICE = listed_price("listing__")
_RATING = listed_rating("listing__")
_NUMERIC = ("numeric", "bigint")

PRODUCT_SORTS = {
    "NEWEST": Sort(("created_at", "id"), ("timestamptz", "bigint"), descending=True),
    "NAME_ASC": Sort(("name", "id"), ("text", "bigint")),
    "NAME_DESC": Sort(("name", "id"), ("text", "bigint"), descending=True),
    "PRICE_ASC": Sort((_PRICE, "listing__product_id"), _NUMERIC, rows=listed),
    "PRICE_DESC": Sort((_PRICE, "listing__product_id"), _NUMERIC, descending=True, rows=listed),
    "RATING": Sort((_RATING, "listing__product_id"), _NUMERIC, descending=True, rows=listed),
    "RELEVANCE": Sort(
        lambda term: (search_rank(term), "id"), ("double precision", "bigint"), descending=True
    ),
}

CATEGORY_SORTS = {"NAME_ASC": Sort(("name", "id"), ("text", "bigint"))}
COLLECTION_SORTS = CATEGORY_SORTS
REVIEW_SORTS = {"NEWEST": Sort(("created_at", "id"), ("timestamptz", "bigint"), descending=True)}
STOCK_MOVEMENT_SORTS = {
    "NEWEST": Sort(("created_at", "id"), ("timestamptz", "bigint"), descending=True)
}
