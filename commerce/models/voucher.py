"""Codes that lower a price."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

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

    # How many of a customer's orders used it, where VoucherQuerySet.with_uses_by counted.
    uses_by_customer: int

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
            models.CheckConstraint(
                condition=models.Q(valid_until=None)
                | models.Q(valid_until__gt=models.F("valid_from")),
                name="voucher_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def objection(self, *, subtotal: Decimal, now: datetime) -> str | None:
        """Say why the voucher does not apply, in words for a customer; None where it does.

        The voucher must have been read by ``with_uses_by``.

        Args:
            subtotal: of the cart that wants to use it.
            now: the moment that its dates are compared with.
        """
        if now < self.valid_from:
            return f"{self.code} is not valid yet."
        if self.valid_until is not None and now >= self.valid_until:
            return f"{self.code} is no longer valid."
        if self.usage_limit is not None and self.used >= self.usage_limit:
            return f"{self.code} has been used up."
        if (
            self.usage_limit_per_customer is not None
            and self.uses_by_customer >= self.usage_limit_per_customer
        ):
            return f"You have used {self.code} already."
        if self.minimum_subtotal is not None and subtotal < self.minimum_subtotal:
            return f"{self.code} needs goods for at least {self.minimum_subtotal}."
        return None


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
