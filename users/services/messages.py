"""Messages between customers and the shop's staff."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, Q

from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.models import Job
from users.models import Message, User
from users.serializers import MessageSerializer
from users.signals import NOTIFY_RECIPIENT, notification_key
from users.validation import validated


def send_message(
    *,
    sender_id: int,
    recipient_email: str,
    body: str,
    order_id: int | None,
    idempotency_key: str | None = None,
    now: datetime,
) -> tuple[Message, list[Job]]:
    """Write to somebody; saving the message enqueues the recipient's notification.

    Staff may write to everybody, customers to staff. For a customer, another customer is as
    unknown as an address that nobody has.

    Args:
        sender_id: who writes.
        recipient_email: whom to, in any case.
        body: plain text, not blank.
        order_id: the order it is about, or None. That the sender may see it is for the caller
            to have checked.
        idempotency_key: a repeat with the same key returns the same message.
        now: when it is sent.

    Returns:
        the message and its background jobs.

    Raises:
        ValidationError: of :class:`Rejected`: REQUIRED or INVALID on ``body`` or
            ``recipientEmail``, NOT_FOUND on ``recipientEmail``, IDEMPOTENCY_CONFLICT or, where the
            first message is deleted by now, NOT_FOUND on ``idempotencyKey``.
    """
    data = validated(MessageSerializer(data={"recipient_email": recipient_email, "body": body}))
    made: list[Message] = []

    def send() -> dict[str, Any]:
        recipient = _reachable(sender_id=sender_id, email=data["recipient_email"])
        if recipient is None:
            raise Rejected(
                "NOT_FOUND",
                "There is nobody with this e-mail address whom you can write to.",
                field="recipientEmail",
            )
        message = Message.objects.create(
            sender_id=sender_id,
            recipient=recipient,
            order_id=order_id,
            body=data["body"],
            created_at=now,
        )
        made.append(message)
        return {"message": message.pk}

    with transaction.atomic():
        stored = once(
            actor=f"user:{sender_id}",
            operation="messageSend",
            key=idempotency_key,
            request={**data, "order": order_id},
            effect=send,
        )
        message = made[0] if made else Message.objects.filter(pk=stored["message"]).first()
        if message is None:
            raise Rejected("NOT_FOUND", "That message is deleted by now.", field="idempotencyKey")
        jobs = Job.objects.filter(kind=NOTIFY_RECIPIENT, key=notification_key(message.pk))
        return message, list(jobs)


def _reachable(*, sender_id: int, email: str) -> User | None:
    """The account at ``email``, where the sender may write to it."""
    staff = User.objects.staff().values("pk")
    active = User.objects.of_email(email).filter(is_active=True)
    sender_is_staff = User.objects.staff().filter(pk=sender_id)
    return active.filter(Q(pk__in=staff) | Q(Exists(sender_is_staff))).first()
