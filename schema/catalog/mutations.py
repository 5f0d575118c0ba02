"""What clients may do with the catalogue: thin doors to the services."""

from __future__ import annotations

from typing import Any

import graphene

from catalog.services.categories import delete_category, enter_category, update_category
from catalog.services.collections import (
    delete_collection,
    enter_collection,
    update_collection,
)
from catalog.services.media import delete_media, update_media, upload_media
from catalog.services.products import create_product, delete_product, update_product
from catalog.services.reviews import moderate_review
from catalog.services.stocktaking import StockReason, VariantName, enter_adjustment, enter_count
from commerce.services.reviews import create_review
from schema.catalog.inputs import (
    CategoryCreateInput,
    CategoryDeleteInput,
    CategoryUpdateInput,
    CollectionCreateInput,
    CollectionDeleteInput,
    CollectionUpdateInput,
    MediaDeleteInput,
    MediaUpdateInput,
    MediaUploadInput,
    ProductCreateInput,
    ProductDeleteInput,
    ProductUpdateInput,
    ReviewCreateInput,
    ReviewModerateInput,
    StockAdjustInput,
    StockSetInput,
)
from schema.catalog.types.media import Media
from schema.catalog.types.products import Category, Collection, Product, Review
from schema.catalog.types.stock import Stock
from schema.compiler.ids import row_key
from schema.mutation import Context, Made, entity, mutation, plain
from users.permissions import HasPermission, IsAuthenticated

DELETED_ID = plain(graphene.ID, "The id of what is gone; null after a user error.")


def _described(given: Any) -> dict[str, Any]:
    """What is said of something new; null says nothing."""
    names = given.keys() - {"idempotency_key"}
    return {name: given[name] for name in names if given[name] is not None}


def _changes(given: Any) -> dict[str, Any]:
    """What to change; null clears."""
    return {name: given[name] for name in given if name != "id"}


def _with_variant_keys(given: dict[str, Any]) -> dict[str, Any]:
    """The same with primary keys for the ids of variants."""
    if not given.get("variants"):
        return given
    variants = [
        variant
        if variant.get("id") is None
        else {**variant, "id": row_key(variant["id"], "Variant")}
        for variant in given["variants"]
    ]
    return {**given, "variants": variants}


def _variant(given: Any) -> VariantName:
    variant_id = given.get("variant_id")
    return VariantName(
        sku=given.get("sku"),
        variant_id=None if variant_id is None else row_key(variant_id, "Variant"),
    )


