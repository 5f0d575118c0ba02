"""What clients may read of the catalogue."""

from __future__ import annotations

from typing import Any

import graphene

from catalog.filters import ProductFilterSet, ReviewFilterSet
from schema.catalog.inputs import ProductFilter, ReviewFilter
from schema.catalog.sorts import (
    CATEGORY_SORTS,
    COLLECTION_SORTS,
    PRODUCT_SORTS,
    REVIEW_SORTS,
    ProductSort,
)
from schema.catalog.types.imports import ProductImport
from schema.catalog.types.products import (
    Category,
    CategoryConnection,
    Collection,
    CollectionConnection,
    Product,
    ProductConnection,
    ReviewConnection,
)
from schema.compiler.ids import row_key
from schema.compiler.mapping import connection, one
from schema.compiler.slots import Slot
from users.permissions import AllowAny, HasPermission


def _import_key(slot: Any) -> Slot:
    return slot.mapped(lambda value: row_key(value, "ProductImport"), "bigint")


class CatalogQueries:
    """Root fields."""

    product = one(
        Product,
        "The product with a slug.",
        rows=lambda rows, given, _: rows.filter(slug=given["slug"]),
        permission=AllowAny(),
        slug=graphene.String(required=True, description="Its part of a URL."),
    )
    products = connection(
        ProductConnection,
        "Products that the viewer can find.",
        relation=None,
        sorts=PRODUCT_SORTS,
        filterset=ProductFilterSet,
        searched=True,
        permission=AllowAny(),
        search=graphene.String(
            description="Words to look for in name, vendor, tags, SKUs and description."
        ),
        filter=ProductFilter(description="Which products; all conditions must hold."),
        sort=ProductSort(description="In which order; by default RELEVANCE or NEWEST."),
    )
    category = one(
        Category,
        "The category with a slug.",
        rows=lambda rows, given, _: rows.filter(slug=given["slug"]),
        permission=AllowAny(),
        slug=graphene.String(required=True, description="Its part of a URL."),
    )
    categories = connection(
        CategoryConnection,
        "All categories, by name.",
        relation=None,
        sorts=CATEGORY_SORTS,
        permission=AllowAny(),
    )
    collection = one(
        Collection,
        "The collection with a slug.",
        rows=lambda rows, given, _: rows.filter(slug=given["slug"]),
        permission=AllowAny(),
        slug=graphene.String(required=True, description="Its part of a URL."),
    )
    collections = connection(
        CollectionConnection,
        "All collections, by name.",
        relation=None,
        sorts=COLLECTION_SORTS,
        permission=AllowAny(),
    )
    reviews = connection(
        ReviewConnection,
        "All reviews of the shop, newest first: what moderators work through.",
        relation=None,
        sorts=REVIEW_SORTS,
        filterset=ReviewFilterSet,
        permission=HasPermission("catalog.change_review"),
        required=False,
        filter=ReviewFilter(description="Which reviews."),
    )
    product_import = one(
        ProductImport,
        "An import of products, with the report on its rows.",
        rows=lambda rows, given, _: rows.filter(pk=_import_key(given["id"])),
        permission=HasPermission("catalog.view_productimport"),
        id=graphene.ID(required=True, description="The import's id."),
    )
