"""Who sees endpoints and deliveries, and how a delivery stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db.models import Case, CharField, DateTimeField, F, QuerySet, Value, When

if TYPE_CHECKING:
    from users.viewer import Viewer


def delivery_status() -> Case:
    """A delivery's status, of its job's."""
    return Case(
        When(job__status="SUCCEEDED", then=Value("DELIVERED")),
        When(job__status__in=["FAILED", "DEAD"], then=Value("FAILED")),
        default=Value("PENDING"),
        output_field=CharField(),
    )


def next_attempt() -> Case:
    """When a delivery that waits is tried; null where it waits no more, or is on its way."""
    return Case(
        When(job__status="PENDING", then=F("job__not_before")), output_field=DateTimeField()
    )


class WebhookEndpointQuerySet(QuerySet):
    """Integrators' endpoints."""

    def visible_to(self, viewer: Viewer) -> Self:
        """All for who may view endpoints; none for anybody else."""
        return self if viewer.may("webhooks.view_webhookendpoint") else self.none()


class WebhookDeliveryQuerySet(QuerySet):
    """What was sent, or is to be."""

    def visible_to(self, viewer: Viewer) -> Self:
        """All for who may view deliveries; none for anybody else."""
        return self if viewer.may("webhooks.view_webhookdelivery") else self.none()

    def with_status(self, statuses: Any) -> Self:
        """Those in one of ``statuses``."""
        return self.alias(status=delivery_status()).filter(status__in=statuses)

    def of_type(self, event_types: Any) -> Self:
        """Those of one of several types of events."""
        return self.filter(event_type__in=event_types)
