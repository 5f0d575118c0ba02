"""Forgetting the carts that nobody came back to."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from commerce.models import Cart

BATCH = 500
# Whoever is checking out at the very end is done by then.
GRACE = timedelta(hours=1)


def delete_expired_carts(*, now: datetime) -> int:
    """Delete carts that have expired, a short transaction for each batch; how many.

    A cart that became an order stays: it says what the order was made of.
    """
    count = 0
    while batch := _delete_batch(now):
        count += batch
    return count


def _delete_batch(now: datetime) -> int:
    with transaction.atomic():
        expired = (
            Cart.objects.filter(expires_at__lt=now - GRACE)
            .open()
            .order_by("expires_at")
            .select_for_update(of=("self",), skip_locked=True)
        )
        pks = list(expired.values_list("pk", flat=True)[:BATCH])
        Cart.objects.filter(pk__in=pks).delete()
    return len(pks)
