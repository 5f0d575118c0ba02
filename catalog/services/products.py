"""Creates and changes a product whole: options, variants, stock and pictures in one call."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

import nh3
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.text import slugify

from catalog.models import Category, Media, Product, StockMovement, Variant
from catalog.serializers import ProductSerializer
from catalog.services.announcements import announce_deletion, announce_saved
from catalog.services.creation import create_once
from catalog.services.listings import refresh_listings, refresh_search
from catalog.services.media import discard_files
from catalog.services.product_data import ProductData
from catalog.services.product_parts import (
    assign,
    in_use,
    save_media,
    save_options,
    save_variants,
    wait_for_buyers,
)
from catalog.services.variant_fitting import Fitted, Fitting, fit_variants
from tasks.errors import Rejected
from tasks.transactions import in_transaction
from users.validation import validated
from users.viewer import Viewer

# How often a slug is made of a name that others take at the same moment.
SLUG_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class SavedProduct:
    """A product and what became of it."""

    product: Product
    outcome: Literal["created", "updated", "unchanged"]


def create_product(
    *,
    viewer: Viewer,
    given: Mapping[str, Any],
    idempotency_key: str | None = None,
    now: datetime,
) -> int:
    """Create a product with all its parts, as somebody describes it.

    Args:
        given: what ``ProductSerializer`` takes.
        idempotency_key: a repeat with the same key makes no second one.
        now: the time of the change.

    Returns:
        Its primary key.

    Raises:
        ValidationError: each field that is wrong, by its full path, with ``REQUIRED``,
            ``INVALID``, ``NOT_FOUND`` or ``ALREADY_EXISTS``; ``IDEMPOTENCY_CONFLICT``.
    """

    def create() -> int:
        data = cast("ProductData", validated(ProductSerializer(data=given)))
        kind = StockMovement.Kind.RECEIVED
        return save_product(data=data, stock_kind=kind, now=now).product.pk

    return create_once(
        Product,
        create,
        viewer=viewer,
        operation="productCreate",
        key=idempotency_key,
        given=given,
    )


def update_product(
    *,
    product_id: int,
    given: Mapping[str, Any],
    partial: bool = True,
    check: Callable[[], None] | None = None,
    now: datetime,
) -> None:
    """Change a product and its parts, as somebody describes the changes.

    Args:
        given: what ``ProductSerializer`` takes; what is absent stays.
        partial: whether nothing is required.
        check: called once nobody else can change the product; what it raises undoes all.
        now: the time of the change.

    Raises:
        ValidationError: each field that is wrong, by its full path, with ``REQUIRED``,
            ``INVALID``, ``NOT_FOUND`` or ``ALREADY_EXISTS``; ``IN_USE`` on ``variants`` for the
            removal of one that was ordered; ``NOT_FOUND`` on ``id``.
    """

    def update() -> None:
        product = Product.objects.filter(pk=product_id).first()
        if product is None:
            raise Rejected("NOT_FOUND", "There is no such product.", field="id")
        data = validated(ProductSerializer(product, data=given, partial=partial))
        save_product(data=cast("ProductData", data), product=product, check=check, now=now)

    in_transaction(update)


def save_product(
    *,
    data: ProductData,
    product: Product | None = None,
    stock_kind: str = StockMovement.Kind.CORRECTION,
    reference: str = "",
    keep_files: bool = False,
    check: Callable[[], None] | None = None,
    now: datetime,
) -> SavedProduct:
    """Create a product, or change one, with all its parts and everything derived from them.

    A variant stays the same row when its SKU is the same, else when its option values are. Nothing
    is written where nothing differs.

    Args:
        data: validated by ``ProductSerializer``; ``name`` is needed for a new product, whose
            ``slug`` is made of it where absent. The description is sanitised here.
        product: the one to change; None: a new one.
        stock_kind: the ``StockMovement.Kind`` of differences in stock.
        reference: what caused differences in stock, never used before; made up where blank.
        keep_files: whether pictures that are files of ours stay, though ``data`` has others.
        check: called once nobody else can change the product; what it raises undoes all.
        now: the time of the change.

    Raises:
        Rejected: ``ALREADY_EXISTS`` for a slug or SKU of another product, ``NOT_FOUND`` when the
            product or its category is gone, ``INVALID`` for stock below what orders were promised
            or too many pictures,
            ``IN_USE`` for a removed variant that was ordered, and what ``fit_variants`` finds.
        ValidationError: several of these.
    """
    reference = reference or f"save:{uuid.uuid4()}"
    for attempt in range(1, SLUG_ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return _save(data, product, stock_kind, reference, keep_files, check, now)
        except IntegrityError as error:
            # Somebody else took a slug or SKU after it was looked up.
            taken = _taken(error)
            if taken == "slug" and not data.get("slug") and attempt < SLUG_ATTEMPTS:
                continue
            if taken is None:
                raise
            field = {"slug": "slug", "sku": "variants"}[taken]
            message = f"The {taken} is in use already."
            raise Rejected("ALREADY_EXISTS", message, field=field) from error
    raise AssertionError("unreachable: the last attempt returns or raises")


def delete_product(
    *, product_id: int, check: Callable[[], None] | None = None, now: datetime
) -> None:
    """Delete a product that nobody has ordered, with its variants, stock, pictures and reviews.

    Carts lose the lines that hold it.

    Args:
        check: called once nobody else can change the product; what it raises undoes all.

    Raises:
        Rejected: ``NOT_FOUND`` when there is none, ``IN_USE`` when it was ordered.
    """

    def delete() -> None:
        # Also waits for whoever is just pointing to it.
        product = Product.objects.select_for_update().filter(pk=product_id).first()
        if product is None:
            raise Rejected("NOT_FOUND", "There is no such product.", field="id")
        if check is not None:
            check()
        wait_for_buyers(product)
        if in_use(Variant.objects.filter(product=product)):
            message = "A product that was ordered can't be deleted; unpublish it instead."
            raise Rejected("IN_USE", message, field="id")
        discard_files(Media.objects.filter(product=product))
        announce_deletion(product, now=now)
        product.delete()

    in_transaction(delete)


def sanitise_html(html: str) -> str:
    """The HTML without anything that could run, load pages or leave its place."""
    return nh3.clean(html).strip()


def _save(
    data: ProductData,
    product: Product | None,
    stock_kind: str,
    reference: str,
    keep_files: bool,
    check: Callable[[], None] | None,
    now: datetime,
) -> SavedProduct:
    # Before the product's row, as whoever deletes a category does.
    _keep(data.get("category"))
    if product is None:
        created, row = True, Product(created_at=now, updated_at=now)
    else:
        created, row = False, _locked(product)
        if check is not None:
            check()
    changed_fields = assign(row, _fields(data, row, now))
    row.slug = row.slug or _free_slug(row.name)
    fits = "variants" in data or "options" in data
    options = [] if created or not fits else list(row.options.order_by("position"))
    variants = [] if created or not fits else list(row.variants.order_by("position", "pk"))
    fitting = Fitting()
    if fits:
        fitting = fit_variants(
            present_options=options,
            present=variants,
            options=data.get("options"),
            variants=data.get("variants"),
        )
    errors = [*fitting.errors, *_taken_skus(row, fitting.variants)]
    if created or "slug" in changed_fields:
        errors = [*_taken_slug(row), *errors]
    if errors:
        raise ValidationError(errors)
    if created:
        row.save(force_insert=True)
    changed = [
        save_options(row, options, data["options"]) if "options" in data else False,
        save_variants(
            row,
            variants,
            fitting.variants,
            stock_kind=stock_kind,
            reference=reference,
            now=now,
        )
        if fits
        else False,
        save_media(row, data["media"], keep_files=keep_files) if "media" in data else False,
    ]
    if not (created or changed_fields or any(changed)):
        return SavedProduct(row, "unchanged")
    if not created:
        row.updated_at = now
        row.save(update_fields=[*changed_fields, "updated_at"])
    refresh_listings([row.pk])
    refresh_search([row.pk])
    announce_saved(row, is_new=created, changed=changed_fields, now=now)
    return SavedProduct(row, "created" if created else "updated")


def _locked(product: Product) -> Product:
    locked = Product.objects.select_for_update(no_key=True).filter(pk=product.pk).first()
    if locked is None:
        raise Rejected("NOT_FOUND", "The product is gone.", field="id")
    return locked


def _taken(error: IntegrityError) -> str | None:
    """Which unique value somebody else has: ``slug``, ``sku``, or None for another mistake."""
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
    if constraint == "variant_sku_unique":
        return "sku"
    return "slug" if constraint.startswith("catalog_product_slug_") else None


def _fields(data: ProductData, product: Product, now: datetime) -> dict[str, Any]:
    """The product's own columns as ``data`` wants them."""
    columns = {"name", "slug", "vendor", "tags", "is_published"}
    fields: dict[str, Any] = {name: value for name, value in data.items() if name in columns}
    if "category" in data:
        fields["category_id"] = data["category"].pk if data["category"] else None
    if "description" in data:
        fields["description"] = sanitise_html(data["description"])
    if data.get("is_published") and product.published_at is None:
        fields["published_at"] = now
    return fields


