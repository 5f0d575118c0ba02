"""What was bought, the parcels that it leaves in and the returns that it comes back by."""

from __future__ import annotations

import graphene

from commerce import models
from schema.catalog.types.products import Variant
from schema.compiler.mapping import ModelType, column, to_many, to_one
from schema.enumeration import enumeration
from schema.money import money
from schema.node import Node, global_id

FulfillmentStatus = enumeration(
    "FulfillmentStatus",
    models.Fulfillment.Status,
    "Where a parcel is.",
    {
        "SHIPPED": "On its way.",
        "DELIVERED": "With the customer.",
        "CANCELLED": "It did not leave after all.",
    },
)

ReturnStatus = enumeration(
    "ReturnStatus",
    models.Return.Status,
    "Where a return stands.",
    {
        "REQUESTED": "The shop has not yet decided.",
        "APPROVED": "The goods may come back.",
        "REJECTED": "The goods stay with the customer.",
        "RECEIVED": "The goods have come back.",
    },
)


class OrderLine(ModelType):
    """One bought variant, as it was then."""

    class Meta:
        model = models.OrderLine

    id = global_id()
    name = column(graphene.String, "Product and variant, as they were called.")
    sku = column(graphene.String, "The shop's own number, if it had one.", required=False)
    quantity = column(graphene.Int, "How many.")
    fulfilled = column(graphene.Int, "How many of them were sent.")
    returning = column(
        graphene.Int, "How many of those the customer wants to send back and the shop waits for."
    )
    returned = column(graphene.Int, "How many of those have come back.")
    unit_price = money("unit_price", "What one cost.")
    total = money("total", "What the line cost, before vouchers.")
    variant = to_one(
        Variant, "What was bought, as it is now; null once deleted.", relation="variant", part=True
    )


class FulfillmentLine(ModelType):
    """How many of an order's line are in a parcel."""

    class Meta:
        model = models.FulfillmentLine

    order_line = to_one(
        OrderLine, "The order's line.", relation="order_line", part=True, required=True
    )
    quantity = column(graphene.Int, "How many of it.")


class Fulfillment(ModelType):
    """A parcel."""

    class Meta:
        model = models.Fulfillment
        interfaces = (Node,)

    id = global_id()
    tracking_number = column(graphene.String, "The carrier's number; may be empty.")
    status = column(FulfillmentStatus, "Where it is.")
    lines = to_many(
        FulfillmentLine, "What is in it.", relation="lines", order_by=("id",), part=True
    )


class ReturnLine(ModelType):
    """How many of an order's line come back."""

    class Meta:
        model = models.ReturnLine

    order_line = to_one(
        OrderLine, "The order's line.", relation="order_line", part=True, required=True
    )
    quantity = column(graphene.Int, "How many of it.")


class Return(ModelType):
    """Goods that a customer sends back."""

    class Meta:
        model = models.Return
        interfaces = (Node,)

    id = global_id()
    status = column(ReturnStatus, "Where it stands.")
    reason = column(graphene.String, "The customer's words; may be empty.")
    answer = column(graphene.String, "The shop's words; may be empty.")
    created_at = column(graphene.DateTime, "When it was asked for.")
    lines = to_many(ReturnLine, "What is in it.", relation="lines", order_by=("id",), part=True)
