"""What makes Celery's worker ours."""

from __future__ import annotations

from typing import Any

from celery.worker import consumer
from django.db import connection
from django.utils import timezone

from tasks.relay import declare_undeliverable

_Blueprint: Any = consumer.Consumer.Blueprint


class Consumer(consumer.Consumer):
    """Celery's consumer without what Nexus doesn't use.

    Left out are talk between workers (mingle, gossip, events, remote control) and delayed
    delivery, for which Celery would declare 28 queues as soon as it sees a quorum queue: a delay
    is a row's ``not_before`` here.
    """

    class Blueprint(_Blueprint):
        """The steps that remain, and those that they require."""

        default_steps = [
            "celery.worker.consumer.connection:Connection",
            "celery.worker.consumer.tasks:Tasks",
            "celery.worker.consumer.consumer:Evloop",
        ]

    def __init__(self, *args: Any, **options: Any) -> None:
        unused = {"without_mingle": True, "without_gossip": True, "without_heartbeat": True}
        super().__init__(*args, **{**options, **unused})


def on_unknown_task(*, id: str, **kwargs: Any) -> None:  # noqa: A002  (Celery's name)
    """Give up a job of a kind that this worker doesn't know; Celery drops its message."""
    declare_undeliverable(id, timezone.now())
    connection.close()
