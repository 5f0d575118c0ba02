"""How the columns of an amount of money look, in one place."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models

from catalog.models import default_currency


def money_field(**options: Any) -> models.DecimalField:
    """A column for an amount of money, zero by default, with the currency's two digits."""
    return models.DecimalField(
        max_digits=12, decimal_places=2, **{"default": Decimal(0), **options}
    )


def currency_field() -> models.CharField:
    """A column for an ISO 4217 code."""
    return models.CharField(max_length=3, default=default_currency, editable=False)


def totals_add_up(name: str) -> models.CheckConstraint:
    """The constraint total = subtotal - discount + shipping + tax, no part below zero."""
    parts = ["subtotal", "discount", "shipping", "tax", "total"]
    condition = models.Q(
        total=models.F("subtotal") - models.F("discount") + models.F("shipping") + models.F("tax")
    )
    for part in parts:
        condition &= models.Q(**{f"{part}__gte": 0})
    return models.CheckConstraint(condition=condition, name=name)
