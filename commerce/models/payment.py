"""What was asked of a payment provider and what came of it."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from commerce.models.money import currency_field, money_field
from commerce.models.order import Order
from commerce.querysets import PaymentQuerySet


class Payment(models.Model):
    """One payment of an order with one provider.

    An amount in ``capturing`` or ``refunding`` is promised to a `PaymentOperation` that the
    provider has not answered yet, so that nobody else can promise it again.
    """

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
    capturing = money_field()
    refunded = money_field()
    refunding = money_field()
    data = models.JSONField(
        default=dict,
        blank=True,
        editable=False,
        help_text="What the provider kept of what the client sent; never a card's number.",
    )
    is_superseded = models.BooleanField(
        default=False,
        editable=False,
        help_text="Whether the order was paid by another payment, so that this one is given back.",
    )
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
            models.UniqueConstraint(
                fields=["order"],
                condition=models.Q(status="PENDING"),
                name="payment_one_pending_per_order",
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gte=models.F("authorized"))
                & models.Q(authorized__gte=models.F("captured") + models.F("capturing"))
                & models.Q(captured__gte=models.F("refunded") + models.F("refunding"))
                & models.Q(capturing__gte=0, refunded__gte=0, refunding__gte=0),
                name="payment_amounts_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.amount} {self.currency}"


class PaymentOperation(models.Model):
    """One capture or refund: asked for, and answered by the provider once."""

    class Kind(models.TextChoices):
        CAPTURE = "CAPTURE"
        REFUND = "REFUND"

    class Status(models.TextChoices):
        PENDING = "PENDING"
        SUCCEEDED = "SUCCEEDED"
        FAILED = "FAILED"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    payment = models.ForeignKey(Payment, models.CASCADE, related_name="operations")
    kind = models.CharField(max_length=7, choices=Kind)
    amount = money_field()
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    provider_ref = models.CharField(max_length=200, null=True, blank=True)
    reason = models.CharField(max_length=400, blank=True, help_text="Why it was asked for.")
    failure = models.CharField(max_length=200, blank=True, help_text="Why it was refused.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "kind", "provider_ref"], name="payment_operation_ref_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0), name="payment_operation_of_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class PaymentEvent(models.Model):
    """That a provider has told something; it may tell it again, which then changes nothing."""

    provider = models.CharField(max_length=30)
    external_id = models.CharField(max_length=200, help_text="The provider's id of the event.")
    kind = models.CharField(max_length=100)
    payment = models.ForeignKey(Payment, models.CASCADE, related_name="events")
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "external_id"], name="payment_event_once")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind}"
