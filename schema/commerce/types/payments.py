"""Payments, as those who pay read them."""

from __future__ import annotations

import graphene
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform

from commerce import models
from schema.compiler.mapping import ModelType, column, embedded
from schema.enumeration import enumeration
from schema.money import money
from schema.node import global_id

PaymentState = enumeration(
    "PaymentState",
    models.Payment.Status,
    "Where one payment stands.",
    {
        "PENDING": "Nothing was paid yet.",
        "AUTHORIZED": "The money is reserved.",
        "CAPTURED": "The money has arrived.",
        "FAILED": "The provider refused.",
        "CANCELLED": "It was called off.",
    },
)


class NextAction(graphene.ObjectType):
    """What the client must do before a payment can go on."""

    kind = graphene.String(required=True, description="REDIRECT or a provider's own word.")
    client_secret = graphene.String(description="For the provider's own library.")
    redirect_url = graphene.String(description="Where to send the customer.")


class Payment(ModelType):
    """One payment of an order."""

    class Meta:
        model = models.Payment

    id = global_id("public_id")
    status = column(PaymentState, "Where it stands.")
    amount = money("amount", "What is to be paid.")
    next_action = embedded(
        NextAction,
        "What the client must do now; null for nothing.",
        present=Q(next_action__isnull=False),
        **{
            part: KeyTextTransform(part, "next_action")
            for part in ("kind", "client_secret", "redirect_url")
        },
    )
