"""Parcels of orders."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from commerce.models.order import Order, OrderLine
from commerce.querysets import FulfillmentQuerySet


class Fulfillment(models.Model):
    """A parcel of an order. One that was cancelled never left; its goods are in stock again."""

    class Status(models.TextChoices):
        SHIPPED = "SHIPPED"
        DELIVERED = "DELIVERED"
        CANCELLED = "CANCELLED"

    order = models.ForeignKey(Order, models.CASCADE, related_name="fulfillments")
    tracking_number = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.SHIPPED)
    created_at = models.DateTimeField(default=timezone.now)

    objects = FulfillmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["SHIPPED", "DELIVERED", "CANCELLED"]),
                name="fulfillment_status_known",
            )
        ]

    def __str__(self) -> str:
        return self.tracking_number or f"Fulfillment {self.pk}"


class FulfillmentLine(models.Model):
    """How many of an order's line went into a parcel."""

    fulfillment = models.ForeignKey(Fulfillment, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="fulfillment_lines")
    quantity = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["fulfillment", "order_line"], name="fulfillment_line_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1), name="fulfillment_line_quantity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.order_line_id}"
