"""Where the shop sends to, how and for how much; what tax a country takes."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from catalog.money import refuse_too_fine
from commerce.models.money import currency_field, money_field
from commerce.querysets import ShippingMethodQuerySet


class ShippingZone(models.Model):
    """Countries that share shipping methods."""

    name = models.CharField(max_length=100, unique=True)
    countries = ArrayField(models.CharField(max_length=2), default=list)

    class Meta:
        indexes = [GinIndex(fields=["countries"], name="zone_countries")]

    def __str__(self) -> str:
        return self.name


class ShippingMethod(models.Model):
    """A way to send an order to a zone, at a price."""

    zone = models.ForeignKey(ShippingZone, models.CASCADE, related_name="methods")
    name = models.CharField(max_length=100)
    price = money_field(validators=[refuse_too_fine])
    currency = currency_field()
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = ShippingMethodQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["zone", "name"], name="shipping_method_name_unique"),
            models.CheckConstraint(
                condition=models.Q(price__gte=0), name="shipping_price_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TaxRate(models.Model):
    """The value added tax of a country, as a fraction (0.2 is 20 percent)."""

    country = models.CharField(max_length=2, unique=True, help_text="ISO 3166-1 alpha-2.")
    rate = models.DecimalField(max_digits=5, decimal_places=4)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rate__gte=0) & models.Q(rate__lt=1), name="tax_rate_fraction"
            )
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.rate}"
