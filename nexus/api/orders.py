"""Orders over REST: doors to the same services, filters and rules as GraphQL's."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.reverse import reverse

from commerce.action_serializers import (
    CaptureSerializer,
    NoteSerializer,
    RefundSerializer,
    ReturnRequestSerializer,
    ShipmentSerializer,
)
from commerce.filters import OrderFilterSet
from commerce.models import Order
from commerce.serializers import (
    CancellationSerializer,
    CheckoutResultSerializer,
    CheckoutSerializer,
    FulfillmentSerializer,
    OrderSerializer,
    PaymentSerializer,
    ReturnSerializer,
)
from commerce.services.checkout import Checkout, complete_checkout
from commerce.services.fulfillments import create_fulfillment
from commerce.services.notes import create_order_note
from commerce.services.order_lines import OrderLineInput
from commerce.services.orders import cancel_order, find_order
from commerce.services.payments.recording import Recorded
from commerce.services.payments.staff import capture_payment, refund_payment
from commerce.services.returns import request_return
from nexus.api.headers import (
    IDEMPOTENCY_KEY,
    NEEDED_IDEMPOTENCY_KEY,
    ORDER_TOKEN,
    idempotency_key,
    needed_idempotency_key,
)
from nexus.api.reading import Resource
from nexus.api.resources import ResourceViewSet, object_of
from tasks.serializers import JobSerializer
from users.permissions import AllowAny, HasPermission, IsAuthenticated
from users.validation import validated_body
from users.viewer import Viewer

_PAYMENT = Resource("Payment", PaymentSerializer)
_JOB = Resource("Job", JobSerializer)


ORDER = Resource("Order", OrderSerializer, listed_by="orders")
FULFILLMENT = Resource("Fulfillment", FulfillmentSerializer)
RETURN = Resource("Return", ReturnSerializer)


def checkout_result(viewer: Viewer, made: Checkout | Recorded) -> bytes:
    """The JSON of an order, its payment and what goes on in the background."""
    jobs = [str(job.public_id) for job in made.jobs]
    holder = viewer.holding(order_token=made.order.token, job_ids=jobs)
    return object_of(
        order=ORDER.row(holder, pk=made.order.pk),
        payment=_PAYMENT.row(holder, pk=made.payment.pk),
        jobs=_JOB.each(holder, [job.pk for job in made.jobs]),
    )


@extend_schema_view(
    list=extend_schema(
        summary="List orders", description="One's own; all for staff who may view orders."
    ),
    retrieve=extend_schema(summary="Read an order", parameters=[ORDER_TOKEN]),
)
class OrderViewSet(ResourceViewSet):
    """Completed checkouts."""

    rules = {
        "list": IsAuthenticated(),
        "retrieve": AllowAny(),
        "create": AllowAny(),
        "cancel": AllowAny(),
        "fulfillments": HasPermission("commerce.add_fulfillment"),
        "returns": AllowAny(),
        "notes": HasPermission("commerce.add_ordernote"),
        "capture": HasPermission("commerce.change_payment"),
        "refund": HasPermission("commerce.change_payment"),
    }
    resource = ORDER
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
        parameters=[NEEDED_IDEMPOTENCY_KEY],
        request=CheckoutSerializer,
        responses={201: CheckoutResultSerializer},
    )
    def create(self, request: Request) -> HttpResponse:
        """Make a cart an order."""
        given = validated_body(CheckoutSerializer(data=request.data))
        viewer = self.viewer()
        made = complete_checkout(
            viewer=viewer,
            cart_token=given["cart_token"],
            idempotency_key=needed_idempotency_key(request),
            quote_total=given.get("quote_total"),
            provider=given["payment"]["provider"],
            payment_data=given["payment"].get("data", {}),
            now=timezone.now(),
        )
        address = reverse("order-detail", [made.order.number], request=request)
        return self.answer(checkout_result(viewer, made), 201, Location=address)

    @extend_schema(
        summary="Cancel an order",
        parameters=[ORDER_TOKEN],
        request=CancellationSerializer,
        responses=OrderSerializer,
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, number: str) -> HttpResponse:
        """Call off an order of which nothing was sent."""
        given = validated_body(CancellationSerializer(data=request.data))
        viewer = self.viewer()
        cancel_order(
            viewer=viewer, reason=given["reason"], now=timezone.now(), **self.named(viewer)
        )
        return self.answer(self.shown(**self.key()))

    @extend_schema(
        summary="Send a parcel",
        description="Its goods leave the stock, and the customer is told.",
        parameters=[IDEMPOTENCY_KEY],
        request=ShipmentSerializer,
        responses={201: FulfillmentSerializer},
    )
    @action(detail=True, methods=["post"])
    def fulfillments(self, request: Request, number: str) -> HttpResponse:
        """``create_fulfillment``."""
        given = validated_body(ShipmentSerializer(data=request.data))
        lines = given.get("lines")
        made = create_fulfillment(
            viewer=self.viewer(),
            order_number=number,
            lines=None if lines is None else _lines(lines),
            tracking_number=given["tracking_number"],
            idempotency_key=idempotency_key(request),
            now=timezone.now(),
        )
        key = made.fulfillment.pk
        address = reverse("fulfillment-detail", [key], request=request)
        body = FULFILLMENT.row(self.viewer(), pk=key) or b"null"
        return self.answer(body, 201, Location=address)

    @extend_schema(
        summary="Ask to send something back",
        parameters=[ORDER_TOKEN, IDEMPOTENCY_KEY],
        request=ReturnRequestSerializer,
        responses={201: ReturnSerializer},
    )
    @action(detail=True, methods=["post"])
    def returns(self, request: Request, number: str) -> HttpResponse:
        """``request_return``."""
        given = validated_body(ReturnRequestSerializer(data=request.data))
        viewer = self.viewer()
        asked = request_return(
            viewer=viewer,
            lines=_lines(given["lines"]),
            reason=given["reason"],
            idempotency_key=idempotency_key(request),
            now=timezone.now(),
            **self.named(viewer),
        )
        address = reverse("return-detail", [asked.pk], request=request)
        body = RETURN.row(viewer, pk=asked.pk) or b"null"
        return self.answer(body, 201, Location=address)

    @extend_schema(
        summary="Write a note about an order",
        description="For staff; the customer never sees it.",
        parameters=[IDEMPOTENCY_KEY],
        request=NoteSerializer,
        responses={201: OrderSerializer},
    )
    @action(detail=True, methods=["post"])
    def notes(self, request: Request, number: str) -> HttpResponse:
        """``create_order_note``."""
        create_order_note(
            viewer=self.viewer(),
            order_number=number,
            **validated_body(NoteSerializer(data=request.data)),
            idempotency_key=idempotency_key(request),
            now=timezone.now(),
        )
        address = reverse("order-detail", [number], request=request)
        return self.answer(self.shown(**self.key()), 201, Location=address)

    @extend_schema(
        summary="Take an order's money",
        description="What is reserved, in part or all; or record that money has come.",
        parameters=[NEEDED_IDEMPOTENCY_KEY],
        request=CaptureSerializer,
        responses=OrderSerializer,
    )
    @action(detail=True, methods=["post"])
    def capture(self, request: Request, number: str) -> HttpResponse:
        """``capture_payment``."""
        return self._operated(capture_payment, CaptureSerializer)

    @extend_schema(
        summary="Give an order's money back",
        description="In part or all.",
        parameters=[NEEDED_IDEMPOTENCY_KEY],
        request=RefundSerializer,
        responses=OrderSerializer,
    )
    @action(detail=True, methods=["post"])
    def refund(self, request: Request, number: str) -> HttpResponse:
        """``refund_payment``."""
        return self._operated(refund_payment, RefundSerializer)

    def _operated(self, service: Any, serializer: Any) -> HttpResponse:
        given = validated_body(serializer(data=self.request.data))
        service(
            viewer=self.viewer(),
            order_number=self.kwargs["number"],
            **given,
            idempotency_key=needed_idempotency_key(self.request),
            now=timezone.now(),
        )
        return self.answer(self.shown(**self.key()))

    def named(self, viewer: Viewer) -> dict[str, str]:
        """How services shall find the order of the address: by the token that was presented, or
        by its number.

        Raises:
            ValidationError: ``NOT_FOUND`` where the viewer may see no such order.
        """
        order = find_order(viewer=viewer, number=self.kwargs["number"])
        holds_it = viewer.order_token == order.token
        return {"token": order.token} if holds_it else {"number": order.number}


def _lines(given: list[dict[str, int]]) -> list[OrderLineInput]:
    return [OrderLineInput(**line) for line in given]
