"""What was asked of a payment provider and what came of it."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from commerce.models.money import currency_field, money_field
from commerce.models.order import Order
from commerce.querysets import PaymentQuerySet


class Payment(models.Model):
    """One payment of an order with one provider."""

    class Status(models.TextChoices):
        PENDING = "PENDING"
        AUTHORIZED = "AUTHORIZED"
        CAPTURED = "CAPTURED"
        FAILED = "FAILED"
        CANCELLED = "CANCELLED"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="payments")
    provider = models.CharField(max_length=30)
    provider_ref = models.CharField(max_length=200, null=True, blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    currency = currency_field()
    amount = money_field()
    authorized = money_field()
    captured = money_field()
    refunded = money_field()
    next_action = models.JSONField(
        null=True, blank=True, help_text="kind, client_secret, redirect_url: the client's turn."
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "provider_ref"], name="payment_provider_ref_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(authorized__gte=models.F("captured"))
                & models.Q(captured__gte=models.F("refunded"))
                & models.Q(refunded__gte=0),
                name="payment_amounts_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.amount} {self.currency}"
