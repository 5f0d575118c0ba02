"""Parcels and returns of orders over REST."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request

from commerce.action_serializers import ReturnAnswerSerializer, ReturnReceiptSerializer
from commerce.models import Fulfillment, Return
from commerce.serializers import FulfillmentSerializer, ReturnSerializer
from commerce.services.fulfillments import cancel_fulfillment, deliver_fulfillment
from commerce.services.returns import approve_return, receive_return, reject_return
from nexus.api.headers import ORDER_TOKEN
from nexus.api.reading import Resource
from nexus.api.resources import RowViewSet
from users.permissions import AllowAny, HasPermission
from users.validation import validated_body
from users.viewer import Viewer


class OfOrderViewSet(RowViewSet):
    """Parts of orders, visible with their order."""

    lookup_value_regex = "[0-9]{1,18}"

    def viewer(self) -> Viewer:
        """Who asks, holding the order that a guest's token opens."""
        return super().viewer().holding(order_token=self.request.headers.get("Order-Token"))


@extend_schema_view(retrieve=extend_schema(summary="Read a parcel", parameters=[ORDER_TOKEN]))
class FulfillmentViewSet(OfOrderViewSet):
    """Parcels; `POST /api/orders/NUMBER/fulfillments/` sends one."""

    rules = {
        "retrieve": AllowAny(),
        "deliver": HasPermission("commerce.change_fulfillment"),
        "cancel": HasPermission("commerce.change_fulfillment"),
    }
    resource = Resource("Fulfillment", FulfillmentSerializer)
    queryset = Fulfillment.objects.all()
    serializer_class = FulfillmentSerializer

    @extend_schema(summary="Record that a parcel has arrived", request=None)
    @action(detail=True, methods=["post"])
    def deliver(self, request: Request, pk: str) -> HttpResponse:
        """``deliver_fulfillment``."""
        key = self.key()
        deliver_fulfillment(viewer=self.viewer(), fulfillment_id=key["pk"], now=timezone.now())
        return self.answer(self.shown(**key))

    @extend_schema(
        summary="Undo a parcel that has not left",
        description="Its goods wait to be sent again.",
        request=None,
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> HttpResponse:
        """``cancel_fulfillment``."""
        key = self.key()
        cancel_fulfillment(viewer=self.viewer(), fulfillment_id=key["pk"], now=timezone.now())
        return self.answer(self.shown(**key))


@extend_schema_view(retrieve=extend_schema(summary="Read a return", parameters=[ORDER_TOKEN]))
class ReturnViewSet(OfOrderViewSet):
    """Returns; `POST /api/orders/NUMBER/returns/` asks for one."""

    _staff = HasPermission("commerce.change_return")
    rules = {"retrieve": AllowAny(), "approve": _staff, "reject": _staff, "receive": _staff}
    resource = Resource("Return", ReturnSerializer)
    queryset = Return.objects.all()
    serializer_class = ReturnSerializer

    @extend_schema(
        summary="Agree to a return", request=ReturnAnswerSerializer, responses=ReturnSerializer
    )
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> HttpResponse:
        """``approve_return``."""
        return self._decided(approve_return, ReturnAnswerSerializer)

    @extend_schema(
        summary="Decline a return", request=ReturnAnswerSerializer, responses=ReturnSerializer
    )
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> HttpResponse:
        """``reject_return``."""
        return self._decided(reject_return, ReturnAnswerSerializer)

    @extend_schema(
        summary="Record that a return's goods have come back",
        description="Refund apart from it.",
        request=ReturnReceiptSerializer,
        responses=ReturnSerializer,
    )
    @action(detail=True, methods=["post"])
    def receive(self, request: Request, pk: str) -> HttpResponse:
        """``receive_return``."""
        return self._decided(receive_return, ReturnReceiptSerializer)

    def _decided(self, service: Any, serializer: Any) -> HttpResponse:
        given, key = validated_body(serializer(data=self.request.data)), self.key()
        service(viewer=self.viewer(), return_id=key["pk"], **given, now=timezone.now())
        return self.answer(self.shown(**key))
