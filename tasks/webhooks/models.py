"""Integrators' endpoints and what is sent there."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from tasks.models import Job
from tasks.webhooks.querysets import WebhookDeliveryQuerySet, WebhookEndpointQuerySet
from tasks.webhooks.signing import SECRET_PREFIX

SECRET_BYTES = 32


def new_secret() -> str:
    """A random secret of 256 bits, as Standard Webhooks writes it: ``whsec_`` and base64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


class WebhookEventType(models.TextChoices):
    """What may happen; the label is the event's ``type`` in the body that is sent.

    The apps above say when: plain words here, as in ``users.roles``.
    """

    ORDER_CREATED = "ORDER_CREATED", "order.created"
    ORDER_CONFIRMED = "ORDER_CONFIRMED", "order.confirmed"
    ORDER_CANCELLED = "ORDER_CANCELLED", "order.cancelled"
    ORDER_EXPIRED = "ORDER_EXPIRED", "order.expired"
    ORDER_FULFILLED = "ORDER_FULFILLED", "order.fulfilled"
    ORDER_DELIVERED = "ORDER_DELIVERED", "order.delivered"
    ORDER_FULFILLMENT_CANCELLED = "ORDER_FULFILLMENT_CANCELLED", "order.fulfillment_cancelled"
    ORDER_PAYMENT_FAILED = "ORDER_PAYMENT_FAILED", "order.payment_failed"
    ORDER_PAYMENT_CAPTURED = "ORDER_PAYMENT_CAPTURED", "order.payment_captured"
    ORDER_PAYMENT_RELEASED = "ORDER_PAYMENT_RELEASED", "order.payment_released"
    ORDER_PAYMENT_LATE = "ORDER_PAYMENT_LATE", "order.payment_late"
    ORDER_REFUNDED = "ORDER_REFUNDED", "order.refunded"
    ORDER_REFUND_FAILED = "ORDER_REFUND_FAILED", "order.refund_failed"
    RETURN_REQUESTED = "RETURN_REQUESTED", "return.requested"
    RETURN_APPROVED = "RETURN_APPROVED", "return.approved"
    RETURN_REJECTED = "RETURN_REJECTED", "return.rejected"
    RETURN_RECEIVED = "RETURN_RECEIVED", "return.received"
    PRODUCT_CREATED = "PRODUCT_CREATED", "product.created"
    PRODUCT_UPDATED = "PRODUCT_UPDATED", "product.updated"
    PRODUCT_PUBLISHED = "PRODUCT_PUBLISHED", "product.published"
    PRODUCT_UNPUBLISHED = "PRODUCT_UNPUBLISHED", "product.unpublished"
    PRODUCT_DELETED = "PRODUCT_DELETED", "product.deleted"
    PING = "PING", "ping"


class WebhookEndpoint(models.Model):
    """A server of an integrator's that wants to know what happens.

    The secret is kept as it is, because every delivery is signed with it; it is never shown again.
    """

    url = models.CharField(max_length=2000)
    description = models.CharField(max_length=200, blank=True)
    event_types = ArrayField(models.CharField(max_length=40, choices=WebhookEventType))
    is_active = models.BooleanField(default=True)
    secret = models.CharField(max_length=80, default=new_secret, editable=False)
    previous_secret = models.CharField(max_length=80, blank=True, editable=False)
    previous_secret_until = models.DateTimeField(
        null=True, blank=True, help_text="Until when deliveries are signed with both."
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(event_types__len__gte=1), name="webhook_endpoint_wants_something"
            )
        ]

    def __str__(self) -> str:
        # Addresses hold keys of their own now and then, and names of rows get into logs.
        return f"Webhook endpoint {self.pk}"

    def secrets_at(self, now: datetime) -> list[str]:
        """What to sign with: the secret and, for a day after it was changed, the one before."""
        if self.previous_secret_until is None or self.previous_secret_until <= now:
            return [self.secret]
        return [self.secret, self.previous_secret]


class WebhookDelivery(models.Model):
    """One event for one endpoint: what is sent, and what was answered last.

    The rest is its job's: attempts, the next one, what went wrong. It goes when the job's row goes.
    """

    class Status(models.TextChoices):
        """Where a delivery stands, which its job says.

        - ``PENDING``: waits for its next attempt, or is being sent.
        - ``DELIVERED``: the endpoint has answered that it has it.
        - ``FAILED``: given up; it may be sent again.
        """

        PENDING = "PENDING"
        DELIVERED = "DELIVERED"
        FAILED = "FAILED"

    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries")
    job = models.OneToOneField(Job, models.CASCADE, related_name="webhook_delivery")
    event_id = models.UUIDField(help_text="The same for every attempt, and for every endpoint.")
    event_type = models.CharField(max_length=40, choices=WebhookEventType)
    payload = models.TextField(help_text="The body, as it is signed and sent.")
    response_status = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Of the last attempt; none where nobody answered."
    )
    response_excerpt = models.TextField(blank=True, help_text="How the answer's body began.")
    created_at = models.DateTimeField(default=timezone.now)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "event_id"], name="webhook_delivery_once_per_endpoint"
            )
        ]
        indexes = [
            # The log of an endpoint.
            models.Index(fields=["endpoint", "-created_at", "-id"], name="webhook_delivery_newest")
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.event_id}"
