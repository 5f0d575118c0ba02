"""Messages and notifications."""

from __future__ import annotations

from typing import Any

import graphene

from commerce.services.orders import find_order
from schema.compiler.ids import row_key
from schema.mutation import Context, Made, entities, entity, mutation, plain
from schema.tasks.types import Job
from schema.users.inputs import (
    MessageSendInput,
    NotificationsMarkReadInput,
)
from schema.users.types import Message
from users.permissions import IsAuthenticated
from users.services.messages import send_message
from users.services.notifications import mark_read


@mutation(
    MessageSendInput,
    "Write a message; its recipient is notified in the background.",
    message=entity(Message, "The message."),
    jobs=entities(lambda: Job, "The notification's job."),
    permission=IsAuthenticated(),
)
def message_send(context: Context, given: Any) -> Made:
    """``send_message``."""
    order_id = None
    if (number := given.get("order_number")) is not None:
        order_id = find_order(viewer=context.viewer, number=number, field="orderNumber").pk
    message, jobs = send_message(
        sender_id=context.viewer.user_id,
        recipient_email=given["recipient_email"],
        body=given["body"],
        order_id=order_id,
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    return Made(message=message.pk, jobs=jobs)


@mutation(
    NotificationsMarkReadInput,
    "Mark notifications read.",
    unread_count=plain(graphene.Int, "How many are unread now; null after a user error."),
    permission=IsAuthenticated(),
)
def notifications_mark_read(context: Context, given: Any) -> Made:
    """``mark_read``."""
    unread = mark_read(
        user_id=context.viewer.user_id,
        ids=[row_key(each, "Notification") for each in given["ids"]],
        now=context.now,
    )
    return Made(unread_count=unread)
