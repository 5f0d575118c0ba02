"""What the shop sells, and where it is found: types that refer to each other."""

from __future__ import annotations

from typing import Any

import graphene
from django.conf import settings
from django.db.models import F, Func, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat, Length, NullIf, Trim

from catalog import models
from catalog.expressions import variant_availability
from catalog.facets import facet_counts
from catalog.summaries import summarise
from schema.catalog.sorts import (
    PRODUCT_SORTS,
    REVIEW_SORTS,
    STOCK_MOVEMENT_SORTS,
    ProductSort,
)
from schema.catalog.types.facets import Facet
from schema.catalog.types.media import Media
from schema.catalog.types.stock import Stock, StockMovementConnection
from schema.compiler.mapping import (
    ModelType,
    ReadField,
    column,
    connection,
    connection_type,
    embedded,
    related_count,
    resolved,
    to_many,
    to_one,
)
from schema.compiler.readings import Embedded, FacetsOf
from schema.enumeration import enumeration
from schema.money import Money, money
from schema.node import Node, global_id

# How many characters a summary has where the client does not say.
SUMMARY = 160

Availability = enumeration(
    "Availability",
    models.Availability,
    "Whether something can be bought now.",
    {
        "IN_STOCK": "There are enough.",
        "LOW_STOCK": "There are only a few left.",
        "OUT_OF_STOCK": "There are none left.",
    },
)


class Category(ModelType):
    """A node of the category tree."""

    class Meta:
        model = models.Category
        interfaces = (Node,)

    id = global_id()
    name = column(graphene.String, "Its name, as customers read it.")
    slug = column(graphene.String, "Its part of a URL; unique.")
    parent = to_one(lambda: Category, "The category above; null at the top.", relation="parent")
    children = to_many(
        lambda: Category,
        "The categories right below.",
        relation="children",
        order_by=("position", "name", "id"),
    )
    ancestors = to_many(
        lambda: Category,
        "The categories above, from the top down.",
        relation=None,
        order_by=(Length("path"),),
        rows=lambda rows: (
            rows.alias(below=Cast(OuterRef("path"), TextField()))
            .filter(below__startswith=F("path"))
            .exclude(pk=OuterRef("pk"))
        ),
    )
    product_count = related_count(
        lambda: Product,
        "How many products the viewer can find in it and in the categories below it.",
        rows=lambda products: products.filter(category__path__startswith=OuterRef("path")),
    )


class SelectedOption(ModelType):
    """The value that a variant has for one of its product's options."""

    class Meta:
        model = models.ProductOption
        skip_registry = True

    name = column(graphene.String, "The option, such as Size.")
    value = column(
        graphene.String,
        "The variant's value, such as Small.",
        source="value",
    )


class ProductOption(ModelType):
    """A way in which a product's variants differ."""

    class Meta:
        model = models.ProductOption

    name = column(graphene.String, "Such as Size.")
    values = column(
        graphene.List(graphene.NonNull(graphene.String)), "Such as Small, Medium, Large, in order."
    )
    position = column(graphene.Int, "Its place among the product's options, from 0.")


def selected_options(rows: QuerySet) -> QuerySet:
    """A variant's option values, in the order of its product's options.

    A variant may lack a value for an option that its product got later.
    """
    value = Func(
        OuterRef("options"),
        Cast("name", TextField()),
        function="jsonb_extract_path_text",
        output_field=TextField(),
    )
    options = rows.filter(product_id=OuterRef("product_id"))
    return options.annotate(value=value).filter(value__isnull=False)


class Variant(ModelType):
    """What a customer puts into the cart."""

    class Meta:
        model = models.Variant
        interfaces = (Node,)

    id = global_id()
    sku = column(graphene.String, "The shop's own number; a variant may lack one.", required=False)
    name = column(graphene.String, "What tells it from the product's other variants.")
    price = money("price", "What one costs.")
    compare_at_price = money(
        "compare_at_price",
        "What one cost before; null where the price was not lowered.",
        present=Q(compare_at_price__isnull=False),
    )
    availability = column(
        Availability, "Whether it can be bought now.", source=variant_availability()
    )
    selected_options = to_many(
        SelectedOption,
        "Its value for each of the product's options.",
        relation=None,
        order_by=("position",),
        part=True,
        rows=selected_options,
    )
    weight = column(graphene.Int, "Grams; null where unknown.", required=False)
    stock = to_one(
        Stock,
        "How many there are; null for customers, and where none was ever counted.",
        relation="stock",
    )
    stock_movements = connection(
        StockMovementConnection,
        "What changed its stock, the latest first; empty for customers.",
        relation="stock_movements",
        sorts=STOCK_MOVEMENT_SORTS,
    )
    product = to_one(
        lambda: Product,
        "The product that it is a variant of.",
        relation="product",
        part=True,
        required=True,
    )


