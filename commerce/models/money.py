"""How the columns of an amount of money look, in one place."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models

from catalog.models import default_currency
from catalog.money import STORED_DIGITS


def money_field(**options: Any) -> models.DecimalField:
    """A column for an amount of money, zero by default, exact to the currency's digits."""
    return models.DecimalField(
        max_digits=12, decimal_places=STORED_DIGITS, **{"default": Decimal(0), **options}
    )


def included_tax_field() -> models.DecimalField:
    """A column for the tax that a total contains."""
    return money_field(help_text="Tax that the total contains; zero where it comes on top.")


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


def contains_tax(name: str) -> models.CheckConstraint:
    """The constraint that a total contains its included tax, which is none where tax is on top."""
    condition = models.Q(included_tax__gte=0) & models.Q(included_tax__lte=models.F("total"))
    return models.CheckConstraint(
        condition=condition & (models.Q(tax=0) | models.Q(included_tax=0)), name=name
    )