@mutation(
    StockAdjustInput,
    "Record stock that came or went.",
    stock=entity(Stock, "The variant's stock."),
    permission=HasPermission("catalog.change_stock"),
)
def stock_adjust(context: Context, given: Any) -> Made:
    """``enter_adjustment``."""
    variant_id = enter_adjustment(
        viewer=context.viewer,
        variant=_variant(given),
        delta=given["delta"],
        reason=given["reason"].name,
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    return Made(stock=variant_id)


@mutation(
    StockSetInput,
    "Set a variant's stock to what was counted.",
    stock=entity(Stock, "The variant's stock."),
    permission=HasPermission("catalog.change_stock"),
)
def stock_set(context: Context, given: Any) -> Made:
    """``enter_count``."""
    variant_id = enter_count(
        viewer=context.viewer,
        variant=_variant(given),
        on_hand=given["on_hand"],
        expected_on_hand=given.get("expected_on_hand"),
        reason=getattr(given.get("reason"), "name", StockReason.CORRECTION),
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    return Made(stock=variant_id)


@mutation(
    ProductCreateInput,
    "Make a product with its options, variants, stock and pictures.",
    product=entity(Product, "The product."),
    permission=HasPermission("catalog.add_product"),
)
def product_create(context: Context, given: Any) -> Made:
    """``create_product``."""
    product_id = create_product(
        viewer=context.viewer,
        given=_with_variant_keys(_described(given)),
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    return Made(product=product_id)


@mutation(
    ProductUpdateInput,
    "Change a product. Lists that are given replace the whole list, and nothing else changes.",
    product=entity(Product, "The product."),
    permission=HasPermission("catalog.change_product"),
)
def product_update(context: Context, given: Any) -> Made:
    """``update_product``."""
    product_id = row_key(given["id"], "Product")
    update_product(
        product_id=product_id, given=_with_variant_keys(_changes(given)), now=context.now
    )
    return Made(product=product_id)


@mutation(
    ProductDeleteInput,
    "Delete a product that was never ordered; unpublish others instead.",
    deleted_id=DELETED_ID,
    permission=HasPermission("catalog.delete_product"),
)
def product_delete(context: Context, given: Any) -> Made:
    """``delete_product``."""
    delete_product(product_id=row_key(given["id"], "Product"), now=context.now)
    return Made(deleted_id=given["id"])


@mutation(
    CategoryCreateInput,
    "Make a category.",
    category=entity(Category, "The category."),
    permission=HasPermission("catalog.add_category"),
)
def category_create(context: Context, given: Any) -> Made:
    """``enter_category``."""
    category_id = enter_category(
        viewer=context.viewer,
        given=_described(given),
        idempotency_key=given.get("idempotency_key"),
    )
    return Made(category=category_id)


@mutation(
    CategoryUpdateInput,
    "Change a category, or move it with all that is below it.",
    category=entity(Category, "The category."),
    permission=HasPermission("catalog.change_category"),
)
def category_update(context: Context, given: Any) -> Made:
    """``update_category``."""
    category_id = row_key(given["id"], "Category")
    update_category(category_id=category_id, given=_changes(given))
    return Made(category=category_id)


@mutation(
    CategoryDeleteInput,
    "Delete a category. The categories right below it and its products move up to the category "
    "above; without one, the products stand in none.",
    deleted_id=DELETED_ID,
    permission=HasPermission("catalog.delete_category"),
)
def category_delete(context: Context, given: Any) -> Made:
    """``delete_category``."""
    delete_category(category_id=row_key(given["id"], "Category"))
    return Made(deleted_id=given["id"])


@mutation(
    CollectionCreateInput,
    "Make a collection of products.",
    collection=entity(Collection, "The collection."),
    permission=HasPermission("catalog.add_collection"),
)
def collection_create(context: Context, given: Any) -> Made:
    """``enter_collection``."""
    collection_id = enter_collection(
        viewer=context.viewer,
        given=_described(given),
        idempotency_key=given.get("idempotency_key"),
    )
    return Made(collection=collection_id)


@mutation(
    CollectionUpdateInput,
    "Change a collection: its name, its slug, or which products are in it.",
    collection=entity(Collection, "The collection."),
    permission=HasPermission("catalog.change_collection"),
)
def collection_update(context: Context, given: Any) -> Made:
    """``update_collection``."""
    collection_id = row_key(given["id"], "Collection")
    update_collection(collection_id=collection_id, given=_changes(given))
    return Made(collection=collection_id)


@mutation(
    CollectionDeleteInput,
    "Delete a collection; its products stay.",
    deleted_id=DELETED_ID,
    permission=HasPermission("catalog.delete_collection"),
)
def collection_delete(context: Context, given: Any) -> Made:
    """``delete_collection``."""
    delete_collection(collection_id=row_key(given["id"], "Collection"))
    return Made(deleted_id=given["id"])


@mutation(
    ReviewCreateInput,
    "Review a product that one has paid for or was sent, once; it is shown once a moderator has "
    "published it.",
    review=entity(Review, "The review."),
    permission=IsAuthenticated(),
)
def review_create(context: Context, given: Any) -> Made:
    """``create_review``."""
    review = create_review(
        viewer=context.viewer,
        product_id=row_key(given["product_id"], "Product"),
        rating=given["rating"],
        title=given.get("title") or "",
        body=given.get("body") or "",
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    return Made(review=review.pk)


@mutation(
    ReviewModerateInput,
    "Publish or reject a review.",
    review=entity(Review, "The review."),
    permission=HasPermission("catalog.change_review"),
)
def review_moderate(context: Context, given: Any) -> Made:
    """``moderate_review``."""
    review = moderate_review(review_id=row_key(given["id"], "Review"), status=given["status"].value)
    return Made(review=review.pk)


@mutation(
    MediaUploadInput,
    "Add a picture to a product; smaller versions of it follow in the background.",
    media=entity(Media, "The picture."),
    permission=HasPermission("catalog.add_media"),
)
def media_upload(context: Context, given: Any) -> Made:
    """``upload_media``."""
    media_id = upload_media(
        viewer=context.viewer,
        product_id=row_key(given["product_id"], "Product"),
        file=given["file"],
        alt=given.get("alt") or "",
        position=given.get("position"),
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    return Made(media=media_id)


@mutation(
    MediaUpdateInput,
    "Change what a picture is said to show, or its place among the product's pictures.",
    media=entity(Media, "The picture."),
    permission=HasPermission("catalog.change_media"),
)
def media_update(context: Context, given: Any) -> Made:
    """``update_media``."""
    media_id = row_key(given["id"], "Media")
    update_media(media_id=media_id, changes=_changes(given), now=context.now)
    return Made(media=media_id)


@mutation(
    MediaDeleteInput,
    "Delete a picture.",
    deleted_id=DELETED_ID,
    permission=HasPermission("catalog.delete_media"),
)
def media_delete(context: Context, given: Any) -> Made:
    """``delete_media``."""
    delete_media(media_id=row_key(given["id"], "Media"), now=context.now)
    return Made(deleted_id=given["id"])


class CatalogMutations:
    """Root fields."""

    product_create = product_create
    product_update = product_update
    product_delete = product_delete
    category_create = category_create
    category_update = category_update
    category_delete = category_delete
    collection_create = collection_create
    collection_update = collection_update
    collection_delete = collection_delete

    stock_adjust = stock_adjust
    stock_set = stock_set

    media_upload = media_upload
    media_update = media_update
    media_delete = media_delete

    review_create = review_create
    review_moderate = review_moderate
