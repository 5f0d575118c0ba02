"""What clients send about the catalogue."""

from __future__ import annotations

import graphene

from schema.scalars import Decimal


class DecimalRange(graphene.InputObjectType):
    """A range of amounts."""

    min = Decimal(description="The least, inclusive.")
    max = Decimal(description="The greatest, inclusive.")


class OptionFilter(graphene.InputObjectType):
    """Wanted values of one option."""

    name = graphene.String(required=True, description="The option, such as Size.")
    values = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        description="Any of these values, such as Small.",
    )


class ProductFilter(graphene.InputObjectType):
    """Which products; price, stock and options must hold for one and the same variant."""

    category = graphene.String(description="The slug of their category.")
    include_descendants = graphene.Boolean(
        description="Whether the categories below that one count too."
    )
    collection = graphene.String(description="The slug of a collection that they are in.")
    price = DecimalRange(description="What a variant costs.")
    in_stock = graphene.Boolean(description="Whether a variant can be bought now.")
    vendor = graphene.List(graphene.NonNull(graphene.String), description="Any of these vendors.")
    tags = graphene.List(graphene.NonNull(graphene.String), description="Any of these tags.")
    options = graphene.List(
        graphene.NonNull(OptionFilter), description="Option values of a variant."
    )
    ids = graphene.List(graphene.NonNull(graphene.ID), description="Any of these products.")
    created_after = graphene.DateTime(description="Entered later than this.")
    is_published = graphene.Boolean(description="Whether customers can find them.")
