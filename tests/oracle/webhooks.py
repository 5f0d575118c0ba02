"""Integrators' endpoints and deliveries, as the oracle reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.models import Job
from tasks.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests.oracle.accounts import parts_of
from tests.oracle.fields import Asking, columns, failed, global_id, resolver
from tests.oracle.pages import Order, Page, newest, page_of
from tests.oracle.sales import names_in

for _type in ("WebhookEndpoint", "WebhookDelivery"):
    global_id(_type)
columns("WebhookEndpoint", "url description event_types is_active")
columns("WebhookEndpoint", "previous_secret_until created_at")
columns("WebhookDelivery", "event_type payload response_status response_excerpt created_at")


def job_of(delivery: Any, asking: Asking) -> Any:
    """The row of a delivery's job, which everybody who sees the delivery knows of."""
    return asking.shop.get(Job, delivery.job_id)


def status_of(delivery: Any, asking: Asking) -> str:
    ends = {"SUCCEEDED": "DELIVERED", "FAILED": "FAILED", "DEAD": "FAILED"}
    return ends.get(job_of(delivery, asking).status, "PENDING")


def must_view(asking: Asking) -> None:
    if not asking.viewer.may("webhooks.view_webhookendpoint"):
        raise failed("FORBIDDEN" if asking.viewer.user_id else "UNAUTHENTICATED")


@resolver("Query.webhookEndpoint")
def webhook_endpoint(_: Any, asking: Asking, id: str) -> Any:  # noqa: A002 - the argument's name
    must_view(asking)
    type_name, key = parts_of(id)
    is_key = type_name == "WebhookEndpoint" and key.isascii() and key.isdigit()
    return asking.see(WebhookEndpoint, int(key)) if is_key else None


@resolver("Query.webhookEndpoints")
def webhook_endpoints(_: Any, asking: Asking, **page: Any) -> Page:
    must_view(asking)
    rows = asking.shop.rows(WebhookEndpoint)
    places = {row.pk: place for place, row in enumerate(reversed(rows))}
    order = Order("WebhookEndpointConnection:NEWEST", places)
    return page_of(asking, asking.sees(WebhookEndpoint, rows), order, **page)


@resolver("WebhookEndpoint.deliveries")
def deliveries(
    endpoint: Any,
    asking: Asking,
    filter: Mapping[str, Any] | None = None,  # noqa: A002 - the argument's name
    **page: Any,
) -> Page:
    wanted = filter or {}
    rows = [
        row
        for row in asking.sees(
            WebhookDelivery, asking.shop.of(WebhookDelivery, endpoint=endpoint.pk)
        )
        if status_of(row, asking) in names_in(wanted.get("status") or None, status_of(row, asking))
        and row.event_type in names_in(wanted.get("event_type") or None, row.event_type)
    ]
    places = newest(asking.shop.rows(WebhookDelivery))
    return page_of(asking, rows, Order("WebhookDeliveryConnection:NEWEST", places), **page)


@resolver("WebhookDelivery.eventId")
def event_id(delivery: Any, asking: Asking) -> str:
    return str(delivery.event_id)


@resolver("WebhookDelivery.status")
def status(delivery: Any, asking: Asking) -> str:
    return status_of(delivery, asking)


@resolver("WebhookDelivery.attempts")
def attempts(delivery: Any, asking: Asking) -> int:
    return job_of(delivery, asking).attempts


@resolver("WebhookDelivery.attemptedAt")
def attempted_at(delivery: Any, asking: Asking) -> Any:
    return job_of(delivery, asking).started_at


@resolver("WebhookDelivery.nextAttemptAt")
def next_attempt_at(delivery: Any, asking: Asking) -> Any:
    job = job_of(delivery, asking)
    return job.not_before if job.status == "PENDING" else None


@resolver("WebhookDelivery.error")
def error(delivery: Any, asking: Asking) -> str:
    return job_of(delivery, asking).error


@resolver("WebhookDelivery.endpoint")
def endpoint_of(delivery: Any, asking: Asking) -> Any:
    return asking.see(WebhookEndpoint, delivery.endpoint_id)


@resolver("WebhookDelivery.job")
def job(delivery: Any, asking: Asking) -> Any:
    return asking.see(Job, delivery.job_id)
