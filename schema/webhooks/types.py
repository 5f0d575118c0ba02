"""Integrators' endpoints and what was sent there, as staff read it."""

from __future__ import annotations

import graphene

from schema.compiler.mapping import ModelType, column, connection, connection_type, to_one
from schema.compiler.readings import Sort
from schema.enumeration import enumeration
from schema.node import Node, global_id
from schema.tasks.types import Job
from tasks.webhooks import models
from tasks.webhooks.filters import WebhookDeliveryFilterSet
from tasks.webhooks.querysets import delivery_status, next_attempt

WebhookEventType = enumeration(
    "WebhookEventType",
    models.WebhookEventType,
    "What may be sent; the body's `type` is the same in lower case with a dot.",
    {
        "ORDER_CREATED": "`order.created`: an order was placed.",
        "ORDER_CONFIRMED": "`order.confirmed`: it is to be sent: paid, or to be paid as agreed.",
        "ORDER_CANCELLED": "`order.cancelled`: it was called off.",
        "ORDER_EXPIRED": "`order.expired`: it was not paid in time.",
        "ORDER_FULFILLED": "`order.fulfilled`: a parcel of it has left.",
        "ORDER_DELIVERED": "`order.delivered`: a parcel has reached the customer.",
        "ORDER_FULFILLMENT_CANCELLED": "`order.fulfillment_cancelled`: a parcel has not left.",
        "ORDER_PAYMENT_FAILED": "`order.payment_failed`: a payment was refused.",
        "ORDER_PAYMENT_CAPTURED": "`order.payment_captured`: reserved money was taken.",
        "ORDER_PAYMENT_RELEASED": "`order.payment_released`: reserved money is free again.",
        "ORDER_PAYMENT_LATE": "`order.payment_late`: money has come too late, and goes back.",
        "ORDER_REFUNDED": "`order.refunded`: money was given back, all or a part.",
        "ORDER_REFUND_FAILED": "`order.refund_failed`: money could not be given back.",
        "RETURN_REQUESTED": "`return.requested`: the customer wants to send goods back.",
        "RETURN_APPROVED": "`return.approved`: the customer may.",
        "RETURN_REJECTED": "`return.rejected`: the customer may not.",
        "RETURN_RECEIVED": "`return.received`: the goods have come back.",
        "PRODUCT_CREATED": "`product.created`: a product was entered.",
        "PRODUCT_UPDATED": "`product.updated`: it, its variants or pictures were changed.",
        "PRODUCT_PUBLISHED": "`product.published`: customers can find it from now on.",
        "PRODUCT_UNPUBLISHED": "`product.unpublished`: they can't any more.",
        "PRODUCT_DELETED": "`product.deleted`: it is gone; the body has its id and slug.",
        "PING": "`ping`: nothing has happened; sent by webhookEndpointPing whatever is listed.",
    },
)

WebhookDeliveryStatus = enumeration(
    "WebhookDeliveryStatus",
    models.WebhookDelivery.Status,
    "Where a delivery stands.",
    {
        "PENDING": "It waits for its next attempt, or is being sent.",
        "DELIVERED": "The endpoint has answered with a status from 200 to 299.",
        "FAILED": "It is given up, after a day of attempts; it may be sent again.",
    },
)


class WebhookDelivery(ModelType):
    """One event for one endpoint: what is sent, and what was answered."""

    class Meta:
        model = models.WebhookDelivery
        interfaces = (Node,)

    id = global_id()
    event_id = column(
        graphene.String,
        "The header `webhook-id`: the same for every attempt and every endpoint, so that receivers "
        "know a repeat.",
    )
    event_type = column(WebhookEventType, "What has happened.")
    status = column(
        WebhookDeliveryStatus, "Where it stands.", source=lambda viewer: delivery_status()
    )
    payload = column(graphene.String, "The body, as it is signed and sent: JSON.")
    attempts = column(
        graphene.Int, "How often it was tried since it was last asked for.", source="job__attempts"
    )
    attempted_at = column(
        graphene.DateTime,
        "When it was tried last; null before.",
        source="job__started_at",
        required=False,
    )
    next_attempt_at = column(
        graphene.DateTime,
        "When it is tried next; null where it is on its way, or waits no more.",
        source=lambda viewer: next_attempt(),
        required=False,
    )
    response_status = column(
        graphene.Int,
        "The HTTP status of the last answer; null where nobody answered.",
        required=False,
    )
    response_excerpt = column(
        graphene.String, "How the last answer's body began; empty where there was none."
    )
    error = column(
        graphene.String,
        "Why the last attempt failed; empty where it did not.",
        source="job__error",
    )
    created_at = column(graphene.DateTime, "When it was written down.")
    endpoint = to_one(lambda: WebhookEndpoint, "Where it is sent.", relation="endpoint")
    job = to_one(lambda: Job, "The background job that sends it.", relation="job")


WebhookDeliveryConnection = connection_type(lambda: WebhookDelivery, "WebhookDelivery")


class WebhookDeliveryFilter(graphene.InputObjectType):
    """Which deliveries; all conditions must hold."""

    status = graphene.List(
        graphene.NonNull(WebhookDeliveryStatus), description="In any of these states."
    )
    event_type = graphene.List(
        graphene.NonNull(WebhookEventType), description="Of any of these types of events."
    )


class WebhookEndpoint(ModelType):
    """An integrator's server that is told what happens in the shop.

    Its secret is answered when it is entered and when it is changed, and never again.
    """

    class Meta:
        model = models.WebhookEndpoint
        interfaces = (Node,)

    id = global_id()
    url = column(graphene.String, "Where to send.")
    description = column(graphene.String, "Whose it is and what for; may be empty.")
    event_types = column(graphene.List(graphene.NonNull(WebhookEventType)), "What is sent.")
    is_active = column(graphene.Boolean, "Whether anything is sent.")
    previous_secret_until = column(
        graphene.DateTime,
        "Until when deliveries are signed with the secret before as well; null where they are not.",
        required=False,
    )
    created_at = column(graphene.DateTime, "When it was entered.")
    deliveries = connection(
        lambda: WebhookDeliveryConnection,
        "What was sent or is to be, the latest first.",
        relation="deliveries",
        sorts={"NEWEST": Sort(("created_at", "id"), ("timestamptz", "bigint"), descending=True)},
        filterset=WebhookDeliveryFilterSet,
        filter=WebhookDeliveryFilter(description="Which deliveries; all conditions must hold."),
    )


WebhookEndpointConnection = connection_type(lambda: WebhookEndpoint, "WebhookEndpoint")
