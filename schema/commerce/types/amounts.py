"""What carts and orders cost, part by part."""

from __future__ import annotations

import graphene

from schema.compiler.readings import Embedded
from schema.money import Money


class Amounts(graphene.ObjectType):
    """What something costs, part by part."""

    class Meta:
        abstract = True

    subtotal = graphene.Field(Money, required=True, description="All lines together.")
    discount = graphene.Field(Money, required=True, description="What vouchers take off.")
    shipping = graphene.Field(Money, required=True, description="What sending costs.")
    tax = graphene.Field(
        Money, required=True, description="Tax on top; zero where prices include it."
    )
    total = graphene.Field(Money, required=True, description="What is to be paid.")
    included_tax = graphene.Field(
        Money,
        required=True,
        description="Tax that the total contains; zero where it comes on top.",
    )


def amounts(path: str, currency: str) -> dict[str, Embedded]:
    """The sources of ``Amounts``: columns of these names behind ``path``."""
    parts = ("subtotal", "discount", "shipping", "tax", "total", "included_tax")
    return {part: Embedded({"amount": f"{path}{part}", "currency": currency}) for part in parts}
