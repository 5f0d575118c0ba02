"""Endpoints and deliveries in the admin."""

from __future__ import annotations

import pytest

from tasks.models import Job
from tests.tasks.test_admin import log_in, words
from tests.tasks.webhooks.factories import make_delivery, make_endpoint

ENDPOINTS = "/admin/webhooks/webhookendpoint/"
DELIVERIES = "/admin/webhooks/webhookdelivery/"

pytestmark = pytest.mark.django_db


def send_again(client, delivery):
    data = {"action": "send_again", "index": "0", "_selected_action": [delivery.pk]}
    return client.post(DELIVERIES, data, follow=True)


def test_an_endpoint_is_shown_without_its_secrets_and_can_not_be_changed(client):
    endpoint = make_endpoint(previous_secret="whsec_b2xk")
    log_in(client, "admin")
    page = client.get(f"{ENDPOINTS}{endpoint.pk}/change/")
    assert endpoint.url in page.text
    assert "whsec_" not in page.text
    assert client.post(f"{ENDPOINTS}{endpoint.pk}/change/", {"url": "x"}).status_code == 403
    assert client.get(f"{ENDPOINTS}add/").status_code == 403


def test_deliveries_are_found_by_status_and_id(client):
    log_in(client, "admin")
    failed, _ = make_delivery(status="DEAD"), make_delivery(status="SUCCEEDED")
    for query in ({"status": "FAILED"}, {"q": str(failed.event_id)}):
        (found,) = client.get(DELIVERIES, query).context["cl"].result_list
        assert found == failed
    assert client.get(DELIVERIES).context["cl"].result_count == 2


def test_a_failed_delivery_says_why_and_is_sent_again(client):
    log_in(client, "admin")
    delivery = make_delivery(status="DEAD")
    Job.objects.update(error="The endpoint answered 500.")
    assert "The endpoint answered 500." in client.get(DELIVERIES).text
    assert "is sent again." in words(send_again(client, delivery))
    delivery.refresh_from_db()
    assert delivery.job.status == "PENDING"
    delivery.endpoint.is_active = False
    delivery.endpoint.save()
    assert "switch it on first" in words(send_again(client, delivery))


def test_other_roles_see_nothing_of_them(client):
    log_in(client, "order_manager")
    assert client.get(ENDPOINTS).status_code == 403
    assert client.get(DELIVERIES).status_code == 403
