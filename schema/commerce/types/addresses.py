"""Postal addresses, as carts and orders show them."""

from __future__ import annotations

import graphene
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform

from schema.compiler.mapping import ReadField, embedded


class PostalAddress(graphene.ObjectType):
    """Where something is sent, as it was given."""

    name = graphene.String(required=True, description="Who receives it.")
    street = graphene.String(required=True, description="Street and house number.")
    city = graphene.String(required=True, description="Town.")
    postal_code = graphene.String(description="Empty where the country has none.")
    country = graphene.String(required=True, description="ISO 3166-1 alpha-2, such as GB.")
    phone = graphene.String(description="For the carrier; may be empty.")


def postal_address(name: str, description: str, *, nullable: bool = True) -> ReadField:
    """A field for the address that a JSON column holds."""
    parts = ("name", "street", "city", "postal_code", "country", "phone")
    return embedded(
        PostalAddress,
        description,
        present=Q(**{f"{name}__isnull": False}) if nullable else None,
        **{part: KeyTextTransform(part, name) for part in parts},
    )
