"""Rows for the catalogue's tests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

from django.db import connection

from catalog.models import Product, Stock, StockMovement, Variant
from catalog.services.listings import refresh_listings, refresh_search


def make_product(
    slug: str = "shirt", *, variants: list[dict[str, Any]] | None = None, **fields: Any
) -> Product:
    """A published product; each variant a dict of its fields plus ``stock`` (on hand)."""
    product = Product.objects.create(
        **{"slug": slug, "name": slug.replace("-", " ").title(), "is_published": True} | fields
    )
    for position, values in enumerate(variants if variants is not None else [{}]):
        on_hand = values.get("stock", 10)
        variant = Variant.objects.create(
            product=product,
            position=position,
            price=Decimal(values.get("price", "10.00")),
            **{k: v for k, v in values.items() if k not in {"stock", "price"}},
        )
        Stock.objects.create(variant=variant, on_hand=on_hand)
        if on_hand:
            StockMovement.objects.create(
                variant=variant, delta=on_hand, kind="RECEIVED", reference="start"
            )
    refresh_listings([product.pk])
    refresh_search([product.pk])
    return product


def stock_of(variant: Variant) -> tuple[int, int]:
    """(on hand, allocated)."""
    return Stock.objects.values_list("on_hand", "allocated").get(variant=variant)


def run_at_once(work, arguments):
    """Call ``work`` with each argument in a thread and connection of its own, all together."""
    start = Barrier(len(arguments))

    def run(argument):
        start.wait()
        try:
            return work(argument)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(arguments)) as threads:
        return list(threads.map(run, arguments))
