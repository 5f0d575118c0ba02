"""Lists of products, as the oracle filters, sorts and counts them."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from typing import Any

from catalog.models import Category, Collection, Product, Stock, Variant
from tests.oracle.catalogue import (
    is_below,
    names_of,
    options_of,
    prices_of,
    rating_of,
)
from tests.oracle.fields import Asking, columns, global_id, resolver
from tests.oracle.pages import Order, Page, newest, page_of
from tests.oracle.shop import Rows, Shop

Wanted = Mapping[str, Any]


@resolver("Query.product")
def product_of_slug(_: Any, asking: Asking, slug: str) -> Any:
    found = [row for row in asking.shop.rows(Product) if row.slug == slug]
    return next(iter(asking.sees(Product, found)), None)


@resolver("Query.products")
def products(
    _: Any,
    asking: Asking,
    search: str | None = None,
    filter: dict[str, Any] | None = None,  # noqa: A002 - the argument's name
    sort: Any = None,
    **page: Any,
) -> Page:
    shop = asking.shop
    term = search if search and search.strip() else None
    found = asking.sees(Product, shop.rows(Product))
    if term is not None:
        found = [row for row in found if row.pk in shop.searched(term)]
    wanted = cleaned(filter or {})
    rows = [row for row in found if fits(shop, row, wanted)]
    order = order_of(shop, getattr(sort, "name", sort), term)
    return page_of(asking, rows, order, facets=(found, wanted), **page)


def cleaned(given: Mapping[str, Any]) -> dict[str, Any]:
    """The conditions that a filter sets: nulls, blanks and empty lists set none."""
    wanted = {name: value for name, value in given.items() if value not in (None, [], "")}
    price = wanted.pop("price", None) or {}
    wanted |= {f"price_{end}": price[end] for end in price if price[end] is not None}
    for name in ("category", "collection"):
        if name in wanted and not wanted[name].strip():
            del wanted[name]
    if "created_after" in wanted and wanted["created_after"].tzinfo is None:
        wanted["created_after"] = wanted["created_after"].replace(tzinfo=UTC)
    values: dict[str, list[str]] = {}
    for option in wanted.pop("options", ()):
        if option["values"]:
            # The form strips an option's name as all forms do, and leaves its values.
            values.setdefault(option["name"], []).extend(option["values"])
    return {**wanted, "options": values} if values else wanted


def fits(shop: Shop, product: Any, wanted: Wanted) -> bool:
    """Whether a product meets every condition."""
    own = shop.get(Category, product.category_id)
    tests = {
        "category": lambda slug: (
            is_below(shop, product, slug)
            if wanted.get("include_descendants")
            else own is not None and own.slug == slug
        ),
        "collection": lambda slug: product.pk in members_of(shop, slug),
        "vendor": lambda vendors: product.vendor in vendors,
        "tags": lambda tags: bool(set(tags) & set(product.tags)),
        "ids": lambda ids: id_of(product) in ids,
        "created_after": lambda moment: product.created_at > moment,
        "is_published": lambda published: product.is_published is published,
    }
    if not all(test(wanted[name]) for name, test in tests.items() if name in wanted):
        return False
    if not {"price_min", "price_max", "in_stock", "options"} & set(wanted):
        return True
    return any(sold_so(shop, row, wanted) for row in shop.of(Variant, product=product.pk))


def sold_so(shop: Shop, variant: Any, wanted: Wanted) -> bool:
    """Whether a variant by itself meets the conditions on variants."""
    stock = shop.get(Stock, variant.pk)
    in_stock = stock is not None and stock.on_hand > stock.allocated
    return (
        wanted.get("price_min", Decimal(0)) <= variant.price
        and variant.price <= wanted.get("price_max", variant.price)
        and in_stock is wanted.get("in_stock", in_stock)
        and all(
            variant.options.get(name) in values
            for name, values in wanted.get("options", {}).items()
        )
    )


def id_of(product: Any) -> str:
    """A product's global id."""
    return base64.b64encode(f"Product:{product.pk}".encode()).decode()


def members_of(shop: Shop, slug: str) -> set[int]:
    """The primary keys of a collection's products."""
    (collection,) = [row for row in shop.rows(Collection) if row.slug == slug] or [None]
    if collection is None:
        return set()
    return {
        row.product_id for row in shop.of(Collection.products.through, collection=collection.pk)
    }


