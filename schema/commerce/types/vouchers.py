"""Vouchers, as staff reads them."""

from __future__ import annotations

import graphene

from commerce import models
from schema.compiler.mapping import ModelType, column, connection_type
from schema.enumeration import enumeration
from schema.node import Node, global_id
from schema.scalars import Decimal

VoucherKind = enumeration(
    "VoucherKind",
    models.Voucher.Kind,
    "What a voucher takes off.",
    {
        "PERCENTAGE": "A part of the goods' price.",
        "FIXED": "An amount, at most the goods' price.",
        "FREE_SHIPPING": "What the shipping costs.",
    },
)


class Voucher(ModelType):
    """A code that lowers a price, as staff sees it."""

    class Meta:
        model = models.Voucher
        interfaces = (Node,)

    id = global_id()
    code = column(graphene.String, "What customers type, in any case.")
    kind = column(VoucherKind, "What it takes off.")
    value = column(Decimal, "Percent or an amount, by kind; 0 for free shipping.")
    minimum_subtotal = column(
        Decimal, "What the goods must cost at least; null for any.", required=False
    )
    usage_limit = column(graphene.Int, "In how many orders it may be used.", required=False)
    usage_limit_per_customer = column(
        graphene.Int, "In how many orders of one account or e-mail address.", required=False
    )
    used = column(graphene.Int, "In how many orders it was used.")
    valid_from = column(graphene.DateTime, "When it begins.")
    valid_until = column(graphene.DateTime, "When it ends; null for never.", required=False)


VoucherConnection = connection_type(lambda: Voucher, "Voucher")
