"""Orders over REST: doors to the same services, filters and rules as GraphQL's."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import ReadOnlyModelViewSet

from commerce.expressions import allowed_actions, shown_token
from commerce.filters import OrderFilterSet
from commerce.models import Order
from commerce.serializers import (
    CancellationSerializer,
    CheckoutResultSerializer,
    CheckoutSerializer,
    OrderSerializer,
)
from commerce.services.checkout import complete_checkout
from commerce.services.orders import cancel_order
from users.permissions import AllowAny, IsAuthenticated
from users.rest import RulesByAction, viewer_for_request
from users.validation import validated
from users.viewer import Viewer

_ORDER_TOKEN = OpenApiParameter(
    "Order-Token", location=OpenApiParameter.HEADER, description="Opens the order to a guest."
)
_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    required=True,
    description="A random text of the client's; the same again buys once.",
)


@extend_schema_view(
    list=extend_schema(
        summary="List orders", description="One's own; all for staff who may view orders."
    ),
    retrieve=extend_schema(summary="Read an order", parameters=[_ORDER_TOKEN]),
)
class OrderViewSet(RulesByAction, ReadOnlyModelViewSet[Order]):
    """Completed checkouts."""

    rules = {
        "list": IsAuthenticated(),
        "retrieve": AllowAny(),
        "create": AllowAny(),
        "cancel": AllowAny(),
    }
    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    filterset_class = OrderFilterSet
    lookup_field = "number"
    lookup_value_regex = "[A-Za-z0-9-]{1,20}"
    orderings = {"-placed_at": "placed_at", "placed_at": "placed_at"}

    def get_queryset(self) -> QuerySet[Order]:
        """What the viewer may see, read whole."""
        return self._orders(self._viewer())

    def get_orderings(self) -> dict[str, str]:
        """By time."""
        return self.orderings

    @extend_schema(
        summary="Complete a checkout",
        parameters=[_IDEMPOTENCY_KEY],
        request=CheckoutSerializer,
        responses={201: CheckoutResultSerializer},
    )
    def create(self, request: Request) -> Response:
        """Make a cart an order."""
        given = validated(CheckoutSerializer(data=request.data))
        viewer = self._viewer()
        made = complete_checkout(
            viewer=viewer,
            cart_token=given["cart_token"],
            idempotency_key=request.headers.get("Idempotency-Key", ""),
            quote_total=given.get("quote_total"),
            provider=given["payment"]["provider"],
            payment_data=given["payment"].get("data", {}),
            now=timezone.now(),
        )
        order = self._orders(viewer.holding(order_token=made.order.token)).get(pk=made.order.pk)
        result = CheckoutResultSerializer(
            {"order": order, "payment": made.payment, "jobs": made.jobs}
        )
        address = reverse("order-detail", [order.number], request=request)
        return Response(result.data, status.HTTP_201_CREATED, headers={"Location": address})

    @extend_schema(
        summary="Cancel an order",
        parameters=[_ORDER_TOKEN],
        request=CancellationSerializer,
        responses=OrderSerializer,
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, number: str) -> Response:
        """Call off an order of which nothing was sent."""
        given = validated(CancellationSerializer(data=request.data))
        viewer = self._viewer()
        order = self.get_object()
        holds_it = viewer.order_token == order.token
        key: dict[str, Any] = {"token": order.token} if holds_it else {"number": order.number}
        cancel_order(viewer=viewer, reason=given["reason"], now=timezone.now(), **key)
        return Response(self.get_serializer(self.get_object()).data)

    def _orders(self, viewer: Viewer) -> QuerySet[Order]:
        orders = Order.objects.visible_to(viewer).with_parts()
        return orders.annotate(
            allowed_actions=allowed_actions(viewer), shown_token=shown_token(viewer)
        )

    def _viewer(self) -> Viewer:
        """Who asks, holding the order that a guest's token opens."""
        token = self.request.headers.get("Order-Token")
        return viewer_for_request(self.request).holding(order_token=token)
