"""RabbitMQ, or a folder in its place: names, topology and confirmed publishing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self, cast

from celery import current_app
from django.conf import settings
from kombu import Connection, Exchange, Producer, Queue

from tasks.filesystem import SCHEME, folder_options
from tasks.models import Job

# Seconds that RabbitMQ has to answer anything before it counts as away.
TIMEOUT = 5.0
# Deliveries that may end with a dead worker before RabbitMQ puts the message aside.
DELIVERY_LIMIT = 5
# AMQP's number for a message that survives the broker.
PERSISTENT = 2

# What a broker that is away, frozen, or refuses makes kombu raise.
Unavailable = (*Connection("amqp://").connection_errors, *Connection("amqp://").channel_errors)


def url() -> str:
    """Where messages go: ``CELERY_BROKER_URL``, or a folder without it."""
    return settings.CELERY_BROKER_URL or f"{SCHEME}://localhost//"


def transport_options() -> dict[str, Any]:
    """kombu's options for `url`: nothing waits for a frozen broker without end."""
    if not settings.CELERY_BROKER_URL:
        return folder_options(settings.VAR / "broker", keep=settings.JOB_RESEND_AFTER)
    return {"connect_timeout": TIMEOUT, "read_timeout": TIMEOUT, "write_timeout": TIMEOUT}


def exchange() -> Exchange:
    """Where every job goes, under ``QUEUE.KIND``."""
    return Exchange(f"{settings.BROKER_PREFIX}.jobs", type="topic")


def dead_exchange() -> Exchange:
    """Where RabbitMQ puts what it can't deliver."""
    return Exchange(f"{settings.BROKER_PREFIX}.dead", type="topic")


def queue_name(queue: str) -> str:
    """The broker's name of a job's queue: ``nexus.high``."""
    return f"{settings.BROKER_PREFIX}.{queue}"


def routing_key(job: Job) -> str:
    """``QUEUE.KIND``: the first word chooses the queue, the rest is for whoever listens in."""
    return f"{job.queue}.{job.kind}"


def queues() -> list[Queue]:
    """One queue a priority, since quorum queues know none inside; each may have its own workers.

    Quorum queues survive the loss of a node, and count deliveries. Messages go to the dead
    letters at least once: RabbitMQ then wants ``reject-publish``, though no queue has a limit.
    """
    arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": dead_exchange().name,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    return [
        Queue(
            queue_name(queue),
            exchange(),
            routing_key=f"{queue}.#",
            queue_arguments=arguments,
        )
        for queue in Job.Queue.values
    ]


def dead_queue() -> Queue:
    """The dead letters, until the relay has written them down."""
    return Queue(
        f"{settings.BROKER_PREFIX}.dead",
        dead_exchange(),
        routing_key="#",
        queue_arguments={"x-queue-type": "quorum"},
    )


@dataclass(frozen=True)
class DeadLetter:
    """A message that RabbitMQ put aside; say `settle` once that is written down."""

    job_id: str
    settle: Any


class Publisher:
    """A connection that publishes jobs and knows which of them the broker has taken.

    Every method raises one of `Unavailable` where the broker can't be used; the publisher is
    then to be closed and another opened.
    """

    def __init__(self) -> None:
        self._connection = Connection(
            url(), transport_options=transport_options(), connect_timeout=TIMEOUT, heartbeat=30
        )

    def __enter__(self) -> Self:
        self._connection.connect()
        self._channel = cast(Any, self._connection.channel())
        for queue in [*queues(), dead_queue()]:
            queue(self._channel).declare()
        self._producer = Producer(self._channel, exchange(), serializer="json")
        # kombu can wait for the confirmation of each message; waiting for a batch is ten times
        # as fast, and takes the channel's own events.
        self._confirms = self._connection.transport.driver_type == "amqp"
        self._unconfirmed: dict[int, Job] = {}
        self._refused: set[str] = set()
        self._tag = 0
        if self._confirms:
            self._channel.confirm_select()
            self._channel.events["basic_ack"].add(self._on_ack)
            self._channel.events["basic_nack"].add(self._on_nack)
            self._channel.events["basic_return"].add(self._on_return)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with suppress(*Unavailable):
            if kind is None:
                self._connection.release()
            else:
                # A frozen broker does not answer a goodbye either.
                self._connection.collect(socket_timeout=1)

    def __str__(self) -> str:
        if self._confirms:
            return f"RabbitMQ at {self._connection.as_uri()}"
        return f"files in {settings.VAR / 'broker'}"

    def publish(self, jobs: Sequence[Job]) -> list[Job]:
        """Send the jobs as Celery tasks; the ones that the broker has safely stored."""
        self._refused.clear()
        for job in jobs:
            self._send(job)
        self._await_confirmations()
        return [job for job in jobs if str(job.public_id) not in self._refused]

    def dead_letters(self) -> Iterator[DeadLetter]:
        """The messages that were put aside, one by one."""
        queue = dead_queue()(self._channel)
        while (message := queue.get()) is not None:
            yield DeadLetter(str(message.headers.get("id", "")), message.ack)

    def _send(self, job: Job) -> None:
        # Celery's own message, so that an ordinary Celery worker runs it. Arguments don't go
        # into its log lines.
        message = current_app.amqp.as_task_v2(
            str(job.public_id),
            job.kind,
            kwargs=job.kwargs,
            argsrepr="",
            kwargsrepr="",
            ignore_result=True,
        )
        self._tag += 1
        self._unconfirmed[self._tag] = job
        self._producer.publish(
            message.body,
            routing_key=routing_key(job),
            headers=message.headers,
            mandatory=True,
            delivery_mode=PERSISTENT,
            **message.properties,
        )

    def _await_confirmations(self) -> None:
        if not self._confirms:
            self._unconfirmed.clear()
        deadline = time.monotonic() + TIMEOUT
        while self._unconfirmed:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("The broker confirms nothing.")
            self._connection.drain_events(timeout=left)

    def _confirmed(self, tag: int, multiple: bool) -> list[Job]:
        tags = [t for t in self._unconfirmed if t <= tag] if multiple else [tag]
        return [job for t in tags if (job := self._unconfirmed.pop(t, None))]

    def _on_ack(self, tag: int, multiple: bool) -> None:
        self._confirmed(tag, multiple)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self._refused |= {str(job.public_id) for job in self._confirmed(tag, multiple)}

    def _on_return(self, error: Exception, exchange: str, key: str, message: Any) -> None:
        # No queue is bound: the confirmation follows all the same, so this must be noted.
        self._refused.add(message.properties["correlation_id"])
