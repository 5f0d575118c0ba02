"""Creates and changes a product whole: options, variants, stock and pictures in one call."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypedDict, TypeVar

import nh3
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError
from django.utils.text import slugify

from catalog.models import (
    Category,
    Media,
    Product,
    ProductOption,
    Stock,
    StockMovement,
    Variant,
)
from catalog.services.listings import refresh_listings, refresh_search
from catalog.services.stock import BelowAllocated, count_stock
from tasks.errors import Rejected

Row = TypeVar("Row", bound=models.Model)


class OptionData(TypedDict):
    """An option and the values it can have."""

    name: str
    values: list[str]


class VariantData(TypedDict, total=False):
    """A variant; what is absent stays as it is, or at its default."""

    sku: str | None
    name: str
    options: dict[str, str]
    price: Decimal
    compare_at_price: Decimal | None
    stock: int
    weight: int | None


class MediaData(TypedDict, total=False):
    """A picture: ``url``, or ``file``, the name of a file in the media storage."""

    url: str
    file: str
    alt: str
    position: int


class ProductData(TypedDict, total=False):
    """A product as ``catalog.serializers.ProductSerializer`` validates it.

    What is absent stays as it is; options, variants and media are replaced whole.
    """

    name: str
    slug: str
    description: str
    vendor: str
    tags: list[str]
    category: Category | None
    is_published: bool
    options: list[OptionData]
    variants: list[VariantData]
    media: list[MediaData]


@dataclass(frozen=True, slots=True)
class SavedProduct:
    """A product and what became of it."""

    product: Product
    outcome: Literal["created", "updated", "unchanged"]


def save_product(
    *,
    data: ProductData,
    product: Product | None = None,
    stock_kind: str = StockMovement.Kind.CORRECTION,
    reference: str = "",
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
        now: the time of the change.

    Raises:
        Rejected: ``ALREADY_EXISTS`` for a slug or SKU of another product, ``NOT_FOUND`` when the
            product is gone, ``INVALID`` for stock below what orders were promised or a removed
            variant that was ordered.
        ValidationError: several of these.
    """
    try:
        with transaction.atomic():
            return _save(data, product, stock_kind, reference or f"save:{uuid.uuid4()}", now)
    except IntegrityError as error:
        # Somebody else took a slug or SKU after it was looked up.
        for word, field in {"slug": "slug", "sku": "variants"}.items():
            if f"_{word}_" in str(error):
                message = f"The {word} is in use already."
                raise Rejected("ALREADY_EXISTS", message, field=field) from error
        raise


def delete_product(*, product: Product) -> None:
    """Delete a product that nobody has ordered, with its variants, stock, pictures and reviews.

    Carts lose the lines that hold it.

    Raises:
        Rejected: ``NOT_FOUND`` when the product is gone already, ``INVALID`` when it was ordered.
    """
    with transaction.atomic():
        row = _locked(product)
        _wait_for_buyers(row)
        try:
            row.delete()
        except ProtectedError as error:
            message = "A product that was ordered can't be deleted; unpublish it instead."
            raise Rejected("INVALID", message) from error


def sanitise_html(html: str) -> str:
    """The HTML without anything that could run, load pages or leave its place."""
    return nh3.clean(html).strip()


def _save(
    data: ProductData, product: Product | None, stock_kind: str, reference: str, now: datetime
) -> SavedProduct:
    if product is None:
        created, row = True, Product(created_at=now, updated_at=now)
    else:
        created, row = False, _locked(product)
    changed_fields = _assign(row, _fields(data, row, now))
    row.slug = row.slug or _free_slug(row.name)
    if created or "slug" in changed_fields:
        _check_slug(row)
    if created:
        row.save(force_insert=True)
    changes = [
        _save_options(row, data["options"]) if "options" in data else False,
        _save_variants(row, data["variants"], stock_kind, reference, now)
        if "variants" in data
        else False,
        _save_media(row, data["media"]) if "media" in data else False,
    ]
    if not (created or changed_fields or any(changes)):
        return SavedProduct(row, "unchanged")
    if not created:
        row.updated_at = now
        row.save(update_fields=[*changed_fields, "updated_at"])
    refresh_listings([row.pk])
    refresh_search([row.pk])
    return SavedProduct(row, "created" if created else "updated")


def _locked(product: Product) -> Product:
    locked = Product.objects.select_for_update(no_key=True).filter(pk=product.pk).first()
    if locked is None:
        raise Rejected("NOT_FOUND", "The product is gone.", field="id")
    return locked


def _wait_for_buyers(product: Product) -> None:
    """Lock the product's stock: who is buying it holds that until the order can be seen."""
    stock = Stock.objects.filter(variant__product=product).order_by("pk")
    list(stock.select_for_update(of=("self",)))


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


def _check_slug(product: Product) -> None:
    if Product.objects.filter(slug=product.slug).exclude(pk=product.pk).exists():
        message = f"There is a product {product.slug} already."
        raise Rejected("ALREADY_EXISTS", message, field="slug")


def _save_options(product: Product, wanted: list[OptionData]) -> bool:
    return _replace(
        ProductOption,
        {option.name: option for option in product.options.all()},
        {
            option["name"]: {"position": position, "values": option["values"]}
            for position, option in enumerate(wanted)
        },
        lambda name: ProductOption(product=product, name=name),
    )


