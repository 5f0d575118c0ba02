"""What staff may do with integrators' endpoints: thin doors to the services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from schema.compiler.ids import row_key
from schema.mutation import Context, Made, entities, entity, mutation, plain
from schema.tasks.types import Job
from schema.webhooks.inputs import (
    WebhookDeliveryResendInput,
    WebhookEndpointCreateInput,
    WebhookEndpointDeleteInput,
    WebhookEndpointPingInput,
    WebhookEndpointRotateSecretInput,
    WebhookEndpointUpdateInput,
)
from schema.webhooks.types import WebhookDelivery, WebhookEndpoint
from tasks.webhooks import models
from tasks.webhooks.deliveries import resend_delivery
from tasks.webhooks.endpoints import (
    create_endpoint,
    delete_endpoint,
    ping_endpoint,
    rotate_secret,
    update_endpoint,
)
from users.permissions import HasPermission

_ENDPOINT = entity(WebhookEndpoint, "The endpoint.")
_CHANGE = HasPermission("webhooks.change_webhookendpoint")


def _said(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of an endpoint, as plain values; null says nothing."""
    names = ("url", "event_types", "description", "is_active")
    said = {name: given[name] for name in names if given.get(name) is not None}
    if "event_types" in said:
        said["event_types"] = [each.name for each in said["event_types"]]
    return said


def _sent(delivery: models.WebhookDelivery) -> Made:
    return Made(webhook_delivery=delivery.pk, jobs=[delivery.job])


@mutation(
    WebhookEndpointCreateInput,
    "Enter an integrator's endpoint.",
    webhook_endpoint=_ENDPOINT,
    secret=plain(
        graphene.String,
        "What deliveries are signed with: `whsec_` and 256 random bits in base64. It is shown this "
        "once: null for a repeat with the same idempotencyKey.",
    ),
    permission=HasPermission("webhooks.add_webhookendpoint"),
)
def webhook_endpoint_create(context: Context, given: Any) -> Made:
    """``create_endpoint``."""
    endpoint_id, secret = create_endpoint(
        viewer=context.viewer,
        **_said(given),
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    return Made(webhook_endpoint=endpoint_id, secret=secret)


@mutation(
    WebhookEndpointUpdateInput,
    "Change an integrator's endpoint.",
    webhook_endpoint=_ENDPOINT,
    permission=_CHANGE,
)
def webhook_endpoint_update(context: Context, given: Any) -> Made:
    """``update_endpoint``."""
    endpoint_id = row_key(given["id"], "WebhookEndpoint")
    update_endpoint(endpoint_id=endpoint_id, changes=_said(given))
    return Made(webhook_endpoint=endpoint_id)


@mutation(
    WebhookEndpointDeleteInput,
    "Delete an integrator's endpoint with its log; what waits is not sent.",
    deleted_id=plain(graphene.ID, "The id of what is gone; null after a user error."),
    permission=HasPermission("webhooks.delete_webhookendpoint"),
)
def webhook_endpoint_delete(context: Context, given: Any) -> Made:
    """``delete_endpoint``."""
    delete_endpoint(endpoint_id=row_key(given["id"], "WebhookEndpoint"))
    return Made(deleted_id=given["id"])


@mutation(
    WebhookEndpointRotateSecretInput,
    "Give an endpoint a new secret.",
    webhook_endpoint=_ENDPOINT,
    secret=plain(graphene.String, "The new secret. It is shown this once."),
    permission=_CHANGE,
)
def webhook_endpoint_rotate_secret(context: Context, given: Any) -> Made:
    """``rotate_secret``."""
    endpoint_id = row_key(given["id"], "WebhookEndpoint")
    secret = rotate_secret(
        endpoint_id=endpoint_id,
        revoke_previous=bool(given.get("revoke_previous")),
        now=context.now,
    )
    return Made(webhook_endpoint=endpoint_id, secret=secret)


@mutation(
    WebhookEndpointPingInput,
    "Try an endpoint out: send it an event of the type `ping`.",
    webhook_delivery=entity(WebhookDelivery, "The delivery."),
    jobs=entities(lambda: Job, "The job that sends it."),
    permission=_CHANGE,
)
def webhook_endpoint_ping(context: Context, given: Any) -> Made:
    """``ping_endpoint``."""
    endpoint_id = row_key(given["id"], "WebhookEndpoint")
    return _sent(ping_endpoint(endpoint_id=endpoint_id, now=context.now))


@mutation(
    WebhookDeliveryResendInput,
    "Send a delivery again under the same webhook-id, or at once where it waits.",
    webhook_delivery=entity(WebhookDelivery, "The delivery."),
    jobs=entities(lambda: Job, "The job that sends it."),
    permission=HasPermission("webhooks.change_webhookdelivery"),
)
def webhook_delivery_resend(context: Context, given: Any) -> Made:
    """``resend_delivery``."""
    return _sent(resend_delivery(delivery_id=row_key(given["id"], "WebhookDelivery")))


class WebhookMutations:
    """Root fields."""

    webhook_delivery_resend = webhook_delivery_resend
    webhook_endpoint_create = webhook_endpoint_create
    webhook_endpoint_delete = webhook_endpoint_delete
    webhook_endpoint_ping = webhook_endpoint_ping
    webhook_endpoint_rotate_secret = webhook_endpoint_rotate_secret
    webhook_endpoint_update = webhook_endpoint_update
