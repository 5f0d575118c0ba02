from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tasks.webhooks.models import WebhookEndpoint, WebhookEventType
from tests.tasks.webhooks.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def private_allowed(settings) -> None:
    """As a developer who runs a receiver beside the shop."""
    settings.WEBHOOK_ALLOW_PRIVATE_ADDRESSES = True


@pytest.fixture
def endpoint_at(private_allowed, db) -> Callable[..., WebhookEndpoint]:
    """Enter an endpoint that listens for everything."""

    def make(url: str, **fields: Any) -> WebhookEndpoint:
        fields = {"event_types": WebhookEventType.values, **fields}
        return WebhookEndpoint.objects.create(url=url, **fields)

    return make
