"""Codes that lower a price."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone

from commerce.models.money import money_field
from commerce.querysets import VoucherQuerySet


class Voucher(models.Model):
    """A code that customers type to pay less."""

    class Kind(models.TextChoices):
        PERCENTAGE = "PERCENTAGE"
        FIXED = "FIXED"
        FREE_SHIPPING = "FREE_SHIPPING"

    code = models.CharField(max_length=50)
    kind = models.CharField(max_length=15, choices=Kind)
    value = money_field(help_text="Percent or amount, by kind.")
    minimum_subtotal = money_field(null=True, blank=True, default=None)
    usage_limit = models.PositiveIntegerField(null=True, blank=True)
    usage_limit_per_customer = models.PositiveIntegerField(null=True, blank=True)
    used = models.PositiveIntegerField(default=0, editable=False)
    valid_from = models.DateTimeField(default=timezone.now)
    valid_until = models.DateTimeField(null=True, blank=True)

    objects = VoucherQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Upper("code"), name="voucher_code_unique"),
            models.CheckConstraint(
                condition=models.Q(usage_limit=None) | models.Q(used__lte=models.F("usage_limit")),
                name="voucher_within_limit",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="PERCENTAGE") | models.Q(value__lte=100),
                name="voucher_percentage",
            ),
            models.CheckConstraint(
                condition=models.Q(value__gte=0), name="voucher_value_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class VoucherRedemption(models.Model):
    """That an order used a voucher."""

    voucher = models.ForeignKey(Voucher, models.PROTECT, related_name="redemptions")
    order = models.ForeignKey("commerce.Order", models.CASCADE, related_name="redemptions")
    email = models.EmailField()
    amount = money_field()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["voucher", "order"], name="voucher_once_per_order")
        ]

    def __str__(self) -> str:
        return f"{self.voucher_id} in order {self.order_id}"
