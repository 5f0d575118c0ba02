"""Integrators' endpoints: entered, changed, tried out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.webhooks.addresses import NotAllowed, destination_of
from tasks.webhooks.deliveries import prepare_deliveries
from tasks.webhooks.models import (
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEventType,
    new_secret,
)

if TYPE_CHECKING:
    from users.viewer import Viewer

MAX_URL = 2_000
MAX_DESCRIPTION = 200
# How long deliveries are signed with the old secret too.
ROTATION = timedelta(hours=24)


def create_endpoint(
    *,
    viewer: Viewer,
    url: str,
    event_types: Iterable[str],
    description: str = "",
    is_active: bool = True,
    idempotency_key: str | None = None,
    now: datetime,
) -> tuple[int, str | None]:
    """Enter an endpoint.

    Args:
        url: where to send; https, and not into a private network.
        event_types: ``WebhookEventType`` values to send, in any order.
        idempotency_key: a repeat with the same key enters no second one.

    Returns:
        Its primary key, and its secret, which is told this once; None for a repeat.

    Raises:
        Rejected: ``INVALID`` on ``url`` or ``description``, ``REQUIRED`` on ``eventTypes``;
            ``IDEMPOTENCY_CONFLICT``; ``NOT_FOUND`` on ``idempotencyKey`` where what it made is
            deleted.
    """
    fields = _checked(
        {
            "url": url,
            "event_types": event_types,
            "description": description,
            "is_active": is_active,
        }
    )
    made: list[WebhookEndpoint] = []

    def create() -> dict[str, Any]:
        made.append(WebhookEndpoint.objects.create(**fields, created_at=now))
        return {"made": made[0].pk}

    with transaction.atomic():
        stored = once(
            actor=f"user:{viewer.user_id}",
            operation="webhookEndpointCreate",
            key=idempotency_key,
            request=fields,
            effect=create,
        )
        if not made and not WebhookEndpoint.objects.filter(pk=stored["made"]).exists():
            raise Rejected("NOT_FOUND", "That is gone by now.", field="idempotencyKey")
    return stored["made"], made[0].secret if made else None


def update_endpoint(*, endpoint_id: int, changes: Mapping[str, Any]) -> None:
    """Change an endpoint; what waits goes to the new address.

    Args:
        changes: any of ``url``, ``event_types``, ``description`` and ``is_active``.

    Raises:
        Rejected: ``NOT_FOUND`` on ``id``, and what ``create_endpoint`` refuses.
    """
    fields = _checked(changes)
    with transaction.atomic():
        endpoint = _locked(endpoint_id)
        for name, value in fields.items():
            setattr(endpoint, name, value)
        endpoint.save(update_fields=fields)


def delete_endpoint(*, endpoint_id: int) -> None:
    """Delete an endpoint with its deliveries; what waits is not sent.

    Raises:
        Rejected: ``NOT_FOUND`` on ``id``.
    """
    with transaction.atomic():
        _locked(endpoint_id).delete()


def rotate_secret(*, endpoint_id: int, revoke_previous: bool = False, now: datetime) -> str:
    """Give an endpoint a new secret, which is told this once.

    For a day its deliveries are signed with the old one too, so that the integrator can change
    over at leisure.

    Args:
        revoke_previous: sign with the new one alone at once, because others know the old one.

    Raises:
        Rejected: ``NOT_FOUND`` on ``id``.
    """
    with transaction.atomic():
        endpoint = _locked(endpoint_id)
        endpoint.previous_secret = "" if revoke_previous else endpoint.secret
        endpoint.previous_secret_until = None if revoke_previous else now + ROTATION
        endpoint.secret = new_secret()
        endpoint.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
    return endpoint.secret


def ping_endpoint(*, endpoint_id: int, now: datetime) -> WebhookDelivery:
    """Send an endpoint an event that nothing has happened.

    Raises:
        Rejected: ``NOT_FOUND`` on ``id``; ``INVALID_TRANSITION`` where it is switched off.
    """
    with transaction.atomic():
        endpoint = _locked(endpoint_id)
        if not endpoint.is_active:
            message = "The endpoint is switched off; switch it on first."
            raise Rejected("INVALID_TRANSITION", message, field="id")
        (delivery,) = prepare_deliveries(
            [endpoint], event_type=WebhookEventType.PING, data={}, happened_at=now, now=now
        )
    return delivery


def _locked(endpoint_id: int) -> WebhookEndpoint:
    endpoint = WebhookEndpoint.objects.select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None:
        raise Rejected("NOT_FOUND", "There is no such endpoint.", field="id")
    return endpoint


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of an endpoint, as its columns take it."""
    fields = dict(given)
    if "url" in fields:
        _check_url(fields["url"])
    if "description" in fields and (
        len(fields["description"]) > MAX_DESCRIPTION or not fields["description"].isprintable()
    ):
        message = f"A description is one line of at most {MAX_DESCRIPTION} characters."
        raise Rejected("INVALID", message, field="description")
    if "event_types" in fields:
        wanted = set(fields["event_types"])
        if not wanted:
            raise Rejected("REQUIRED", "Name what to send.", field="eventTypes")
        fields["event_types"] = [each for each in WebhookEventType.values if each in wanted]
    return fields


def _check_url(url: str) -> None:
    if len(url) > MAX_URL:
        message = f"An address has at most {MAX_URL} characters."
        raise Rejected("INVALID", message, field="url")
    try:
        destination_of(url)
    except NotAllowed as error:
        raise Rejected("INVALID", str(error), field="url") from error