def order_of(shop: Shop, sort: str | None, term: str | None) -> Order:
    """The order of a list: the wanted one, else the best matches of a search, else the newest."""
    if sort is None or sort == "RELEVANCE":
        sort = "NEWEST" if term is None else "RELEVANCE"
    rows = shop.rows(Product)
    names = names_of(shop, Product)
    none = Decimal(0)
    keys = {
        "NEWEST": lambda row: row.created_at,
        "NAME_ASC": lambda row: names[row.name],
        "NAME_DESC": lambda row: names[row.name],
        "PRICE_ASC": lambda row: min(prices_of(shop, row), default=none),
        "PRICE_DESC": lambda row: min(prices_of(shop, row), default=none),
        "RATING": lambda row: rating_of(shop, row) or none,
    }
    name = f"ProductConnection:{sort}"
    if sort == "RELEVANCE":
        return Order(f"{name}:{term}", shop.searched(term or ""))
    if sort == "NEWEST":
        return Order(name, newest(rows))
    key = keys[sort]
    ordered = sorted(
        rows, key=lambda row: (key(row), row.pk), reverse=sort not in ("NAME_ASC", "PRICE_ASC")
    )
    return Order(name, {row.pk: place for place, row in enumerate(ordered)})


# --- collections --------------------------------------------------------------------------------

global_id("Collection")
columns("Collection", "name slug")


@resolver("Query.collection")
def collection(_: Any, asking: Asking, slug: str) -> Any:
    found = [row for row in asking.shop.rows(Collection) if row.slug == slug]
    return next(iter(asking.sees(Collection, found)), None)


@resolver("Query.collections")
def collections(_: Any, asking: Asking, **page: Any) -> Page:
    rows = asking.shop.rows(Collection)
    names = names_of(asking.shop, Collection)
    ordered = sorted(rows, key=lambda row: (names[row.name], row.pk))
    order = Order("CollectionConnection:NAME_ASC", {row.pk: at for at, row in enumerate(ordered)})
    return page_of(asking, asking.sees(Collection, rows), order, **page)


@resolver("Collection.products")
def products_in(collection: Any, asking: Asking, sort: Any = None, **page: Any) -> Page:
    members = members_of(asking.shop, collection.slug)
    rows = [row for row in asking.sees(Product, asking.shop.rows(Product)) if row.pk in members]
    order = order_of(asking.shop, getattr(sort, "name", sort), None)
    return page_of(asking, rows, replace(order, name=f"Collection{order.name}"), **page)


# --- facets -------------------------------------------------------------------------------------

columns("Facet", "name label values")
columns("FacetValue", "value label count")


@resolver("ProductConnection.facets")
def facets(page: Page, asking: Asking) -> list[dict[str, Any]]:
    shop = asking.shop
    found, wanted = page.facets
    captions = {row.slug: row.name for row in shop.rows(Category)}

    def left_without(*names: str) -> Rows:
        kept = {name: value for name, value in wanted.items() if name not in names}
        return [row for row in found if fits(shop, row, kept)]

    own = [shop.get(Category, row.category_id) for row in left_without("category")]
    counted = [
        ("category", "Category", Counter(category.slug for category in own if category)),
        ("vendor", "Vendor", Counter(row.vendor for row in left_without("vendor") if row.vendor)),
        ("tags", "Tags", Counter(tag for row in left_without("tags") for tag in set(row.tags))),
    ]
    counts = option_counts(shop, left_without("options"), wanted)
    places = shop.collation(f"options.{name}" for name in counts)
    counted += [
        (f"options.{name}", name, counts[name])
        for name in sorted(counts, key=lambda name: places[f"options.{name}"])
    ]
    return [
        {"name": name, "label": label, "values": values_of(shop, name, counter, captions)}
        for name, label, counter in counted
        if counter
    ]


def option_counts(shop: Shop, products: Rows, wanted: Wanted) -> dict[str, Counter[str]]:
    """How many products have a variant of each option value, that option's own filter aside."""
    counts: dict[str, Counter[str]] = {}
    for row in products:
        values = set()
        for option in options_of(shop, row.pk):
            others = {n: v for n, v in wanted.get("options", {}).items() if n != option.name}
            conditions = {**wanted, "options": others}
            values |= {
                (option.name, variant.options[option.name])
                for variant in shop.of(Variant, product=row.pk)
                if option.name in variant.options and sold_so(shop, variant, conditions)
            }
        for name, value in values:
            counts.setdefault(name, Counter())[value] += 1
    return counts


def values_of(
    shop: Shop, facet: str, counter: Counter[str], captions: Mapping[str, str]
) -> list[dict[str, Any]]:
    """A facet's values, the most frequent first."""
    places = shop.collation(counter)
    return [
        {
            "value": value,
            "label": captions[value] if facet == "category" else value,
            "count": counter[value],
        }
        for value in sorted(counter, key=lambda value: (-counter[value], places[value]))
    ]
