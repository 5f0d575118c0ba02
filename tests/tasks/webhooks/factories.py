from __future__ import annotations

from typing import Any
from uuid import uuid4

from tasks.models import Job
from tasks.webhooks.models import WebhookDelivery, WebhookEndpoint


def make_endpoint(url: str = "https://hooks.example/", **fields: Any) -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(url=url, **{"event_types": ["PRODUCT_DELETED"], **fields})


def make_delivery(
    endpoint: WebhookEndpoint | None = None, *, status: str = "PENDING", **fields: Any
) -> WebhookDelivery:
    """One whose job is in a state."""
    return WebhookDelivery.objects.create(
        **{
            "endpoint": endpoint or make_endpoint(),
            "job": Job.objects.create(kind="webhooks.send_delivery", status=status),
            "event_id": uuid4(),
            "event_type": "ORDER_CREATED",
            "payload": "{}",
            **fields,
        }
    )
