"""An order's history, and the integrators who hear of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from commerce.models import Order, OrderEvent
from tasks.dispatch import enqueue
from tasks.webhooks.models import WebhookEventType
from tasks.webhooks.outbox import IS_LISTENED_FOR

# The job that tells integrators, in `nexus.tasks`: it shows orders as REST does.
TELL = "commerce.tell_of_order"

# What integrators know each step by.
EVENT_TYPES = {
    OrderEvent.Kind.PLACED: WebhookEventType.ORDER_CREATED,
    OrderEvent.Kind.CONFIRMED: WebhookEventType.ORDER_CONFIRMED,
    OrderEvent.Kind.CANCELLED: WebhookEventType.ORDER_CANCELLED,
    OrderEvent.Kind.EXPIRED: WebhookEventType.ORDER_EXPIRED,
    OrderEvent.Kind.FULFILLED: WebhookEventType.ORDER_FULFILLED,
    OrderEvent.Kind.DELIVERED: WebhookEventType.ORDER_DELIVERED,
    OrderEvent.Kind.FULFILLMENT_CANCELLED: WebhookEventType.ORDER_FULFILLMENT_CANCELLED,
    OrderEvent.Kind.RETURN_REQUESTED: WebhookEventType.RETURN_REQUESTED,
    OrderEvent.Kind.RETURN_APPROVED: WebhookEventType.RETURN_APPROVED,
    OrderEvent.Kind.RETURN_REJECTED: WebhookEventType.RETURN_REJECTED,
    OrderEvent.Kind.RETURN_RECEIVED: WebhookEventType.RETURN_RECEIVED,
    OrderEvent.Kind.PAYMENT_FAILED: WebhookEventType.ORDER_PAYMENT_FAILED,
    OrderEvent.Kind.PAYMENT_CAPTURED: WebhookEventType.ORDER_PAYMENT_CAPTURED,
    OrderEvent.Kind.PAYMENT_RELEASED: WebhookEventType.ORDER_PAYMENT_RELEASED,
    OrderEvent.Kind.PAYMENT_REFUNDED: WebhookEventType.ORDER_REFUNDED,
    OrderEvent.Kind.REFUND_FAILED: WebhookEventType.ORDER_REFUND_FAILED,
    OrderEvent.Kind.PAYMENT_LATE: WebhookEventType.ORDER_PAYMENT_LATE,
}

# One statement, which every purchase runs: it numbers the events, and says whether to tell of them.
APPEND = f"""
INSERT INTO commerce_orderevent (order_id, sequence, kind, message, created_at)
SELECT %(order)s, last.sequence + new.place, new.kind, new.message, %(now)s
  FROM unnest(%(kinds)s::varchar[], %(messages)s::varchar[])
       WITH ORDINALITY AS new (kind, message, place),
       (SELECT coalesce(max(sequence), 0) AS sequence
          FROM commerce_orderevent WHERE order_id = %(order)s) AS last
RETURNING sequence, {IS_LISTENED_FOR}
"""  # noqa: S608  (made of constants)


def append_events(order: Order, *events: tuple[str, str], now: datetime) -> None:
    """Add to an order's history what the customer will read there; integrators are told of it.

    The order's row must be locked or new, so that nobody else takes the next sequence.

    Args:
        events: kind (an ``OrderEvent.Kind``) and message of each, in order.
    """
    kinds = [OrderEvent.Kind(kind) for kind, _ in events]
    parameters: dict[str, Any] = {
        "order": order.pk,
        "kinds": [kind.value for kind in kinds],
        "messages": [message for _, message in events],
        "event_types": [EVENT_TYPES[kind].value for kind in kinds],
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(APPEND, parameters)
        appended = cursor.fetchall()
    sequences = [sequence for sequence, is_listened_for in appended if is_listened_for]
    if sequences:
        enqueue(TELL, order_id=order.pk, sequences=sequences)
