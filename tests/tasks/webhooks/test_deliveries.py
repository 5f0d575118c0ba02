"""Deliveries: signed, sent until they arrive, known by the same id each time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tasks.errors import Rejected
from tasks.models import Job
from tasks.webhooks.deliveries import deliver_event, resend_delivery
from tasks.webhooks.endpoints import ping_endpoint, rotate_secret
from tasks.webhooks.models import WebhookDelivery, WebhookEndpoint
from tasks.webhooks.tasks import send_delivery
from tests.tasks.webhooks.receiver import Receiver, redirect_to, with_body

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def happens(event_type: str = "ORDER_CREATED", **data) -> list[WebhookDelivery]:
    with transaction.atomic():
        return deliver_event(event_type=event_type, data=data, happened_at=NOON, now=timezone.now())


def deliver(job: Job) -> None:
    """As a worker does that receives its message."""
    send_delivery.apply(kwargs=job.kwargs, task_id=str(job.public_id), throw=True)


def run(delivery: WebhookDelivery) -> Job:
    """Have a worker get the message of a delivery's job; the job after that."""
    delivery.refresh_from_db()
    job = delivery.job
    Job.objects.filter(pk=job.pk, status="PENDING").update(status="DISPATCHED")
    deliver(job)
    delivery.refresh_from_db()
    return delivery.job


def is_signed(request, secret: str) -> bool:
    """Whether a request is signed with a secret, as the specification says it."""
    signed = b".".join(
        [
            request.headers["webhook-id"].encode(),
            request.headers["webhook-timestamp"].encode(),
            request.body,
        ]
    )
    key = base64.b64decode(secret.partition("_")[2], validate=True)
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{digest}" in request.headers["webhook-signature"].split(" ")


class TestDeliverEvent:
    def test_is_for_each_endpoint_that_listens(self, endpoint_at):
        one = endpoint_at("https://a.example/", event_types=["ORDER_CREATED", "PING"])
        two = endpoint_at("https://b.example/", event_types=["ORDER_CREATED"])
        endpoint_at("https://c.example/", event_types=["ORDER_CANCELLED"])
        endpoint_at("https://d.example/", is_active=False)
        deliveries = happens(number="N-1")
        assert [delivery.endpoint for delivery in deliveries] == [one, two]
        assert len({delivery.event_id for delivery in deliveries}) == 1
        assert [job.kind for job in Job.objects.all()] == ["webhooks.send_delivery"] * 2

    def test_takes_as_many_statements_for_many(self, endpoint_at, django_assert_num_queries):
        for number in range(5):
            endpoint_at(f"https://{number}.example/")
        # endpoints, jobs, deliveries; and begin and commit
        with django_assert_num_queries(5):
            happens()


