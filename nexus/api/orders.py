"""Orders over REST: doors to the same services, filters and rules as GraphQL's."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.reverse import reverse

from commerce.filters import OrderFilterSet
from commerce.models import Order
from commerce.serializers import (
    CancellationSerializer,
    CheckoutJobSerializer,
    CheckoutResultSerializer,
    CheckoutSerializer,
    OrderSerializer,
    PaymentSerializer,
)
from commerce.services.checkout import complete_checkout
from commerce.services.orders import cancel_order
from nexus.api.reading import Resource
from nexus.api.resources import ResourceViewSet, object_of
from users.permissions import AllowAny, IsAuthenticated
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

_PAYMENT = Resource("Payment", PaymentSerializer)
_JOB = Resource("Job", CheckoutJobSerializer)


@extend_schema_view(
    list=extend_schema(
        summary="List orders", description="One's own; all for staff who may view orders."
    ),
    retrieve=extend_schema(summary="Read an order", parameters=[_ORDER_TOKEN]),
)
class OrderViewSet(ResourceViewSet):
    """Completed checkouts."""

    rules = {
        "list": IsAuthenticated(),
        "retrieve": AllowAny(),
        "create": AllowAny(),
        "cancel": AllowAny(),
    }
    resource = Resource("Order", OrderSerializer, listed_by="orders")
    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    filterset_class = OrderFilterSet
    lookup_field = "number"
    lookup_value_regex = "[A-Za-z0-9-]{1,20}"
    orderings = {"-placed_at": "NEWEST", "placed_at": "OLDEST"}

    def viewer(self) -> Viewer:
        """Who asks, holding the order that a guest's token opens."""
        return super().viewer().holding(order_token=self.request.headers.get("Order-Token"))

    @extend_schema(
        summary="Complete a checkout",
        parameters=[_IDEMPOTENCY_KEY],
        request=CheckoutSerializer,
        responses={201: CheckoutResultSerializer},
    )
    def create(self, request: Request) -> HttpResponse:
        """Make a cart an order."""
        given = validated(CheckoutSerializer(data=request.data))
        viewer = self.viewer()
        made = complete_checkout(
            viewer=viewer,
            cart_token=given["cart_token"],
            idempotency_key=request.headers.get("Idempotency-Key", ""),
            quote_total=given.get("quote_total"),
            provider=given["payment"]["provider"],
            payment_data=given["payment"].get("data", {}),
            now=timezone.now(),
        )
        holder = viewer.holding(
            order_token=made.order.token, job_ids=[str(job.public_id) for job in made.jobs]
        )
        body = object_of(
            order=self.resource.row(holder, pk=made.order.pk),
            payment=_PAYMENT.row(holder, pk=made.payment.pk),
            jobs=_JOB.each(holder, [job.pk for job in made.jobs]),
        )
        address = reverse("order-detail", [made.order.number], request=request)
        return self.answer(body, 201, Location=address)

    @extend_schema(
        summary="Cancel an order",
        parameters=[_ORDER_TOKEN],
        request=CancellationSerializer,
        responses=OrderSerializer,
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, number: str) -> HttpResponse:
        """Call off an order of which nothing was sent."""
        given = validated(CancellationSerializer(data=request.data))
        viewer = self.viewer()
        cancel_order(
            viewer=viewer, reason=given["reason"], now=timezone.now(), **self.named(viewer)
        )
        return self.answer(self.shown(**self.key()))

    def named(self, viewer: Viewer) -> dict[str, str]:
        """How services shall find the order of the address: by the token that was presented, or
        by its number.

        Raises:
            Http404: the viewer may see no such order.
        """
        order = Order.objects.visible_to(viewer).filter(**self.key()).first()
        if order is None:
            raise Http404
        holds_it = viewer.order_token == order.token
        return {"token": order.token} if holds_it else {"number": order.number}
