"""Rows of any model, made up: so that what is true of every model can be tested of every model."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models
from django.utils import timezone

_numbers = itertools.count(1)

# What constraints want of a field, by the model's label and the field's name.
PARTICULAR: dict[str, Callable[[int], Any]] = {
    "commerce.TaxRate.country": lambda n: chr(65 + n // 26 % 26) + chr(65 + n % 26),
    "commerce.TaxRate.rate": lambda n: Decimal("0.2"),
    "commerce.Voucher.code": lambda n: f"CODE{n}",
    "commerce.Voucher.value": lambda n: Decimal(1),
    # Of payments that wait, an order has one.
    "commerce.Payment.status": lambda n: "CAPTURED",
    "commerce.PaymentOperation.amount": lambda n: Decimal(1),
    "commerce.CartLine.quantity": lambda n: 1 + n % 9,
    "catalog.ProductOption.position": lambda n: n,
    "catalog.Variant.options": lambda n: {"n": str(n)},
    "catalog.Review.rating": lambda n: 1 + n % 5,
    "catalog.Media.url": lambda n: f"https://example.com/{n}.png",
    "users.Address.country": lambda n: "GB",
    "webhooks.WebhookEndpoint.event_types": lambda n: ["PING"],
    "webhooks.WebhookDelivery.event_id": lambda n: UUID(int=n),
}


def make_rows(model: type[models.Model], count: int, **given: Any) -> list[Any]:
    """So many rows that point to rows of their own, where they point to any.

    Args:
        given: values that all of them have.
    """
    columns = {
        field.name: _values(model, field, count)
        for field in model._meta.concrete_fields
        if field.name not in given and _is_wanted(model, field)
    }
    rows = [
        model(**given, **{name: values[position] for name, values in columns.items()})
        for position in range(count)
    ]
    return model._default_manager.bulk_create(rows)


def _is_wanted(model: type[models.Model], field: Any) -> bool:
    if f"{model._meta.label}.{field.name}" in PARTICULAR:
        return True
    if isinstance(field, models.ForeignKey):
        return field.related_model is not model
    return not (field.primary_key or field.has_default() or field.null)


def _values(model: type[models.Model], field: Any, count: int) -> list[Any]:
    if isinstance(field, models.ForeignKey):
        return make_rows(field.related_model, count)
    particular = PARTICULAR.get(f"{model._meta.label}.{field.name}")
    return [(particular or _value_of(field))(next(_numbers)) for _ in range(count)]


def _value_of(field: Any) -> Callable[[int], Any]:
    if field.choices:
        return lambda n: field.choices[0][0]
    match field:
        case models.EmailField():
            return lambda n: f"someone-{n}@example.com"
        case models.FileField():
            return lambda n: f"made-up/{n}.png"
        case models.CharField() | models.TextField():
            return lambda n: f"{field.name}-{n}"[-(field.max_length or 50) :]
        case models.DecimalField():
            return lambda n: Decimal(n % 100)
        case models.IntegerField():
            return lambda n: n
        case models.DateTimeField():
            return lambda n: timezone.now() + timedelta(minutes=10)
        case models.JSONField():
            return lambda n: {}
    raise NotImplementedError(f"No value is known for {field}.")
