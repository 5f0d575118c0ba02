"""What clients may read of the catalogue."""

from __future__ import annotations

import graphene

from catalog.filters import ProductFilterSet
from schema.catalog.inputs import ProductFilter
from schema.catalog.sorts import CATEGORY_SORTS, COLLECTION_SORTS, PRODUCT_SORTS, ProductSort
from schema.catalog.types import (
    Category,
    CategoryConnection,
    Collection,
    CollectionConnection,
    Product,
    ProductConnection,
)
from schema.compiler.mapping import connection, one
from users.permissions import AllowAny


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
