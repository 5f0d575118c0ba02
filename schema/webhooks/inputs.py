"""What staff send about integrators' endpoints."""

from __future__ import annotations

import graphene

from schema.webhooks.types import WebhookEventType

_URL = (
    "Where to send: an https address of the public internet, without user, password or fragment. "
    "Redirects are not followed."
)
_DESCRIPTION = "Whose it is and what for: one line of at most 200 characters."
_EVENT_TYPES = "What to send, at least one."
_ID = "The endpoint's id."


class WebhookEndpointCreateInput(graphene.InputObjectType):
    """An endpoint to enter."""

    url = graphene.String(required=True, description=_URL)
    event_types = graphene.List(
        graphene.NonNull(WebhookEventType), required=True, description=_EVENT_TYPES
    )
    description = graphene.String(description=_DESCRIPTION)
    is_active = graphene.Boolean(description="Whether to send anything; by default yes.")
    idempotency_key = graphene.String(
        description="A random text of the client's; a repeat with the same one enters no second "
        "endpoint."
    )


class WebhookEndpointUpdateInput(graphene.InputObjectType):
    """Changes of an endpoint; what is absent or null stays."""

    id = graphene.ID(required=True, description=_ID)
    url = graphene.String(description=f"{_URL} What waits goes there too.")
    event_types = graphene.List(graphene.NonNull(WebhookEventType), description=_EVENT_TYPES)
    description = graphene.String(description=_DESCRIPTION)
    is_active = graphene.Boolean(
        description="Whether to send anything. What happens while it is off is not sent later, and "
        "what waits fails."
    )


class WebhookEndpointDeleteInput(graphene.InputObjectType):
    """An endpoint to delete."""

    id = graphene.ID(required=True, description=_ID)


class WebhookEndpointRotateSecretInput(graphene.InputObjectType):
    """An endpoint that shall have a new secret."""

    id = graphene.ID(required=True, description=_ID)
    revoke_previous = graphene.Boolean(
        description="Whether to stop signing with the old secret at once, because others know it; "
        "by default deliveries have the signatures of both for a day."
    )


class WebhookEndpointPingInput(graphene.InputObjectType):
    """An endpoint to try out."""

    id = graphene.ID(required=True, description=_ID)


class WebhookDeliveryResendInput(graphene.InputObjectType):
    """A delivery to send again."""

    id = graphene.ID(required=True, description="The delivery's id.")
