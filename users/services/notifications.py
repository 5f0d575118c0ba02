"""Notifications: what an account should see, each made once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.text import Truncator

from tasks.errors import Rejected
from users.models import Message, Notification, User

PREVIEW_LENGTH = 200


def notify(
    *,
    user_id: int,
    kind: Notification.Kind,
    source: str,
    title: str,
    body: str = "",
    data: Mapping[str, Any] | None = None,
    now: datetime,
) -> Notification:
    """Make the notification of ``source`` for an account, or find the one made before.

    Args:
        user_id: who should see it.
        kind: what sort of thing it tells.
        source: what it tells of, e.g. ``"order:7"``; an account has one notification of each.
        title: one line of plain text, cut to the length of the column.
        body: more of it.
        data: what a client needs to open the source; JSON values.
        now: when it was made.
    """
    with transaction.atomic():
        # Nobody else takes the next sequence, and none becomes visible before a lower one.
        User.objects.select_for_update(no_key=True).get(pk=user_id)
        own = Notification.objects.filter(user_id=user_id)
        if notification := own.filter(source=source).first():
            return notification
        return Notification.objects.create(
            user_id=user_id,
            source=source,
            sequence=own.aggregate(last=Max("sequence", default=0))["last"] + 1,
            kind=kind,
            title=Truncator(title).chars(200),
            body=body,
            data=dict(data or {}),
            created_at=now,
        )


def notify_recipient(*, message_id: int, now: datetime) -> Notification | None:
    """Tell a message's recipient that it has arrived; None where the message was deleted."""
    message = Message.objects.select_related("sender").filter(pk=message_id).first()
    if message is None:
        return None
    return notify(
        user_id=message.recipient_id,
        kind=Notification.Kind.MESSAGE_RECEIVED,
        source=f"message:{message_id}",
        title=f"New message from {message.sender.full_name}",
        body=Truncator(message.body).chars(PREVIEW_LENGTH),
        data={"message_id": message_id},
        now=now,
    )


def mark_read(*, user_id: int, ids: list[int], now: datetime) -> int:
    """Mark an account's notifications read; those that already are keep their time.

    Args:
        user_id: whose notifications.
        ids: their primary keys.
        now: when they were read.

    Returns:
        how many of the account's notifications are unread now.

    Raises:
        ValidationError: of :class:`Rejected` NOT_FOUND for each id that isn't the account's;
            then none is marked.
    """
    own = Notification.objects.filter(user_id=user_id)
    with transaction.atomic():
        known = set(own.filter(pk__in=ids).values_list("pk", flat=True))
        unknown = [position for position, pk in enumerate(ids) if pk not in known]
        if unknown:
            raise ValidationError(
                [
                    Rejected("NOT_FOUND", "There is no such notification.", field=f"ids.{position}")
                    for position in unknown
                ]
            )
        own.unread().filter(pk__in=ids).update(read_at=now)
        return own.unread().count()
