"""How many of each variant there are, as staff reads it."""

from __future__ import annotations

import graphene
from django.db.models import F

from catalog import models
from schema.compiler.mapping import ModelType, column, connection_type
from schema.enumeration import enumeration
from schema.node import Node, global_id


class Stock(ModelType):
    """How many of a variant there are."""

    class Meta:
        model = models.Stock

    on_hand = column(graphene.Int, "How many the shop has.")
    allocated = column(graphene.Int, "How many of them are promised to orders.")
    available = column(graphene.Int, "How many can be sold.", source=F("on_hand") - F("allocated"))


StockMovementKind = enumeration(
    "StockMovementKind",
    models.StockMovement.Kind,
    "Why stock changed.",
    {
        "RECEIVED": "A delivery came in.",
        "CORRECTION": "It was counted again.",
        "DAMAGED": "It can't be sold any more.",
        "IMPORTED": "A file said how many there are.",
        "SHIPPED": "It was sent to a customer.",
        "RETURNED": "A customer sent it back.",
    },
)


class StockMovement(ModelType):
    """One change of how many the shop has; all of a variant's sum up to what is on hand."""

    class Meta:
        model = models.StockMovement
        interfaces = (Node,)

    id = global_id()
    delta = column(graphene.Int, "How many came, or, below zero, went.")
    kind = column(StockMovementKind, "Why.")
    reference = column(graphene.String, "What caused it.")
    created_at = column(graphene.DateTime, "When.")


StockMovementConnection = connection_type(lambda: StockMovement, "StockMovement")