class TestSending:
    def test_is_signed_and_tells_what_has_happened(self, endpoint_at, receiver):
        endpoint = endpoint_at(receiver.url)
        (delivery,) = happens(number="N-1", total="9.90")
        began = timezone.now()
        job = run(delivery)

        (request,) = receiver.received
        assert json.loads(request.body) == {
            "type": "order.created",
            "timestamp": "2026-03-01T12:00:00Z",
            "data": {"number": "N-1", "total": "9.90"},
        }
        assert request.headers["content-type"] == "application/json"
        assert UUID(request.headers["webhook-id"]) == delivery.event_id
        sent_at = int(request.headers["webhook-timestamp"])
        assert int(began.timestamp()) <= sent_at <= timezone.now().timestamp()
        assert is_signed(request, endpoint.secret)
        assert not is_signed(request, WebhookEndpoint(url="").secret)
        assert job.status == "SUCCEEDED"
        assert (delivery.response_status, delivery.response_excerpt) == (200, "ok")

    @pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
    def test_has_arrived_with_any_answer_of_success(self, endpoint_at, receiver, status):
        endpoint_at(receiver.url)
        receiver.answers = [status]
        (delivery,) = happens()
        assert run(delivery).status == "SUCCEEDED"

    @pytest.mark.parametrize("status", [400, 401, 404, 409, 429, 500, 503])
    def test_is_tried_again_with_the_same_id_after_any_other(self, endpoint_at, receiver, status):
        endpoint_at(receiver.url)
        receiver.answers = [status, 200]
        (delivery,) = happens()
        job = run(delivery)
        assert (job.status, job.error) == ("PENDING", f"The endpoint answered {status}.")
        assert delivery.response_status == status

        assert run(delivery).status == "SUCCEEDED"
        first, second = receiver.received
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        assert delivery.response_status == 200

    def test_is_tried_again_where_nobody_answers(self, endpoint_at, receiver):
        endpoint_at(receiver.url)
        (delivery,) = happens()
        receiver.answers = [lambda handler: None]
        job = run(delivery)
        assert (job.status, job.error) == ("PENDING", "The endpoint did not answer in HTTP.")
        assert (delivery.response_status, delivery.response_excerpt) == (None, "")

    def test_forgets_an_earlier_answer_where_nobody_answers(self, endpoint_at, receiver):
        endpoint_at(receiver.url)
        (delivery,) = happens()
        receiver.answers = [500, lambda handler: None]
        run(delivery)
        run(delivery)
        assert (delivery.response_status, delivery.response_excerpt) == (None, "")

    def test_says_that_a_redirect_is_not_followed(self, endpoint_at, receiver):
        endpoint_at(receiver.url)
        with Receiver() as inside:
            receiver.answers = [redirect_to(inside.url)]
            (delivery,) = happens()
            job = run(delivery)
            assert job.status == "PENDING"
            assert "a redirect, which is not followed" in job.error
            assert inside.received == []

    def test_goes_into_no_private_network(self, endpoint_at, receiver, settings):
        endpoint_at(f"http://localhost:{receiver.port}/")
        settings.WEBHOOK_ALLOW_PRIVATE_ADDRESSES = False
        (delivery,) = happens()
        job = run(delivery)
        assert job.status == "PENDING"
        assert job.error == "The address leads into a private network, where nothing is sent to."
        assert receiver.received == []

    def test_is_given_up_after_a_day_and_the_endpoint_stays(self, endpoint_at, receiver):
        endpoint = endpoint_at(receiver.url)
        receiver.answers = [500]
        (delivery,) = happens()
        waited, pauses = timedelta(), []
        while True:
            before = timezone.now()
            job = run(delivery)
            if job.status != "PENDING":
                break
            pauses.append(job.not_before - before)
            waited += pauses[-1]
        assert job.status == "DEAD"
        assert job.error == "The endpoint answered 500. Given up after 18 attempts."
        # Ten seconds that double up to three hours, each half to one and a half times as long.
        assert timedelta(seconds=5) <= pauses[0] <= timedelta(seconds=16)
        assert all(pause <= timedelta(hours=4.6) for pause in pauses)
        assert timedelta(hours=14) <= waited <= timedelta(hours=36)
        endpoint.refresh_from_db()
        assert endpoint.is_active

    def test_ends_with_410_which_switches_the_endpoint_off(self, endpoint_at, receiver, caplog):
        endpoint = endpoint_at(receiver.url)
        receiver.answers = [410]
        first, second = *happens(), *happens()
        job = run(first)
        assert (job.status, job.error) == (
            "FAILED",
            "The endpoint answered 410 (Gone) and was switched off.",
        )
        assert "is switched off" in caplog.text
        endpoint.refresh_from_db()
        assert not endpoint.is_active
        job = run(second)
        assert (job.status, job.error) == ("FAILED", "The endpoint is switched off.")
        assert len(receiver.received) == 1
        assert happens() == []

    def test_a_410_of_an_address_that_the_endpoint_has_no_more_switches_nothing_off(
        self, endpoint_at, receiver
    ):
        endpoint = endpoint_at(receiver.url)

        def move_away(handler) -> None:
            WebhookEndpoint.objects.update(url=f"{receiver.url}&new=1")
            connection.close()
            with_body(b"", status=410)(handler)

        receiver.answers = [move_away, 200]
        (delivery,) = happens()
        assert run(delivery).status == "PENDING"
        assert run(delivery).status == "SUCCEEDED"
        assert receiver.received[-1].path.endswith("&new=1")
        endpoint.refresh_from_db()
        assert endpoint.is_active

    def test_goes_to_the_address_that_the_endpoint_has_by_then(self, endpoint_at, receiver):
        endpoint = endpoint_at("https://old.example/")
        (delivery,) = happens()
        endpoint.url = receiver.url
        endpoint.save()
        assert run(delivery).status == "SUCCEEDED"

    def test_ends_quietly_where_the_endpoint_is_deleted(self, endpoint_at, receiver):
        endpoint = endpoint_at(receiver.url)
        (delivery,) = happens()
        job = delivery.job
        endpoint.delete()
        deliver(job)
        job.refresh_from_db()
        assert job.status == "SUCCEEDED"
        assert receiver.received == []

    def test_tells_no_log_of_secret_address_or_payload(self, endpoint_at, receiver, caplog):
        caplog.set_level(logging.DEBUG)
        endpoint = endpoint_at(f"{receiver.url}&key=hush")
        receiver.answers = [500, redirect_to("/x"), lambda handler: None, 200]
        (delivery,) = happens(email="ada@example.com")
        for _ in range(4):
            run(delivery)
        # With tracebacks; what the database is asked stands in no log.
        own = caplog.text
        assert "is tried again" in own
        for private in (endpoint.secret, endpoint.secret[6:], "hush", "127.0.0.1", "ada@"):
            assert private not in own


