"""Carts, as clients read them."""

from __future__ import annotations

import graphene
from django.db.models import OuterRef, Q, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import NullIf

from commerce import models
from commerce.expressions import requirements
from schema.catalog.types.products import Variant
from schema.commerce.types.addresses import postal_address
from schema.commerce.types.amounts import Amounts, amounts
from schema.compiler.mapping import ModelType, column, embedded, to_many, to_one
from schema.enumeration import enumeration
from schema.money import money
from schema.node import Node, global_id

CheckoutRequirement = enumeration(
    "CheckoutRequirement",
    models.CheckoutRequirement,
    "What a cart must have before checkout.",
    {
        "LINES": "Something to buy.",
        "EMAIL": "Where the confirmation goes.",
        "SHIPPING_ADDRESS": "Where the goods go.",
        "SHIPPING_METHOD": "How they go there.",
    },
)


class ShippingMethod(ModelType):
    """A way to send an order."""

    class Meta:
        model = models.ShippingMethod
        interfaces = (Node,)

    id = global_id()
    name = column(graphene.String, "As customers read it.")
    price = money("price", "What it costs, before vouchers.")


class CartLine(ModelType):
    """How many of a variant are in a cart."""

    class Meta:
        model = models.CartLine

    id = global_id()
    quantity = column(graphene.Int, "From 1 to 999.")
    variant = to_one(Variant, "What is to be bought.", relation="variant", part=True, required=True)
    unit_price = money("unit_price", "What one costs, by the cart's quote.")
    total = money("total", "What the line costs, before vouchers.")


class CartVoucher(ModelType):
    """A voucher that lowers a cart's price."""

    class Meta:
        model = models.CartVoucher

    code = column(graphene.String, "As the shop spells it.", source="voucher__code")
    amount = money("amount", "What it takes off.")


class Quote(Amounts):
    """What a cart costs, as its last change computed it."""

    expires_at = graphene.DateTime(
        required=True, description="Until when the shop keeps to it; any change renews it."
    )


class Cart(ModelType):
    """What somebody is about to buy. A guest's key to it is its token."""

    class Meta:
        model = models.Cart
        interfaces = (Node,)

    id = global_id()
    token = column(graphene.ID, "A secret that opens the cart; keep it in the client.")
    version = column(graphene.Int, "Grows by each change; send it as `expectedVersion`.")
    email = column(
        graphene.String,
        "Where the confirmation goes; null where not yet known.",
        source=NullIf("email", Value("", TextField())),
        required=False,
    )
    lines = to_many(
        CartLine, "What is to be bought.", relation="lines", order_by=("id",), part=True
    )
    shipping_address = postal_address("shipping_address", "Where the goods go.")
    billing_address = postal_address(
        "billing_address", "Where the invoice goes; null: where the goods go."
    )
    shipping_methods = to_many(
        ShippingMethod,
        "The ways in which the shop sends to the shipping address; empty without one.",
        relation=None,
        order_by=("position", "id"),
        rows=lambda methods: methods.for_country(
            KeyTextTransform("country", OuterRef("shipping_address"))
        ),
    )
    shipping_method = to_one(ShippingMethod, "The chosen way.", relation="shipping_method")
    vouchers = to_many(
        CartVoucher,
        "The vouchers that apply.",
        relation="vouchers",
        order_by=("id",),
        part=True,
    )
    quote = embedded(
        Quote,
        "What it costs; null before anything is in it.",
        present=Q(quote__isnull=False),
        **amounts("quote__", currency="quote__currency"),
        expires_at="quote__expires_at",
    )
    requirements = column(
        graphene.List(graphene.NonNull(CheckoutRequirement)),
        "What is still missing before checkout.",
        source=requirements(),
    )
