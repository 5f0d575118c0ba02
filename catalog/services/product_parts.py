"""Saves what products consist of, in a few statements for any number of parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from catalog.models import Media, Product, ProductOption, Stock, Variant
from catalog.services.media import MAX_PICTURES, discard_files, enqueue_thumbnails
from catalog.services.product_data import MediaData, OptionData
from catalog.services.stock import BelowAllocated, count_stock
from catalog.services.variant_fitting import Fitted
from tasks.errors import Rejected

Row = TypeVar("Row", bound=models.Model)


def save_options(product: Product, present: list[ProductOption], wanted: list[OptionData]) -> bool:
    """Make the product's options those that are wanted; whether anything changed.

    A renamed option keeps its row.
    """
    by_name = {option.name: option for option in present}
    rows: dict[Any, ProductOption] = {}
    for option in wanted:
        if row := by_name.pop(option.get("previous_name") or option["name"], None):
            rows[option["name"]] = row
    rows |= {("gone", name): row for name, row in by_name.items()}
    return replace_rows(
        ProductOption,
        rows,
        {
            option["name"]: {
                "name": option["name"],
                "position": position,
                "values": option["values"],
            }
            for position, option in enumerate(wanted)
        },
        lambda name: ProductOption(product=product, name=name),
    )


def save_media(product: Product, wanted: list[MediaData], *, keep_files: bool) -> bool:
    """Make the product's pictures those that are wanted; whether anything changed.

    A picture is known by its address. One of our own files stays when it is named by the address
    that the APIs show.

    Args:
        keep_files: whether our own files stay where they stand among the pictures, named or not.

    Raises:
        Rejected: ``INVALID`` on ``media`` for more than a product may have with those that stay.
    """
    present = list(product.media.order_by("position", "pk"))
    own = {f"{settings.PUBLIC_URL}{settings.MEDIA_URL}{row.file.name}" for row in present}

    def place(item: tuple[int, MediaData]) -> tuple[int, int]:
        index, values = item
        position = values.get("position")
        return (index if position is None else position, index)

    alts: dict[Any, str] = {}
    for _, values in sorted(enumerate(wanted), key=place):
        file, url = values.get("file", ""), values.get("url", "")
        if url in own:
            file, url = url.removeprefix(f"{settings.PUBLIC_URL}{settings.MEDIA_URL}"), ""
        alts.setdefault((file, url), values.get("alt", ""))
    rows: dict[Any, Media] = {
        (picture.file.name or "", "" if picture.file else picture.url): picture
        for picture in present
    }
    order = list(alts)
    if keep_files:
        for index, (key, picture) in enumerate(rows.items()):
            if picture.file and key not in alts:
                order.insert(index, key)
                alts[key] = picture.alt
        if len(order) > MAX_PICTURES:
            message = f"A product has at most {MAX_PICTURES} pictures, with those that stay."
            raise Rejected("INVALID", message, field="media")
    # Positions may be given with gaps, in the admin: those of an order that stays are left alone.
    is_in_order = order == list(rows)
    pictures = {
        key: {"alt": alts[key], "position": rows[key].position if is_in_order else position}
        for position, key in enumerate(order)
    }
    discard_files(picture for key, picture in rows.items() if key not in pictures)
    new = [key for key in pictures if key not in rows]
    changed = replace_rows(
        Media, rows, pictures, lambda key: Media(product=product, file=key[0], url=key[1])
    )
    enqueue_thumbnails(rows[key] for key in new)
    return changed


def save_variants(
    product: Product,
    present: list[Variant],
    wanted: list[Fitted],
    *,
    stock_kind: str,
    reference: str,
    now: datetime,
) -> bool:
    """Make the product's variants those that are wanted, and count their stock.

    Returns:
        Whether anything changed.

    Raises:
        Rejected: ``IN_USE`` on ``variants`` for the removal of one that was ordered, ``INVALID``
            on ``variants.N.stock`` for less than is promised to orders.
    """
    keys: list[Any] = [
        variant.row.pk if variant.row else f"new {index}" for index, variant in enumerate(wanted)
    ]
    rows: dict[Any, Variant] = {variant.pk: variant for variant in present}
    if gone := set(rows) - set(keys):
        wait_for_buyers(product)
        if ordered := in_use(Variant.objects.filter(pk__in=gone)):
            names = ", ".join(map(str, ordered))
            message = f"{names}: was ordered and can't be removed; set its stock to 0 instead."
            raise Rejected("IN_USE", message, field="variants")
    fields = {
        key: _fields_of(variant, position)
        for position, (key, variant) in enumerate(zip(keys, wanted, strict=True))
    }
    changed = replace_rows(Variant, rows, fields, lambda key: Variant(product=product))
    saved = [rows[key] for key in keys]
    return _save_stock(saved, wanted, stock_kind, reference, now) or changed


def wait_for_buyers(product: Product) -> None:
    """Lock the product's stock: who is buying it holds that until the order can be seen."""
    stock = Stock.objects.filter(variant__product=product).order_by("pk")
    list(stock.select_for_update(of=("self",)))


def in_use(variants: models.QuerySet[Variant]) -> list[Variant]:
    """Up to three of these variants that must stay, because something protects them."""
    protected = Q(pk__in=[])
    for relation in Variant._meta.related_objects:
        if getattr(relation, "on_delete", None) is models.PROTECT:
            protectors: models.QuerySet = models.QuerySet(relation.related_model)
            protected |= Q(Exists(protectors.filter(**{relation.field.name: OuterRef("pk")})))
    return list(variants.filter(protected).order_by("pk")[:3])


def assign(row: models.Model, values: Mapping[str, Any]) -> list[str]:
    """Set these attributes; the names of those that had another value."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed


def replace_rows(
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
            assign(rows[key], values)
        elif names := assign(rows[key], values):
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


def _fields_of(variant: Fitted, position: int) -> dict[str, Any]:
    """What a variant's columns shall be."""
    fields = {name: value for name, value in variant.given.items() if name not in {"id", "stock"}}
    fields["options"] = variant.options
    if variant.path:
        fields["position"] = position
    if "name" in fields and not fields["name"]:
        fields["name"] = " / ".join(variant.options.values())
    elif variant.name is not None:
        fields.setdefault("name", variant.name)
    return fields


def _save_stock(
    variants: list[Variant], wanted: list[Fitted], kind: str, reference: str, now: datetime
) -> bool:
    """Count what differs. A new variant gets a stock row in any case."""
    ids = [variant.pk for variant in variants]
    on_hand = dict(Stock.objects.filter(pk__in=ids).values_list("pk", "on_hand"))
    counts = {
        pk: variant.given.get("stock", 0)
        for pk, variant in zip(ids, wanted, strict=True)
        if pk not in on_hand or variant.given.get("stock", on_hand[pk]) != on_hand[pk]
    }
    try:
        return count_stock(counts=counts, kind=kind, reference=reference, now=now)
    except BelowAllocated as error:
        field = f"{wanted[ids.index(error.variant_id)].path}.stock"
        raise Rejected("INVALID", str(error.message), field=field) from error
