"""Messages and notifications over REST."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from commerce.services.orders import find_order
from nexus.api.headers import IDEMPOTENCY_KEY, idempotency_key
from nexus.api.reading import Resource
from nexus.api.resources import ResourceViewSet
from users.models import Message, Notification
from users.permissions import IsAuthenticated
from users.serializers import (
    NewMessageSerializer,
    NotificationSerializer,
    ReadNotificationsSerializer,
    ShownMessageSerializer,
    UnreadSerializer,
)
from users.services.messages import send_message
from users.services.notifications import mark_read
from users.validation import validated_body


@extend_schema_view(
    list=extend_schema(summary="List messages", description="Sent and received, newest first."),
    retrieve=extend_schema(summary="Read a message"),
    create=extend_schema(
        summary="Write a message",
        description="Customers write to the shop's staff. The recipient is notified.",
        parameters=[IDEMPOTENCY_KEY],
        request=NewMessageSerializer,
        responses={201: ShownMessageSerializer},
    ),
)
class MessageViewSet(ResourceViewSet):
    """What customers and staff write to each other."""

    rules = {
        "list": IsAuthenticated(),
        "retrieve": IsAuthenticated(),
        "create": IsAuthenticated(),
    }
    resource = Resource("Message", ShownMessageSerializer, listed_by="viewer.messages")
    queryset = Message.objects.all()
    serializer_class = ShownMessageSerializer
    lookup_value_regex = "[0-9]{1,18}"

    def create(self, request: Request) -> HttpResponse:
        """``send_message``."""
        given = validated_body(NewMessageSerializer(data=request.data))
        viewer, order_id = self.viewer(), None
        if (number := given.get("order_number")) is not None:
            order_id = find_order(viewer=viewer, number=number, field="orderNumber").pk
        message, _ = send_message(
            sender_id=viewer.user_id,
            recipient_email=given["recipient_email"],
            body=given["body"],
            order_id=order_id,
            idempotency_key=idempotency_key(request),
            now=timezone.now(),
        )
        address = reverse("message-detail", [message.pk], request=request)
        return self.answer(self.shown(pk=message.pk), 201, Location=address)


@extend_schema_view(
    list=extend_schema(summary="List notifications", description="One's own, newest first."),
    retrieve=extend_schema(summary="Read a notification"),
)
class NotificationViewSet(ResourceViewSet):
    """What an account should see."""

    rules = {
        "list": IsAuthenticated(),
        "retrieve": IsAuthenticated(),
        "mark_read": IsAuthenticated(),
    }
    resource = Resource("Notification", NotificationSerializer, listed_by="viewer.notifications")
    queryset = Notification.objects.all()
    serializer_class = NotificationSerializer
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(
        summary="Mark notifications read",
        request=ReadNotificationsSerializer,
        responses=UnreadSerializer,
    )
    @action(detail=False, methods=["post"], url_path="mark-read")
    def mark_read(self, request: Request) -> Response:
        """``mark_read``."""
        given = validated_body(ReadNotificationsSerializer(data=request.data))
        unread = mark_read(user_id=self.viewer().user_id, **given, now=timezone.now())
        return Response({"unread_count": unread})
