"""What clients may watch of orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from commerce import models
from schema.commerce.types.orders import OrderUpdate
from schema.live.fields import Live, Stream, live
from users.permissions import AllowAny
from users.viewer import Viewer


def _order(viewer: Viewer, given: Mapping[str, Any]) -> int | None:
    orders = models.Order.objects.visible_to(viewer).filter(token=given["token"])
    return orders.values_list("pk", flat=True).first()


class CommerceSubscriptions:
    """Root fields."""

    order_updated = live(
        OrderUpdate,
        "What happens to an order.",
        read=Live(
            stream=Stream(models.OrderEvent, key="order_id", sequence="sequence"),
            find=_order,
            presents=lambda given: {"order_token": given["token"]},
        ),
        permission=AllowAny(),
        token=graphene.ID(required=True, description="The order's token."),
    )