def _save_media(product: Product, wanted: list[MediaData]) -> bool:
    in_order = sorted(
        enumerate(wanted), key=lambda item: (item[1].get("position", item[0]), item[0])
    )
    pictures: dict[Any, dict[str, Any]] = {}
    for _, values in in_order:
        key = (values.get("file", ""), values.get("url", ""))
        pictures.setdefault(key, {"alt": values.get("alt", ""), "position": len(pictures)})
    return _replace(
        Media,
        {(picture.file.name or "", picture.url): picture for picture in product.media.all()},
        pictures,
        lambda key: Media(product=product, file=key[0], url=key[1]),
    )


def _save_variants(
    product: Product, wanted: list[VariantData], stock_kind: str, reference: str, now: datetime
) -> bool:
    _check_skus(product, wanted)
    variants: dict[Any, Variant] = {variant.pk: variant for variant in product.variants.all()}
    keys = _match(list(variants.values()), wanted)
    fields: dict[Any, dict[str, Any]] = {}
    for position, (key, values) in enumerate(zip(keys, wanted, strict=True)):
        options = values.get("options", {})
        fields[key] = {name: value for name, value in values.items() if name != "stock"}
        fields[key] |= {"options": options, "position": position}
        if key not in variants or variants[key].options != options:
            fields[key].setdefault("name", " / ".join(options.values()))
    if set(variants) - set(keys):
        _wait_for_buyers(product)
    try:
        changed = _replace(Variant, variants, fields, lambda key: Variant(product=product))
    except ProtectedError as error:
        message = "A variant that was ordered can't be removed; set its stock to 0 instead."
        raise Rejected("INVALID", message, field="variants") from error
    saved = [variants[key] for key in keys]
    return _save_stock(saved, wanted, stock_kind, reference, now) or changed


def _check_skus(product: Product, wanted: list[VariantData]) -> None:
    skus = {values["sku"]: index for index, values in enumerate(wanted) if values.get("sku")}
    taken = Variant.objects.filter(sku__in=skus).exclude(product=product)
    errors = [
        Rejected(
            "ALREADY_EXISTS",
            f"{sku} is a variant of the product {slug}.",
            field=f"variants.{skus[sku]}.sku",
        )
        for sku, slug in taken.values_list("sku", "product__slug")
    ]
    if errors:
        raise ValidationError(errors)


def _match(rows: list[Variant], wanted: list[VariantData]) -> list[Any]:
    """For each wanted variant the primary key of its row, or a key of its own for a new one."""
    by_sku = {variant.sku: variant.pk for variant in rows if variant.sku}
    keys: list[Any] = [by_sku.get(values.get("sku") or "") for values in wanted]
    by_options = {
        frozenset(variant.options.items()): variant.pk for variant in rows if variant.pk not in keys
    }
    for index, values in enumerate(wanted):
        if keys[index] is None:
            options = frozenset(values.get("options", {}).items())
            keys[index] = by_options.pop(options, f"new {index}")
    return keys


def _save_stock(
    variants: list[Variant],
    wanted: list[VariantData],
    kind: str,
    reference: str,
    now: datetime,
) -> bool:
    """Count what differs. A new variant gets a stock row in any case."""
    ids = [variant.pk for variant in variants]
    on_hand = dict(Stock.objects.filter(pk__in=ids).values_list("pk", "on_hand"))
    counts = {
        pk: values.get("stock", 0)
        for pk, values in zip(ids, wanted, strict=True)
        if pk not in on_hand or values.get("stock", on_hand[pk]) != on_hand[pk]
    }
    try:
        return count_stock(counts=counts, kind=kind, reference=reference, now=now)
    except BelowAllocated as error:
        field = f"variants.{ids.index(error.variant_id)}.stock"
        raise Rejected("INVALID", str(error.message), field=field) from error


def _replace(
    model: type[Row],
    rows: dict[Any, Row],
    wanted: Mapping[Any, Mapping[str, Any]],
    make: Callable[[Any], Row],
) -> bool:
    """Make ``rows`` those that are wanted, in three statements at most; whether any was needed.

    Args:
        model: the rows' model.
        rows: the present rows by key; afterwards the wanted ones.
        wanted: what each row's fields shall be, by key.
        make: a new, unsaved row for a key.
    """
    gone = [rows.pop(key).pk for key in list(rows) if key not in wanted]
    new: list[Row] = []
    changed: list[Row] = []
    fields: set[str] = set()
    for key, values in wanted.items():
        if key not in rows:
            rows[key] = make(key)
            new.append(rows[key])
            _assign(rows[key], values)
        elif names := _assign(rows[key], values):
            changed.append(rows[key])
            fields.update(names)
    objects: models.QuerySet[Row] = models.QuerySet(model)
    if gone:
        objects.filter(pk__in=gone).delete()
    if changed:
        objects.bulk_update(changed, sorted(fields))
    if new:
        objects.bulk_create(new)
    return bool(gone or changed or new)


def _assign(row: models.Model, values: Mapping[str, Any]) -> list[str]:
    """Set these attributes; the names of those that had another value."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed
