"""Payments over REST; a payment's id, from checkout, is the key to it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from commerce.action_serializers import PaymentConfirmationSerializer
from commerce.models import Payment
from commerce.serializers import CheckoutResultSerializer
from commerce.services.payments.asking import confirm_payment
from nexus.api.orders import checkout_result
from nexus.api.resources import answer
from users.permissions import AllowAny
from users.rest import RulesByAction, viewer_for_request
from users.validation import validated_body


class PaymentViewSet(RulesByAction, GenericViewSet):
    """Payments that wait for something that the client does."""

    rules = {"confirm": AllowAny()}
    queryset = Payment.objects.all()
    lookup_field = "public_id"
    lookup_value_regex = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

    @extend_schema(
        summary="Go on with a payment",
        description="After its `next_action` was done, such as 3-D Secure.",
        request=PaymentConfirmationSerializer,
        responses=CheckoutResultSerializer,
    )
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, public_id: str) -> HttpResponse:
        """``confirm_payment``."""
        given: dict[str, Any] = validated_body(PaymentConfirmationSerializer(data=request.data))
        made = confirm_payment(public_id=public_id, data=given.get("data", {}), now=timezone.now())
        return answer(checkout_result(viewer_for_request(request), made))
