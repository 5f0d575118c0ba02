"""Hand-picked sets of products."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection

from catalog.models import Collection
from catalog.serializers import CollectionChangesSerializer
from catalog.services.creation import create_once
from catalog.services.slugs import slug_of, unique_slug
from tasks.errors import Rejected
from tasks.transactions import in_transaction
from users.validation import validated
from users.viewer import Viewer

# Kept from being deleted until the transaction ends.
FIND_PRODUCTS = """
SELECT slug, id FROM catalog_product WHERE slug = ANY(%s) ORDER BY id FOR KEY SHARE
"""
# The lists of slugs in an input, and how the API calls them.
LISTS = {
    "product_slugs": "productSlugs",
    "add_product_slugs": "addProductSlugs",
    "remove_product_slugs": "removeProductSlugs",
}


def enter_collection(
    *, viewer: Viewer, given: Mapping[str, Any], idempotency_key: str | None = None
) -> int:
    """Make a collection that somebody describes.

    Args:
        given: what ``CollectionChangesSerializer`` takes; ``slug`` is made of the name where
            absent.
        idempotency_key: a repeat with the same key makes no second one.

    Returns:
        Its primary key.

    Raises:
        ValidationError: ``REQUIRED``, ``INVALID`` or ``ALREADY_EXISTS`` on ``name`` or ``slug``,
            ``NOT_FOUND`` on ``productSlugs.N``; ``IDEMPOTENCY_CONFLICT``.
    """

    def create() -> int:
        fields = validated(CollectionChangesSerializer(data=given))
        lists = _products(fields)
        fields.setdefault("slug", slug_of(fields["name"]))
        with unique_slug("collection", fields["slug"]):
            collection = Collection.objects.create(**fields)
        _choose(collection, lists)
        return collection.pk

    return create_once(
        Collection,
        create,
        viewer=viewer,
        operation="collectionCreate",
        key=idempotency_key,
        given=given,
    )


def update_collection(*, collection_id: int, given: Mapping[str, Any]) -> None:
    """Change a collection.

    Args:
        given: what ``CollectionChangesSerializer`` takes; what is absent stays. Its products
            become those of ``product_slugs``, then others are added, then others removed.

    Raises:
        ValidationError: ``NOT_FOUND`` on ``id``; ``REQUIRED``, ``INVALID`` or ``ALREADY_EXISTS``
            on ``name`` or ``slug``, ``NOT_FOUND`` on ``productSlugs.N`` and its like.
    """

    def update() -> None:
        collection = _locked(collection_id)
        serializer = CollectionChangesSerializer(collection, data=given, partial=True)
        fields = validated(serializer)
        lists = _products(fields)
        if fields:
            with unique_slug("collection", fields.get("slug", collection.slug)):
                Collection.objects.filter(pk=collection.pk).update(**fields)
        _choose(collection, lists)

    in_transaction(update)


def delete_collection(*, collection_id: int) -> None:
    """Delete a collection; its products stay.

    Raises:
        Rejected: ``NOT_FOUND`` for an unknown one.
    """

    def delete() -> None:
        _locked(collection_id).delete()

    in_transaction(delete)


def _locked(collection_id: int) -> Collection:
    """The collection, which nobody else changes until the transaction ends."""
    collection = Collection.objects.select_for_update().filter(pk=collection_id).first()
    if collection is None:
        raise Rejected("NOT_FOUND", "There is no such collection.", field="id")
    return collection


def _products(fields: dict[str, Any]) -> dict[str, list[int]]:
    """Take the lists of slugs out of ``fields``; their products' primary keys."""
    lists = {name: fields.pop(name) for name in LISTS if name in fields}
    slugs = sorted({slug for each in lists.values() for slug in each})
    if not slugs:
        return {name: [] for name in lists}
    with connection.cursor() as cursor:
        cursor.execute(FIND_PRODUCTS, [slugs])
        known = dict(cursor.fetchall())
    errors = [
        Rejected("NOT_FOUND", f"There is no product {slug}.", field=f"{LISTS[name]}.{index}")
        for name, each in lists.items()
        for index, slug in enumerate(each)
        if slug not in known
    ]
    if errors:
        raise ValidationError(errors)
    return {name: [known[slug] for slug in each] for name, each in lists.items()}


def _choose(collection: Collection, lists: Mapping[str, list[int]]) -> None:
    if "product_slugs" in lists:
        collection.products.set(lists["product_slugs"])
    if added := lists.get("add_product_slugs"):
        collection.products.add(*added)
    if removed := lists.get("remove_product_slugs"):
        collection.products.remove(*removed)
