"""How many products each value of a filter would leave: the counts beside a list's filters.

A facet leaves its own filter out and keeps all others, so that choosing a second value of it is
still possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Count, F, Func, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat

from catalog.expressions import OptionValue
from catalog.filters import narrow_products
from catalog.models import Variant
from catalog.querysets import ProductQuerySet

_OF_VARIANT = ("price_min", "price_max", "in_stock", "options")


def facet_counts(products: ProductQuerySet, given: Mapping[str, Any]) -> Iterator[QuerySet]:
    """The counts of each facet.

    Args:
        products: those that the viewer may see and that a search left, before any filter.
        given: a ``ProductFilterSet``'s cleaned values, or expressions in their place.

    Yields:
        queries with the columns ``place`` (of the facet among the facets), ``facet`` (the
        filter's path in the API's input, such as ``options.Size``), ``title``, ``value``,
        ``caption`` and ``number``.
    """
    yield _columns(
        _without(products, given, "category", "include_descendants").filter(category__isnull=False),
        place=0,
        facet=Value("category"),
        title=Value("Category"),
        value=F("category__slug"),
        caption=F("category__name"),
    )
    yield _columns(
        _without(products, given, "vendor").exclude(vendor=""),
        place=1,
        facet=Value("vendor"),
        title=Value("Vendor"),
        value=F("vendor"),
        caption=F("vendor"),
    )
    tag = Func(F("tags"), function="unnest", output_field=TextField())
    yield _columns(
        _without(products, given, "tags"),
        place=2,
        facet=Value("tags"),
        title=Value("Tags"),
        value=tag,
        caption=tag,
    )
    yield from _option_counts(products, given)


def _option_counts(products: ProductQuerySet, given: Mapping[str, Any]) -> Iterator[QuerySet]:
    """Counts of the options that no filter names, then of each one that a filter does."""
    options = list(given.get("options") or ())
    others = _option_values(products, given, options)
    for option in options:
        others = others.exclude(option_name=option["name"])
    yield _option_columns(others)
    for option in options:
        remaining = [other for other in options if other is not option]
        own = _option_values(products, given, remaining)
        yield _option_columns(own.filter(option_name=option["name"]))


def _option_values(
    products: ProductQuerySet, given: Mapping[str, Any], options: list[Any]
) -> QuerySet:
    """The variants that meet the other conditions, each with every option of its product."""
    kept: dict[str, Any] = {
        name: given.get(name) for name in _OF_VARIANT if given.get(name) is not None
    }
    kept["options"] = options
    return (
        Variant.objects.filter(product__in=_without(products, given, *_OF_VARIANT).values("pk"))
        .matching(**kept)
        .alias(option_name=F("product__options__name"))
        .filter(option_name__isnull=False)
    )


def _option_columns(variants: QuerySet) -> QuerySet:
    name = F("option_name")
    return _columns(
        variants,
        place=3,
        facet=Concat(Value("options."), name, output_field=TextField()),
        title=name,
        value=OptionValue(name),
        caption=OptionValue(name),
        counted="product",
    )


def _columns(rows: QuerySet, *, place: int, counted: str = "pk", **columns: Any) -> QuerySet:
    texts = {name: Cast(column, TextField()) for name, column in columns.items()}
    return (
        rows.order_by()
        .annotate(place=Value(place), **texts)
        .values("place", *texts)
        .annotate(number=Count(counted, distinct=True))
        .values("place", *texts, "number")
    )


def _without(products: ProductQuerySet, given: Mapping[str, Any], *names: str) -> ProductQuerySet:
    return narrow_products(products, {**given, **dict.fromkeys(names)})
