"""A cart, its lines and the quote that its last change stored."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from catalog.models import Variant
from commerce.models.money import (
    contains_tax,
    currency_field,
    included_tax_field,
    money_field,
    totals_add_up,
)
from commerce.models.shipping import ShippingMethod
from commerce.models.voucher import Voucher
from commerce.querysets import CartQuerySet


def new_token() -> str:
    """An unguessable key, 192 random bits, safe in a URL."""
    return secrets.token_urlsafe(24)


def cart_expiry() -> datetime:
    """When a cart made now is forgotten."""
    return timezone.now() + timedelta(days=settings.CART_LIFETIME_DAYS)


class CheckoutRequirement(models.TextChoices):
    """What a cart must have before it can become an order."""

    LINES = "LINES"
    EMAIL = "EMAIL"
    SHIPPING_ADDRESS = "SHIPPING_ADDRESS"
    SHIPPING_METHOD = "SHIPPING_METHOD"


class Cart(models.Model):
    """What somebody is about to buy. Its token is a guest's key to it."""

    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="carts"
    )
    email = models.EmailField(blank=True)
    version = models.PositiveIntegerField(default=1)
    shipping_address = models.JSONField(
        null=True,
        blank=True,
        help_text="name, street, city, postal_code, country, phone; null where unknown.",
    )
    billing_address = models.JSONField(null=True, blank=True)
    shipping_method = models.ForeignKey(
        ShippingMethod, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=cart_expiry, db_index=True)

    objects = CartQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["user", "-updated_at"], name="cart_of_user")]

    def __str__(self) -> str:
        return f"Cart {self.pk}"


class CartLine(models.Model):
    """How many of a variant; its prices are those of the cart's quote."""

    cart = models.ForeignKey(Cart, models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="+")
    quantity = models.PositiveSmallIntegerField()
    unit_price = money_field()
    total = money_field()
    currency = currency_field()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cart", "variant"], name="cart_line_variant_unique"),
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1) & models.Q(quantity__lte=999),
                name="cart_line_quantity_1_to_999",
            ),
            models.CheckConstraint(
                condition=models.Q(total=models.F("unit_price") * models.F("quantity")),
                name="cart_line_total",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.variant_id}"


class CartVoucher(models.Model):
    """A voucher that a cart's quote took into account, and how much it took off."""

    cart = models.ForeignKey(Cart, models.CASCADE, related_name="vouchers")
    voucher = models.ForeignKey(Voucher, models.CASCADE, related_name="+")
    amount = money_field()
    currency = currency_field()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cart", "voucher"], name="cart_voucher_unique")
        ]

    def __str__(self) -> str:
        return f"{self.voucher_id} on cart {self.cart_id}"


class Quote(models.Model):
    """What the cart costs, as computed by its last change; read as stored."""

    cart = models.OneToOneField(Cart, models.CASCADE, primary_key=True, related_name="quote")
    currency = currency_field()
    subtotal = money_field()
    discount = money_field()
    shipping = money_field()
    tax = money_field(help_text="Added on top; zero where prices include it.")
    total = money_field()
    included_tax = included_tax_field()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [totals_add_up("quote_adds_up"), contains_tax("quote_contains_tax")]

    def __str__(self) -> str:
        return f"{self.total} {self.currency}"
