"""Goods that come back."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from commerce.models.order import Order, OrderLine
from commerce.querysets import ReturnQuerySet


class Return(models.Model):
    """What a customer wants to send back, and what the shop made of it."""

    class Status(models.TextChoices):
        REQUESTED = "REQUESTED"
        APPROVED = "APPROVED"
        REJECTED = "REJECTED"
        RECEIVED = "RECEIVED"

    order = models.ForeignKey(Order, models.CASCADE, related_name="returns")
    status = models.CharField(max_length=10, choices=Status, default=Status.REQUESTED)
    reason = models.CharField(max_length=400, blank=True, help_text="The customer's words.")
    answer = models.CharField(max_length=400, blank=True, help_text="The shop's words.")
    is_restocked = models.BooleanField(
        default=False, help_text="Whether what was received went back into stock."
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = ReturnQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["REQUESTED", "APPROVED", "REJECTED", "RECEIVED"]),
                name="return_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(is_restocked=False) | models.Q(status="RECEIVED"),
                name="return_restocked_once_received",
            ),
        ]

    def __str__(self) -> str:
        return f"Return {self.pk}"


class ReturnLine(models.Model):
    """How many of an order's line come back."""

    # Not "return", which Python keeps for itself.
    order_return = models.ForeignKey(Return, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="return_lines")
    quantity = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order_return", "order_line"], name="return_line_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1), name="return_line_quantity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.order_line_id}"
