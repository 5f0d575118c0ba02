"""What integrators hear of orders."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from commerce.models import OrderEvent
from commerce.services.events import EVENT_TYPES, TELL
from commerce.services.orders import cancel_order
from nexus.tasks import tell_of_order
from tasks.models import Job
from tasks.webhooks.models import WebhookDelivery
from tests.commerce.factories import NOON, buy, make_ready_cart, make_variant
from tests.tasks.webhooks.factories import make_endpoint
from users.viewer import ANONYMOUS

pytestmark = pytest.mark.django_db


@pytest.fixture
def cart(standard):
    make_variant("mug-1")
    return make_ready_cart(method=standard, mug_1=2)


def told() -> list[WebhookDelivery]:
    """Run the jobs that tell of orders; what they prepare."""
    for job in Job.objects.filter(kind=TELL, status="PENDING"):
        tell_of_order(**job.kwargs)
        Job.objects.filter(pk=job.pk).update(status="SUCCEEDED")
    return list(WebhookDelivery.objects.order_by("pk"))


def test_every_step_of_an_order_has_a_name_for_integrators():
    assert EVENT_TYPES.keys() == set(OrderEvent.Kind)
    assert len(set(EVENT_TYPES.values())) == len(EVENT_TYPES)


class TestOrders:
    def test_are_told_with_their_steps(self, cart):
        make_endpoint(event_types=["ORDER_CREATED", "ORDER_CONFIRMED", "ORDER_CANCELLED"])
        order = buy(cart).order
        deliveries = told()
        assert [each.event_type for each in deliveries] == ["ORDER_CREATED", "ORDER_CONFIRMED"]
        body = json.loads(deliveries[0].payload)
        assert (body["type"], body["timestamp"]) == ("order.created", "2026-06-01T12:01:00Z")
        assert body["data"]["event"]["sequence"] == 1
        shown = body["data"]["order"]
        assert (shown["number"], shown["status"], shown["total"]) == (
            order.number,
            "CONFIRMED",
            str(order.total),
        )
        assert shown["lines"][0]["sku"] == "mug-1"
        assert not {"token", "allowed_actions"} & shown.keys()
        assert order.token not in deliveries[0].payload

        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        deliveries = told()
        assert [each.event_type for each in deliveries[2:]] == ["ORDER_CANCELLED"]
        body = json.loads(deliveries[2].payload)
        assert body["data"]["order"]["status"] == "CANCELLED"

    def test_are_told_only_of_what_is_listened_for(self, cart):
        make_endpoint(event_types=["ORDER_CONFIRMED"])
        make_endpoint(event_types=["ORDER_CREATED"], is_active=False)
        buy(cart)
        assert [each.event_type for each in told()] == ["ORDER_CONFIRMED"]

    def test_cost_no_statement_more_where_nobody_listens(self, cart, standard):
        make_endpoint(event_types=["ORDER_CREATED"], is_active=False)
        make_endpoint(event_types=["PRODUCT_CREATED"])
        with CaptureQueriesContext(connection) as statements:
            buy(cart)
        assert not Job.objects.filter(kind=TELL).exists()
        of_endpoints = [each["sql"] for each in statements if "webhooks_" in each["sql"]]
        assert len(of_endpoints) == 1
        assert "INSERT INTO commerce_orderevent" in of_endpoints[0]

    def test_are_told_of_in_the_transaction_of_the_step(self, cart, monkeypatch):
        make_endpoint(event_types=["ORDER_CREATED"])
        monkeypatch.setattr("commerce.services.checkout._take_stock", lambda lines: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            buy(cart)
        assert not Job.objects.exists()
