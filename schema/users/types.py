"""Accounts and what belongs to them, as clients read it."""

from __future__ import annotations

import graphene
from django.contrib.auth.models import Group
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Case, OuterRef, Q, QuerySet, Value, When

from schema.commerce.sorts import ORDER_SORTS
from schema.commerce.types.carts import Cart
from schema.commerce.types.orders import Order, OrderConnection
from schema.compiler.mapping import (
    ModelType,
    ReadField,
    column,
    connection,
    connection_type,
    one_of,
    to_many,
    to_one,
)
from schema.compiler.readings import CountOf, Sort
from schema.enumeration import enumeration
from schema.node import Node, global_id
from users import models
from users.viewer import Viewer

_NEWEST = {"NEWEST": Sort(("created_at", "id"), ("timestamptz", "bigint"), descending=True)}


class Address(ModelType):
    """A postal address that a customer keeps."""

    class Meta:
        model = models.Address
        interfaces = (Node,)

    id = global_id()
    name = column(graphene.String, "Who receives what is sent there.")
    street = column(graphene.String, "Street and house number.")
    city = column(graphene.String, "Town.")
    postal_code = column(graphene.String, "Empty where the country has none.")
    country = column(graphene.String, "ISO 3166-1 alpha-2, such as GB.")
    phone = column(graphene.String, "For the carrier; may be empty.")
    is_default_shipping = column(graphene.Boolean, "Whether orders go there by default.")
    is_default_billing = column(graphene.Boolean, "Whether invoices go there by default.")


class Message(ModelType):
    """A message between a customer and the shop's staff."""

    class Meta:
        model = models.Message
        interfaces = (Node,)

    id = global_id()
    body = column(graphene.String, "Its text.")
    is_mine = column(
        graphene.Boolean,
        "Whether the viewer wrote it.",
        source=lambda viewer: Case(
            When(sender_id=viewer.user_id, then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        ),
    )
    order = to_one(lambda: Order, "The order that it is about, if any.", relation="order")
    created_at = column(graphene.DateTime, "When it was sent.")


NotificationKind = enumeration(
    "NotificationKind",
    models.Notification.Kind,
    "What a notification tells of.",
    {
        "MESSAGE_RECEIVED": "Somebody wrote a message.",
        "ORDER_CONFIRMED": "An order was placed.",
        "ORDER_SHIPPED": "A parcel is on its way.",
    },
)


class Notification(ModelType):
    """Something that a user should see."""

    class Meta:
        model = models.Notification
        interfaces = (Node,)

    id = global_id()
    kind = column(NotificationKind, "What it tells of.")
    title = column(graphene.String, "In one line.")
    body = column(graphene.String, "The rest; may be empty.")
    read_at = column(graphene.DateTime, "When it was marked read; null before.", required=False)
    created_at = column(graphene.DateTime, "When it was made.")


class NotificationUpdate(ModelType):
    """A notification, as it comes."""

    class Meta:
        model = models.Notification

    sequence = column(graphene.Int, "Counts the account's notifications; what to send as `after`.")
    notification = one_of(
        lambda: Notification, "The notification.", rows=lambda rows: rows.filter(pk=OuterRef("pk"))
    )


MessageConnection = connection_type(lambda: Message, "Message")
NotificationConnection = connection_type(
    lambda: Notification,
    "Notification",
    unread_count=ReadField(
        graphene.Int,
        read=CountOf(lambda rows: rows.unread()),
        required=True,
        description="How many are not yet marked read.",
    ),
)


def of_user(messages: QuerySet, viewer: Viewer) -> QuerySet:
    """Those that the user around them sent or received."""
    return messages.filter(Q(sender_id=OuterRef("pk")) | Q(recipient_id=OuterRef("pk")))


class User(ModelType):
    """An account."""

    class Meta:
        model = models.User
        interfaces = (Node,)

    id = global_id()
    email = column(graphene.String, "The address that it logs in with.")
    first_name = column(graphene.String, "May be empty.")
    last_name = column(graphene.String, "May be empty.")
    is_email_verified = column(graphene.Boolean, "Whether the address was shown to be theirs.")
    roles = column(
        graphene.List(graphene.NonNull(graphene.String)),
        "Names of the roles that it has in the shop; empty for customers.",
        source=ArraySubquery(
            Group.objects.filter(user=OuterRef("pk")).order_by("name").values("name")
        ),
    )
    addresses = to_many(
        Address, "The addresses that it keeps.", relation="addresses", order_by=("id",)
    )
    cart = one_of(
        lambda: Cart,
        "The cart that it filled last and has not ordered; null without one.",
        rows=lambda carts: (
            carts.filter(user_id=OuterRef("pk")).open().order_by("-updated_at", "-id")
        ),
    )
    orders = connection(
        lambda: OrderConnection,
        "Its orders, newest first.",
        relation="orders",
        sorts=ORDER_SORTS,
    )
    notifications = connection(
        NotificationConnection,
        "What it should see, newest first.",
        relation="notifications",
        sorts=_NEWEST,
    )
    messages = connection(
        MessageConnection,
        "What it sent and received, newest first.",
        relation=None,
        rows=of_user,
        sorts=_NEWEST,
    )
