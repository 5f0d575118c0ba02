"""An order's history."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max

from commerce.models import Order, OrderEvent


def append_events(order: Order, *events: tuple[str, str], now: datetime, after: int = -1) -> None:
    """Add to an order's history what the customer will read there.

    The order's row must be locked or new, so that nobody else takes the next sequence.

    Args:
        events: kind (an ``OrderEvent.Kind``) and message of each, in order.
        after: the history's last sequence where it is known (0 for a new order); else it is read.
    """
    if after < 0:
        after = order.events.aggregate(last=Max("sequence", default=0))["last"]
    OrderEvent.objects.bulk_create(
        OrderEvent(order=order, sequence=sequence, kind=kind, message=message, created_at=now)
        for sequence, (kind, message) in enumerate(events, start=after + 1)
    )