ReviewStatus = enumeration(
    "ReviewStatus",
    models.Review.Status,
    "Whether a review is shown.",
    {
        "PENDING": "Waits for a moderator.",
        "PUBLISHED": "Shown to everybody.",
        "REJECTED": "Shown to its author only.",
    },
)


class Review(ModelType):
    """What a customer says of a product."""

    class Meta:
        model = models.Review
        interfaces = (Node,)

    id = global_id()
    rating = column(graphene.Int, "From 1 to 5 stars.")
    title = column(graphene.String, "Its headline; may be empty.")
    body = column(graphene.String, "Its text; may be empty.")
    author = column(
        graphene.String,
        "The customer's name, or Anonymous.",
        source=Coalesce(
            NullIf(
                Trim(Concat("user__first_name", Value(" "), "user__last_name")),
                Value("", TextField()),
            ),
            Value("Anonymous"),
            output_field=TextField(),
        ),
    )
    status = column(ReviewStatus, "Whether it is shown.")
    product = to_one(
        lambda: Product,
        "What it is about; null where the viewer can't find it any more.",
        relation="product",
    )
    created_at = column(graphene.DateTime, "When it was written.")


ReviewConnection = connection_type(lambda: Review, "Review")


class PriceRange(graphene.ObjectType):
    """What a product's variants cost."""

    min = graphene.Field(Money, description="The least price.")
    max = graphene.Field(Money, description="The greatest price.")


def summaries(rows: list[dict[str, Any]], length: int | None) -> list[str]:
    """The products' summaries; a null length is as none."""
    size = SUMMARY if length is None else length
    return [summarise(row["description"], length=size) for row in rows]


class Product(ModelType):
    """A thing the shop sells, in one or more variants."""

    class Meta:
        model = models.Product
        interfaces = (Node,)

    id = global_id()
    slug = column(graphene.String, "Its part of a URL; unique.")
    name = column(graphene.String, "Its name, as customers read it.")
    description = column(graphene.String, "Sanitised HTML.")
    summary = resolved(
        graphene.String,
        "The description's text without markup, cut behind a word.",
        sources={"description": "description"},
        resolve=summaries,
        length=graphene.Int(default_value=SUMMARY, description="The most characters, up to 1,000."),
    )
    vendor = column(graphene.String, "Who makes it; may be empty.")
    tags = column(graphene.List(graphene.NonNull(graphene.String)), "Words to find it by.")
    is_published = column(graphene.Boolean, "Whether customers can find it.")
    created_at = column(graphene.DateTime, "When it was entered.")
    published_at = column(
        graphene.DateTime,
        "When customers could find it first; null where they never could.",
        required=False,
    )
    category = to_one(
        Category, "The category that it stands in; null for none.", relation="category"
    )
    price_range = embedded(
        PriceRange,
        "What its variants cost; null where it has none.",
        present=Q(listing__min_price__isnull=False),
        min=Embedded({"amount": "listing__min_price", "currency": Value(settings.CURRENCY)}),
        max=Embedded({"amount": "listing__max_price", "currency": Value(settings.CURRENCY)}),
    )
    availability = column(
        Availability,
        "Whether any of its variants can be bought now.",
        source=Coalesce("listing__availability", Value("OUT_OF_STOCK")),
    )
    options = to_many(
        ProductOption,
        "How its variants differ.",
        relation="options",
        order_by=("position",),
        part=True,
    )
    variants = to_many(
        Variant,
        "What can be bought of it.",
        relation="variants",
        order_by=("position", "id"),
        part=True,
    )
    media = to_many(
        Media, "Its pictures.", relation="media", order_by=("position", "id"), part=True
    )
    average_rating = column(
        graphene.Float,
        "The mean of its published reviews' stars; null without reviews.",
        source="listing__rating",
        required=False,
    )
    reviews = connection(
        ReviewConnection,
        "What customers say of it, newest first.",
        relation="reviews",
        sorts=REVIEW_SORTS,
    )


ProductConnection = connection_type(
    lambda: Product,
    "Product",
    facets=ReadField(
        graphene.List(graphene.NonNull(Facet)),
        read=FacetsOf(facet_counts),
        required=True,
        description="How many products each value of a filter would leave, page aside.",
    ),
)
CategoryConnection = connection_type(lambda: Category, "Category")
CollectionProductConnection = connection_type(lambda: Product, "CollectionProduct")


class Collection(ModelType):
    """A hand-picked set of products, such as a season's."""

    class Meta:
        model = models.Collection
        interfaces = (Node,)

    id = global_id()
    name = column(graphene.String, "Its name, as customers read it.")
    slug = column(graphene.String, "Its part of a URL; unique.")
    products = connection(
        CollectionProductConnection,
        "Its products that the viewer can find; `products` filters and counts them too.",
        relation="products",
        sorts=PRODUCT_SORTS,
        sort=ProductSort(description="In which order; by default NEWEST, also for RELEVANCE."),
    )


CollectionConnection = connection_type(lambda: Collection, "Collection")
