from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from nexus import asgi as application_module
from schema.asgi import GraphQLApplication
from tests.schema.live.clients import EventSource, Socket
from tests.schema.serving import serving
from tests.schema.shop import Endpoint, fill_shop


class Shop(Endpoint):
    """The shop as its other clients use it."""

    def __init__(self) -> None:
        self.client = Client()
        self.setUp()


@pytest.fixture
def shop(transactional_db) -> Shop:
    fill_shop()
    return Shop()


@pytest.fixture
def address(shop) -> Iterator[str]:
    with serving(timeout_graceful_shutdown=2) as address:
        yield address


@pytest.fixture
def event_source(address) -> Iterator:
    """Opens streams of Server-Sent Events."""
    opened = []

    def open_one(query: str, variables: dict | None = None, **options) -> EventSource:
        opened.append(EventSource(address, query, variables, **options))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def socket(address) -> Iterator:
    """Opens WebSockets that are past their greeting."""
    opened = []

    def open_one(**options) -> Socket:
        opened.append(Socket(address, **options))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def graphql(monkeypatch) -> GraphQLApplication:
    """The application behind the address."""
    monkeypatch.setattr(application_module.graphql._subscriptions, "_most", 5000)
    return application_module.graphql
