"""Orders and their histories, as clients read them."""

from __future__ import annotations

import graphene
from django.db.models import TextField, Value
from django.db.models.functions import Coalesce, Concat, NullIf, Trim

from commerce import models
from commerce.expressions import allowed_actions, shown_token
from commerce.states import OrderAction as OrderActionChoices
from schema.commerce.sorts import EVENT_SORTS
from schema.commerce.types.addresses import postal_address
from schema.commerce.types.amounts import Amounts, amounts
from schema.commerce.types.parcels import Fulfillment, OrderLine, Return
from schema.compiler.mapping import (
    ModelType,
    column,
    connection,
    connection_type,
    embedded,
    to_many,
    to_one,
)
from schema.enumeration import enumeration
from schema.money import money
from schema.node import Node, global_id

OrderStatus = enumeration(
    "OrderStatus",
    models.OrderStatus,
    "Where an order stands.",
    {
        "PENDING_PAYMENT": "Waits for its payment.",
        "CONFIRMED": "The shop will send it.",
        "PARTIALLY_FULFILLED": "A part was sent.",
        "FULFILLED": "All was sent.",
        "CANCELLED": "Nothing will be sent.",
        "EXPIRED": "It was not paid in time.",
    },
)

PaymentStatus = enumeration(
    "PaymentStatus",
    models.PaymentStatus,
    "Where an order's money stands.",
    {
        "PENDING": "Nothing was paid yet.",
        "AUTHORIZED": "The money is reserved.",
        "PAID": "The money has arrived.",
        "PARTIALLY_REFUNDED": "A part was given back.",
        "REFUNDED": "All was given back.",
        "FAILED": "The provider refused, or what was reserved is free again.",
    },
)

OrderAction = enumeration(
    "OrderAction",
    OrderActionChoices,
    "What somebody may do with an order.",
    {
        "CANCEL": "Call it off and give the stock back.",
        "CAPTURE": "Take or record its money.",
        "REFUND": "Give money back.",
        "FULFILL": "Send a parcel.",
        "DELIVER": "Record that a parcel has arrived.",
        "CANCEL_FULFILLMENT": "Undo a parcel that has not left.",
        "REQUEST_RETURN": "Ask to send something back.",
        "APPROVE_RETURN": "Agree to a return.",
        "REJECT_RETURN": "Decline a return, or close one that does not arrive.",
        "RECEIVE_RETURN": "Record that a return's goods have come back.",
    },
)

OrderEventKind = enumeration(
    "OrderEventKind",
    models.OrderEvent.Kind,
    "What happened to an order.",
    {
        "PLACED": "The customer placed it.",
        "CONFIRMED": "The shop accepted it.",
        "CANCELLED": "It was called off.",
        "EXPIRED": "It was not paid in time.",
        "FULFILLED": "A parcel was sent.",
        "DELIVERED": "A parcel has arrived.",
        "FULFILLMENT_CANCELLED": "A parcel did not leave after all.",
        "RETURN_REQUESTED": "The customer wants to send something back.",
        "RETURN_APPROVED": "The shop agreed to a return.",
        "RETURN_REJECTED": "The shop declined a return.",
        "RETURN_RECEIVED": "A return's goods have come back.",
        "PAYMENT_FAILED": "A payment was refused.",
        "PAYMENT_CAPTURED": "Money has arrived.",
        "PAYMENT_RELEASED": "Money that was reserved is free again.",
        "PAYMENT_REFUNDED": "Money was given back.",
        "REFUND_FAILED": "Money that was given back did not arrive.",
        "PAYMENT_LATE": "Money came that was no longer wanted; it is given back.",
    },
)


class Totals(Amounts):
    """What an order costs."""


class OrderEvent(ModelType):
    """One step of an order's history."""

    class Meta:
        model = models.OrderEvent

    sequence = column(graphene.Int, "Its place in the history, from 1.")
    kind = column(OrderEventKind, "What happened.")
    message = column(graphene.String, "What happened, in words.")
    created_at = column(graphene.DateTime, "When.")


class OrderNote(ModelType):
    """What staff wrote about an order for each other."""

    class Meta:
        model = models.OrderNote
        interfaces = (Node,)

    id = global_id()
    body = column(graphene.String, "Plain text.")
    author = column(
        graphene.String,
        "Who wrote it, by name or e-mail address; null once the account is gone.",
        source=Coalesce(
            NullIf(
                Trim(Concat("author__first_name", Value(" "), "author__last_name")),
                Value("", TextField()),
            ),
            "author__email",
            output_field=TextField(),
        ),
        required=False,
    )
    created_at = column(graphene.DateTime, "When it was written.")


OrderEventConnection = connection_type(lambda: OrderEvent, "OrderEvent")


class OrderUpdate(ModelType):
    """A step of an order's history, as it comes."""

    class Meta:
        model = models.OrderEvent

    sequence = column(graphene.Int, "Its place in the history; what to send as `after`.")
    kind = column(OrderEventKind, "What happened.")
    message = column(graphene.String, "What happened, in words.")
    created_at = column(graphene.DateTime, "When.")
    order = to_one(lambda: Order, "The order as it is now.", relation="order")


class Order(ModelType):
    """A completed checkout. Names, prices and addresses are those of that moment."""

    class Meta:
        model = models.Order
        interfaces = (Node,)

    id = global_id()
    number = column(graphene.String, "What customers and staff call it by.")
    token = column(
        graphene.ID,
        "A secret that opens the order, for guests; null for all but its owner and its holder.",
        source=shown_token,
        required=False,
    )
    status = column(OrderStatus, "Where it stands.")
    payment_status = column(PaymentStatus, "Where its money stands.")
    placed_at = column(graphene.DateTime, "When it was placed.")
    email = column(graphene.String, "Where its messages go.")
    lines = to_many(OrderLine, "What was bought.", relation="lines", order_by=("id",), part=True)
    total = money("total", "What is to be paid.")
    totals = embedded(
        Totals,
        "What it costs, part by part.",
        present=None,
        **amounts("", currency="currency"),
    )
    shipping_address = postal_address("shipping_address", "Where the goods go.", nullable=False)
    billing_address = postal_address(
        "billing_address", "Where the invoice goes; null: where the goods go."
    )
    shipping_method_name = column(graphene.String, "How the goods go there.")
    fulfillments = to_many(
        Fulfillment, "Its parcels.", relation="fulfillments", order_by=("id",), part=True
    )
    returns = to_many(
        Return, "What comes back of it.", relation="returns", order_by=("id",), part=True
    )
    events = connection(
        OrderEventConnection,
        "Its history, oldest first.",
        relation="events",
        sorts=EVENT_SORTS,
        part=True,
    )
    notes = to_many(
        OrderNote,
        "What staff wrote about it for each other, oldest first; empty for customers.",
        relation="notes",
        order_by=("id",),
    )
    allowed_actions = column(
        graphene.List(graphene.NonNull(OrderAction)),
        "What the viewer can do with it now.",
        source=allowed_actions,
    )


OrderConnection = connection_type(lambda: Order, "Order")
