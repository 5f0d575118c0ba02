"""Telling integrators' endpoints what becomes of products."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from catalog.models import Product
from tasks.webhooks.models import WebhookEventType
from tasks.webhooks.outbox import announce

# The job that tells integrators, in `nexus.tasks`: it shows products as REST does.
TELL = "catalog.tell_of_product"


def announce_saved(
    product: Product, *, is_new: bool, changed: Collection[str], now: datetime
) -> None:
    """Have integrators told that a product was entered or changed, and what customers can find.

    Args:
        changed: the names of its columns that have another value.
    """
    events = [WebhookEventType.PRODUCT_CREATED if is_new else WebhookEventType.PRODUCT_UPDATED]
    if product.is_published and (is_new or "is_published" in changed):
        events.append(WebhookEventType.PRODUCT_PUBLISHED)
    elif not is_new and "is_published" in changed:
        events.append(WebhookEventType.PRODUCT_UNPUBLISHED)
    announce_product(product.pk, *events, now=now)


def announce_product(product_id: int, *event_types: WebhookEventType, now: datetime) -> None:
    """Have integrators told of a product, in the transaction of the change."""
    announce(TELL, event_types=event_types, product={"id": product_id}, happened_at=now.isoformat())


def announce_deletion(product: Product, *, now: datetime) -> None:
    """Have integrators told that a product is gone, in the transaction that deletes it."""
    announce(
        TELL,
        event_types=[WebhookEventType.PRODUCT_DELETED],
        product={"id": product.pk, "slug": product.slug},
        happened_at=now.isoformat(),
    )
