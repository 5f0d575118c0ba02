"""What clients may read of carts and orders."""

from __future__ import annotations

from collections.abc import Mapping

import graphene
from django.db.models import QuerySet

from commerce.filters import OrderFilterSet
from schema.commerce.inputs import OrderFilter
from schema.commerce.sorts import ORDER_SORTS, VOUCHER_SORTS, OrderSort
from schema.commerce.types.carts import Cart
from schema.commerce.types.orders import Order, OrderConnection
from schema.commerce.types.vouchers import Voucher, VoucherConnection
from schema.compiler.mapping import connection, one
from schema.compiler.slots import Slot
from users.permissions import AllowAny, HasPermission
from users.viewer import Viewer


def order_by_key(orders: QuerySet, given: Mapping[str, Slot | None], _: Viewer) -> QuerySet:
    """The order of a token or number; none where neither is given."""
    keys = {name: slot for name, slot in given.items() if slot is not None}
    return orders.filter(**keys) if keys else orders.none()


class CommerceQueries:
    """Root fields."""

    cart = one(
        Cart,
        "The cart that a token opens: a guest's, or the viewer's own.",
        rows=lambda carts, given, _: carts.filter(token=given["token"]),
        holds={"cart_token": ("token", lambda token: token)},
        permission=AllowAny(),
        token=graphene.ID(required=True, description="The cart's token."),
    )
    order = one(
        Order,
        "An order: by its token for whoever holds it, by its number for its owner and staff.",
        rows=order_by_key,
        holds={"order_token": ("token", lambda token: token)},
        permission=AllowAny(),
        token=graphene.ID(description="The order's token."),
        number=graphene.String(description="The order's number."),
    )
    orders = connection(
        OrderConnection,
        "All orders of the shop.",
        relation=None,
        sorts=ORDER_SORTS,
        filterset=OrderFilterSet,
        permission=HasPermission("commerce.view_order"),
        required=False,
        filter=OrderFilter(description="Which orders; all conditions must hold."),
        sort=OrderSort(description="In which order; by default NEWEST."),
    )
    voucher = one(
        Voucher,
        "The voucher with a code, in any case.",
        rows=lambda vouchers, given, _: vouchers.filter(code__iexact=given["code"]),
        permission=HasPermission("commerce.view_voucher"),
        code=graphene.String(required=True, description="What customers type."),
    )
    vouchers = connection(
        VoucherConnection,
        "All vouchers, the latest made first.",
        relation=None,
        sorts=VOUCHER_SORTS,
        permission=HasPermission("commerce.view_voucher"),
        required=False,
    )
