"""The RabbitMQ that jobs go through: exchanges and queues of our own in a running one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from kombu import Connection
from kombu.exceptions import ChannelError, OperationalError

ADDRESS = "amqp://guest:guest@127.0.0.1:5672//"


@contextmanager
def rabbitmq(url: str) -> Iterator[bool]:
    """Have the shop use this broker meanwhile, here and in its processes; False where none answers.

    What it has declared there is deleted afterwards.
    """
    from django.test import override_settings

    if not _answers(url):
        yield False
        return
    prefix = f"bench-{secrets.token_hex(6)}"
    environment = {"CELERY_BROKER_URL": url, "BROKER_PREFIX": prefix}
    before = {name: os.environ.get(name, "") for name in environment}
    os.environ |= environment
    with override_settings(**environment):
        try:
            yield True
        finally:
            os.environ |= before
            _delete(url)


def purge(url: str) -> None:
    """Throw away the messages that nobody has taken."""
    from tasks import broker

    with Connection(url) as connection:
        for queue in broker.queues():
            with suppress(ChannelError):  # nobody has declared it yet
                queue(connection.channel()).purge()


def _answers(url: str) -> bool:
    try:
        with Connection(url, connect_timeout=2) as connection:
            connection.connect()
    except (OperationalError, OSError):
        return False
    return True


def _delete(url: str) -> None:
    from tasks import broker

    with Connection(url) as connection:
        for entity in [
            *broker.queues(),
            broker.dead_queue(),
            broker.exchange(),
            broker.dead_exchange(),
        ]:
            with suppress(ChannelError):
                entity(connection.channel()).delete()
