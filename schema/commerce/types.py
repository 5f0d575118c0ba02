"""Carts and orders, as clients read them."""

from __future__ import annotations

import graphene
from django.db.models import OuterRef, Q, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Concat, NullIf, Trim

from commerce import models
from commerce.expressions import allowed_actions, requirements, shown_token
from commerce.states import OrderAction as OrderActionChoices
from schema.catalog.types import Variant
from schema.commerce.sorts import EVENT_SORTS
from schema.compiler.mapping import (
    ModelType,
    ReadField,
    column,
    connection,
    connection_type,
    embedded,
    to_many,
    to_one,
)
from schema.compiler.readings import Embedded
from schema.enumeration import enumeration
from schema.money import Money, money
from schema.node import Node, global_id
from schema.scalars import Decimal

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
        "FAILED": "The provider refused.",
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
        "REJECT_RETURN": "Decline a return.",
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
        graphene.Int, "In how many orders of one e-mail address.", required=False
    )
    used = column(graphene.Int, "In how many orders it was used.")
    valid_from = column(graphene.DateTime, "When it begins.")
    valid_until = column(graphene.DateTime, "When it ends; null for never.", required=False)


VoucherConnection = connection_type(lambda: Voucher, "Voucher")


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


class Quote(Amounts):
    """What a cart costs, as its last change computed it."""

    expires_at = graphene.DateTime(
        required=True, description="Until when the shop keeps to it; any change renews it."
    )


class Totals(Amounts):
    """What an order costs."""


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