class TestRotation:
    def test_signs_with_both_secrets_for_a_day(self, endpoint_at, receiver):
        endpoint = endpoint_at(receiver.url)
        old = endpoint.secret
        new = rotate_secret(endpoint_id=endpoint.pk, now=timezone.now())
        run(*happens())
        rotate_secret(endpoint_id=endpoint.pk, now=timezone.now() - timedelta(hours=24))
        latest = WebhookEndpoint.objects.get().secret
        run(*happens())
        first, second = receiver.received
        assert [is_signed(first, each) for each in (old, new)] == [True, True]
        assert [is_signed(second, each) for each in (old, new, latest)] == [False, False, True]

    def test_drops_a_secret_that_others_know_at_once(self, endpoint_at, receiver):
        endpoint = endpoint_at(receiver.url)
        old = endpoint.secret
        new = rotate_secret(endpoint_id=endpoint.pk, revoke_previous=True, now=timezone.now())
        run(*happens())
        (request,) = receiver.received
        assert [is_signed(request, each) for each in (old, new)] == [False, True]


class TestResend:
    def test_sends_what_was_delivered_again_under_the_same_id(self, endpoint_at, receiver):
        endpoint_at(receiver.url)
        (delivery,) = happens()
        run(delivery)
        resend_delivery(delivery_id=delivery.pk)
        assert run(delivery).status == "SUCCEEDED"
        first, second = receiver.received
        assert first.headers["webhook-id"] == second.headers["webhook-id"]

    def test_takes_the_place_of_what_waits(self, endpoint_at, receiver):
        endpoint_at(receiver.url)
        receiver.answers = [500, 200]
        (delivery,) = happens()
        waiting = run(delivery)
        resend_delivery(delivery_id=delivery.pk)
        assert run(delivery).status == "SUCCEEDED"
        # The one that had waited finds nothing left to do.
        Job.objects.filter(pk=waiting.pk).update(not_before=timezone.now())
        deliver(waiting)
        waiting.refresh_from_db()
        assert waiting.status == "SUCCEEDED"
        assert len(receiver.received) == 2

    def test_is_refused_to_an_endpoint_that_is_switched_off(self, endpoint_at):
        endpoint = endpoint_at("https://a.example/")
        (delivery,) = happens()
        WebhookEndpoint.objects.update(is_active=False)
        for call in (
            lambda: resend_delivery(delivery_id=delivery.pk),
            lambda: ping_endpoint(endpoint_id=endpoint.pk, now=NOON),
        ):
            with pytest.raises(Rejected, match="switched off") as caught:
                call()
            assert (caught.value.code, caught.value.field) == ("INVALID_TRANSITION", "id")
        assert Job.objects.count() == 1
