"""How an effect has itself told to integrators: by a job in its own transaction, if any listens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from tasks.dispatch import enqueue
from tasks.models import Job

# Whether an endpoint listens for any of the types in the parameter `event_types`: an expression
# for statements that write effects anyway, as an order's history does.
IS_LISTENED_FOR = """EXISTS (
    SELECT FROM webhooks_webhookendpoint
     WHERE is_active AND event_types && %(event_types)s::varchar[]
)"""


def announce(kind: str, *, event_types: Sequence[str], **kwargs: Any) -> Job | None:
    """Enqueue the job that tells integrators of an effect, in the effect's transaction.

    Nothing is enqueued where no endpoint listens.

    Args:
        kind: the job's task, which reads what is to be told and calls ``deliver_event``.
        event_types: the ``WebhookEventType`` values that it will tell of, which it gets too.
        kwargs: the task's other arguments.
    """
    wanted = list(event_types)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {IS_LISTENED_FOR}", {"event_types": wanted})
        (is_listened_for,) = cursor.fetchone()
    return enqueue(kind, event_types=wanted, **kwargs) if is_listened_for else None
