"""What staff may read of integrators' endpoints."""

from __future__ import annotations

from typing import Any

import graphene

from schema.compiler.ids import row_key
from schema.compiler.mapping import connection, one
from schema.compiler.readings import Sort
from schema.compiler.slots import Slot
from schema.webhooks.types import WebhookEndpoint, WebhookEndpointConnection
from users.permissions import HasPermission


def _key(slot: Any) -> Slot:
    return slot.mapped(lambda id_: row_key(id_, "WebhookEndpoint"), "bigint")


class WebhookQueries:
    """Root fields."""

    webhook_endpoint = one(
        WebhookEndpoint,
        "An integrator's endpoint, with what was sent there.",
        rows=lambda endpoints, given, _: endpoints.filter(pk=_key(given["id"])),
        permission=HasPermission("webhooks.view_webhookendpoint"),
        id=graphene.ID(required=True, description="The endpoint's id."),
    )
    webhook_endpoints = connection(
        WebhookEndpointConnection,
        "All endpoints of integrators, the latest entered first.",
        relation=None,
        sorts={"NEWEST": Sort(("id",), ("bigint",), descending=True)},
        permission=HasPermission("webhooks.view_webhookendpoint"),
        required=False,
    )
