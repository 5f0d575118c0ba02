"""What integrators' endpoints are told: orders and products as REST shows them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from catalog.serializers import ProductSerializer
from commerce.models import OrderEvent
from commerce.serializers import OrderEventSerializer, OrderSerializer
from commerce.services.events import EVENT_TYPES
from nexus.api.reading import Resource
from tasks.webhooks.deliveries import deliver_event
from tasks.webhooks.models import WebhookEventType
from users.viewer import Viewer

# Integrators see every order and product, and no notes of staff.
_INTEGRATOR = Viewer(permissions=frozenset({"commerce.view_order", "catalog.change_product"}))


class WebhookOrderSerializer(OrderSerializer):
    """An order without what depends on who reads it."""

    token = None  # type: ignore[assignment]
    notes = None  # type: ignore[assignment]
    allowed_actions = None  # type: ignore[assignment]

    class Meta(OrderSerializer.Meta):
        fields = [
            name
            for name in OrderSerializer.Meta.fields
            if name not in ("token", "notes", "allowed_actions")
        ]


ORDER = Resource("Order", WebhookOrderSerializer)
PRODUCT = Resource("Product", ProductSerializer)


def tell_of_order(*, order_id: int, sequences: list[int], now: datetime) -> None:
    """Have endpoints told of steps of an order's history, and how the order stands now."""
    order = _shown(ORDER, order_id)
    steps = OrderEvent.objects.filter(order_id=order_id, sequence__in=sequences)
    for step in steps.order_by("sequence"):
        deliver_event(
            event_type=EVENT_TYPES[OrderEvent.Kind(step.kind)],
            data={"order": order, "event": OrderEventSerializer(step).data},
            happened_at=step.created_at,
            now=now,
        )


def tell_of_product(
    *, event_types: Sequence[str], product: dict[str, Any], happened_at: datetime, now: datetime
) -> None:
    """Have endpoints told of a product as it is now.

    Of one that was deleted, its id and slug are told, and nothing of changes before.

    Args:
        product: its ``id``; of a deleted one also its ``slug``.
    """
    is_deleted = WebhookEventType.PRODUCT_DELETED in event_types
    shown = product if is_deleted else _shown(PRODUCT, product["id"])
    if shown is None:
        return
    for event_type in event_types:
        deliver_event(
            event_type=event_type, data={"product": shown}, happened_at=happened_at, now=now
        )


def _shown(resource: Resource, pk: int) -> dict[str, Any] | None:
    """A row as REST shows it; None where it is gone."""
    text = resource.row(_INTEGRATOR, pk=pk)
    return None if text is None else json.loads(text)
