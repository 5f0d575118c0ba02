from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from kombu import Connection
from kombu.exceptions import ChannelError

from tasks import broker
from tasks.dispatch import enqueue
from tasks.models import Job


@pytest.fixture
def committed(transactional_db) -> Callable[..., Job]:
    """Enqueue a job and commit."""

    def enqueue_and_commit(kind: str, **arguments: Any) -> Job:
        with transaction.atomic():
            return enqueue(kind, **arguments)

    return enqueue_and_commit


@pytest.fixture(params=["folder", pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)])
def each_broker(request, settings, tmp_path) -> Iterator[str]:
    """Once with files, once with RabbitMQ, where exchanges and queues are this test's own."""
    settings.VAR = tmp_path
    settings.BROKER_PREFIX = f"test-{uuid.uuid4().hex[:12]}"
    if request.param == "folder":
        settings.CELERY_BROKER_URL = ""
        yield request.param
        return
    url = request.getfixturevalue("rabbitmq_url")
    settings.CELERY_BROKER_URL = url
    yield request.param
    remove_from_rabbitmq(url)


@pytest.fixture
def rabbitmq(rabbitmq_url, settings) -> Iterator[str]:
    """RabbitMQ's URL, with exchanges and queues of this test's own."""
    settings.BROKER_PREFIX = f"test-{uuid.uuid4().hex[:12]}"
    settings.CELERY_BROKER_URL = rabbitmq_url
    yield rabbitmq_url
    remove_from_rabbitmq(rabbitmq_url)


def remove_from_rabbitmq(url: str) -> None:
    with Connection(url) as connection:
        for entity in [
            *broker.queues(),
            broker.dead_queue(),
            broker.exchange(),
            broker.dead_exchange(),
        ]:
            with suppress(ChannelError):
                entity(connection.channel()).delete()
