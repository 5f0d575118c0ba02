"""The schema, composed of the domains' parts."""

from __future__ import annotations

import graphene

from schema.catalog.import_mutations import ImportMutations
from schema.catalog.mutations import CatalogMutations
from schema.catalog.queries import CatalogQueries
from schema.catalog.subscriptions import CatalogSubscriptions
from schema.commerce.mutations import CommerceMutations
from schema.commerce.order_mutations import OrderMutations
from schema.commerce.payment_mutations import PaymentMutations
from schema.commerce.queries import CommerceQueries
from schema.commerce.subscriptions import CommerceSubscriptions
from schema.commerce.voucher_mutations import VoucherMutations
from schema.compiler.mapping import ReadField
from schema.compiler.readings import NodeById, NodesById
from schema.node import Node
from schema.tasks.mutations import TaskMutations
from schema.tasks.queries import TaskQueries
from schema.tasks.subscriptions import TaskSubscriptions
from schema.users.mutations import UserMutations
from schema.users.queries import UserQueries
from schema.users.subscriptions import UserSubscriptions
from schema.webhooks.mutations import WebhookMutations
from schema.webhooks.queries import WebhookQueries
from users.permissions import AllowAny


class Query(
    CatalogQueries,
    CommerceQueries,
    UserQueries,
    WebhookQueries,
    TaskQueries,
    graphene.ObjectType,
):
    """What can be read."""

    node = ReadField(
        Node,
        read=NodeById("id"),
        permission=AllowAny(),
        description="Whatever has this id; null where it is unknown or not the viewer's to see.",
        id=graphene.ID(required=True, description="An opaque id."),
    )
    nodes = ReadField(
        lambda: graphene.List(Node),
        read=NodesById("ids"),
        permission=AllowAny(),
        required=True,
        description="Whatever has these ids, in their order; null for each that `node` would not "
        "find.",
        ids=graphene.List(
            graphene.NonNull(graphene.ID), required=True, description="Opaque ids, at most 100."
        ),
    )


class Mutation(
    CatalogMutations,
    ImportMutations,
    CommerceMutations,
    OrderMutations,
    PaymentMutations,
    VoucherMutations,
    UserMutations,
    WebhookMutations,
    TaskMutations,
    graphene.ObjectType,
):
    """What can be changed."""


class Subscription(
    CatalogSubscriptions,
    CommerceSubscriptions,
    UserSubscriptions,
    TaskSubscriptions,
    graphene.ObjectType,
):
    """What can be watched: over Server-Sent Events, or a WebSocket."""


schema = graphene.Schema(query=Query, mutation=Mutation, subscription=Subscription)
