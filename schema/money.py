"""Amounts of money in the API."""

from __future__ import annotations

from typing import Any

import graphene

from schema.compiler.mapping import ReadField, embedded
from schema.scalars import Decimal


class Money(graphene.ObjectType):
    """An amount in a currency."""

    amount = Decimal(required=True, description='A decimal as text, such as "9.90".')
    currency = graphene.String(required=True, description="An ISO 4217 code, such as EUR.")


def money(
    amount: Any, description: str, *, currency: Any = "currency", **options: Any
) -> ReadField:
    """A field for an amount, read from two columns of the row."""
    return embedded(Money, description, amount=amount, currency=currency, **options)