def _free_slug(name: str) -> str:
    """A slug made of the name, with a number where others have it."""
    slug = slugify(name, allow_unicode=True)[:240] or "product"
    taken = set(Product.objects.filter(slug__startswith=slug).values_list("slug", flat=True))
    candidates = (slug if n == 1 else f"{slug}-{n}" for n in range(1, len(taken) + 2))
    return next(candidate for candidate in candidates if candidate not in taken)


def _keep(category: Category | None) -> None:
    """Let nobody delete the category until the transaction ends."""
    if category is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM catalog_category WHERE id = %s FOR KEY SHARE", [category.pk])
        if cursor.fetchone() is None:
            raise Rejected("NOT_FOUND", "The category is gone.", field="categorySlug")


def _taken_slug(product: Product) -> list[Rejected]:
    if not Product.objects.filter(slug=product.slug).exclude(pk=product.pk).exists():
        return []
    message = f"There is a product {product.slug} already."
    return [Rejected("ALREADY_EXISTS", message, field="slug")]


def _taken_skus(product: Product, variants: list[Fitted]) -> list[Rejected]:
    paths = {sku: variant.path for variant in variants if (sku := variant.given.get("sku"))}
    if not paths:
        return []
    taken = Variant.objects.filter(sku__in=paths).exclude(product=product.pk)
    found = dict(taken.values_list("sku", "product__slug"))
    return [
        Rejected(
            "ALREADY_EXISTS",
            f"{sku} is a variant of the product {found[sku]}.",
            field=f"{path}.sku",
        )
        for sku, path in paths.items()
        if sku in found
    ]
