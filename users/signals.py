"""The one signal of the shop: a saved message notifies its recipient."""

from __future__ import annotations

from typing import Any

from tasks.dispatch import enqueue
from users.models import Message

NOTIFY_RECIPIENT = "users.notify_recipient"


def notification_key(message_id: int) -> str:
    """What the message's job is known by, so that it is enqueued once."""
    return f"message:{message_id}"


def enqueue_notification(
    instance: Message, created: bool, raw: bool = False, **kwargs: Any
) -> None:
    """Enqueue the notification in the transaction that saved the message (see its ``save``)."""
    if created and not raw:  # Raw: a fixture is being loaded, nobody has written anything.
        enqueue(NOTIFY_RECIPIENT, key=notification_key(instance.pk), message_id=instance.pk)
