"""What staff do with integrators' endpoints."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

from django.utils import timezone

from schema.schema import schema
from tasks.models import Job
from tasks.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests.schema.shop import SKULL, Answer, ShopTestCase, id_of, make_user, token_of
from tests.tasks.webhooks.factories import make_delivery, make_endpoint

PAYLOADS = {
    "webhookEndpointCreate": "webhookEndpoint { id url eventTypes description isActive } secret",
    "webhookEndpointUpdate": "webhookEndpoint { id url eventTypes description isActive }",
    "webhookEndpointDelete": "deletedId",
    "webhookEndpointRotateSecret": "webhookEndpoint { id previousSecretUntil } secret",
    "webhookEndpointPing": "webhookDelivery { id eventType status } jobs { kind status }",
    "webhookDeliveryResend": "webhookDelivery { id status attempts } jobs { kind status }",
}
LOG = """query ($id: ID!, $filter: WebhookDeliveryFilter, $first: Int) {
  webhookEndpoint(id: $id) {
    url eventTypes
    deliveries(filter: $filter, first: $first) {
      totalCount
      nodes {
        eventType status payload attempts attemptedAt nextAttemptAt responseStatus
        responseExcerpt error job { id }
      }
    }
  }
}"""
GIVEN: dict[str, Any] = {
    "url": "https://hooks.example/shop",
    "eventTypes": ["PRODUCT_CREATED", "ORDER_CREATED", "ORDER_CREATED"],
    "description": "The warehouse.",
}


class WebhookTestCase(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.bearer = token_of(make_user("boss@example.com", role="admin"))

    def do(self, name: str, **given: Any) -> Answer:
        type_ = f"{name[0].upper()}{name[1:]}Input"
        return self.ask(
            f"mutation ($input: {type_}!) {{"
            f" {name}(input: $input) {{ {PAYLOADS[name]} userErrors {{ field code message }} }} }}",
            {"input": given},
            bearer=self.bearer,
        )

    def log_of(self, endpoint: WebhookEndpoint, **variables: Any) -> Any:
        answer = self.ask(LOG, {"id": id_of(endpoint), **variables}, bearer=self.bearer)
        return answer.data["webhookEndpoint"]


class TestEndpoints(WebhookTestCase):
    def test_are_entered_with_a_secret_that_is_shown_once(self) -> None:
        payload = self.do("webhookEndpointCreate", **GIVEN).payload
        endpoint = WebhookEndpoint.objects.get()
        assert payload == {
            "webhookEndpoint": {
                "id": id_of(endpoint),
                "url": "https://hooks.example/shop",
                "eventTypes": ["ORDER_CREATED", "PRODUCT_CREATED"],
                "description": "The warehouse.",
                "isActive": True,
            },
            "secret": endpoint.secret,
            "userErrors": [],
        }
        assert endpoint.secret.startswith("whsec_")
        assert len(base64.b64decode(endpoint.secret[6:])) == 32
        fields = " ".join(self.field_names("WebhookEndpoint"))
        answer = self.ask(f"{{ webhookEndpoints {{ nodes {{ {fields} }} }} }}", bearer=self.bearer)
        assert answer.data["webhookEndpoints"]["nodes"][0]["url"] == endpoint.url
        assert endpoint.secret[6:] not in answer.text

    def field_names(self, type_: str) -> list[str]:
        """The fields of a type that have no fields of their own."""
        fields = schema.graphql_schema.type_map[type_].fields
        return [name for name in fields if name != "deliveries"]

    def test_are_entered_once_with_one_key_and_tell_a_repeat_no_secret(self) -> None:
        one = self.do("webhookEndpointCreate", **GIVEN, idempotencyKey="k").payload
        two = self.do("webhookEndpointCreate", **GIVEN, idempotencyKey="k").payload
        assert one["webhookEndpoint"] == two["webhookEndpoint"]
        assert one["secret"]
        assert two["secret"] is None
        changed = {**GIVEN, "description": "Another.", "idempotencyKey": "k"}
        self.rejected(
            lambda: self.do("webhookEndpointCreate", **changed),
            ("input.idempotencyKey", "IDEMPOTENCY_CONFLICT"),
        )
        WebhookEndpoint.objects.all().delete()
        self.rejected(
            lambda: self.do("webhookEndpointCreate", **GIVEN, idempotencyKey="k"),
            ("input.idempotencyKey", "NOT_FOUND"),
        )

    def test_are_refused_by_field(self) -> None:
        endpoint = id_of(make_endpoint())
        for changes, field, code in (
            ({"url": ""}, "url", "INVALID"),
            ({"url": "https://10.0.0.1/"}, "url", "INVALID"),
            ({"url": "http://localhost:8000/"}, "url", "INVALID"),
            ({"url": "https://2130706433/"}, "url", "INVALID"),
            ({"url": "https://ada:secret@hooks.example/"}, "url", "INVALID"),
            ({"url": "ftp://hooks.example/"}, "url", "INVALID"),
            ({"url": f"https://hooks.example/{'x' * 2000}"}, "url", "INVALID"),
            ({"eventTypes": []}, "eventTypes", "REQUIRED"),
            ({"description": "x" * 201}, "description", "INVALID"),
            ({"description": "a\nb"}, "description", "INVALID"),
        ):
            with self.subTest(changes=changes):
                self.rejected(
                    lambda changes=changes: self.do(
                        "webhookEndpointCreate", **{**GIVEN, **changes}
                    ),
                    (f"input.{field}", code),
                )
                self.rejected(
                    lambda changes=changes: self.do(
                        "webhookEndpointUpdate", id=endpoint, **changes
                    ),
                    (f"input.{field}", code),
                )

    def test_are_changed_where_something_is_said(self) -> None:
        endpoint = make_endpoint(description="Old.")
        payload = self.do(
            "webhookEndpointUpdate",
            id=id_of(endpoint),
            url="https://new.example/",
            eventTypes=["PING"],
            description=SKULL,
            isActive=False,
        ).payload["webhookEndpoint"]
        changed = {
            "id": id_of(endpoint),
            "url": "https://new.example/",
            "eventTypes": ["PING"],
            "description": SKULL,
            "isActive": False,
        }
        assert payload == changed
        nothing = dict.fromkeys(("url", "eventTypes", "description", "isActive"))
        same = self.do("webhookEndpointUpdate", id=id_of(endpoint), **nothing).payload
        assert same["webhookEndpoint"] == changed

    def test_are_deleted_with_their_log(self) -> None:
        delivery = make_delivery()
        endpoint = id_of(delivery.endpoint)
        assert self.do("webhookEndpointDelete", id=endpoint).payload["deletedId"] == endpoint
        assert not WebhookDelivery.objects.exists()
        assert Job.objects.filter(pk=delivery.job_id).exists()

    def test_get_a_new_secret_that_is_shown_once(self) -> None:
        endpoint = make_endpoint()
        old = endpoint.secret
        began = timezone.now()
        payload = self.do("webhookEndpointRotateSecret", id=id_of(endpoint)).payload
        endpoint.refresh_from_db()
        assert payload["secret"] == endpoint.secret != old
        assert endpoint.previous_secret == old
        assert endpoint.previous_secret_until >= began + timedelta(hours=24)
        assert payload["webhookEndpoint"]["previousSecretUntil"]
        payload = self.do(
            "webhookEndpointRotateSecret", id=id_of(endpoint), revokePrevious=True
        ).payload
        assert payload["webhookEndpoint"]["previousSecretUntil"] is None

    def test_that_are_unknown_are_not_found(self) -> None:
        delivery = make_delivery()
        for name in PAYLOADS.keys() - {"webhookEndpointCreate"}:
            for id_ in ("x", id_of(delivery.job), id_of(make_user(f"{name}@example.com"))):
                self.rejected(
                    lambda name=name, id_=id_: self.do(name, id=id_), ("input.id", "NOT_FOUND")
                )
        answer = self.ask(LOG, {"id": id_of(delivery)}, bearer=self.bearer)
        assert answer.data == {"webhookEndpoint": None}


class TestDeliveries(WebhookTestCase):
    def test_show_what_was_sent_and_what_was_answered(self) -> None:
        delivery = make_delivery(payload='{"type":"order.created"}', response_status=500)
        moment = timezone.now()
        Job.objects.update(
            attempts=3, started_at=moment, not_before=moment, error="The endpoint answered 500."
        )
        (shown,) = self.log_of(delivery.endpoint)["deliveries"]["nodes"]
        assert shown == {
            "eventType": "ORDER_CREATED",
            "status": "PENDING",
            "payload": '{"type":"order.created"}',
            "attempts": 3,
            "attemptedAt": moment.isoformat(),
            "nextAttemptAt": moment.isoformat(),
            "responseStatus": 500,
            "responseExcerpt": "",
            "error": "The endpoint answered 500.",
            "job": {"id": shown["job"]["id"]},
        }

    def test_are_filtered_by_status_and_type(self) -> None:
        endpoint = make_endpoint()
        for status in Job.Status.values:
            make_delivery(endpoint, status=status)
        make_delivery(endpoint, status="DEAD", event_type="PING")
        make_delivery(status="DEAD")
        for filter_, count in (
            ({}, 7),
            ({"status": ["PENDING"]}, 3),
            ({"status": ["DELIVERED"]}, 1),
            ({"status": ["FAILED"]}, 3),
            ({"status": ["FAILED", "DELIVERED"]}, 4),
            ({"status": ["FAILED"], "eventType": ["PING"]}, 1),
            ({"eventType": ["PING", "PRODUCT_CREATED"]}, 1),
        ):
            with self.subTest(filter=filter_):
                log = self.log_of(endpoint, filter=filter_, first=2)["deliveries"]
                assert log["totalCount"] == count
                statuses = {node["status"] for node in log["nodes"]}
                assert statuses <= set(filter_.get("status", statuses))

    def test_are_sent_again(self) -> None:
        delivery = make_delivery(status="DEAD")
        payload = self.do("webhookDeliveryResend", id=id_of(delivery)).payload
        assert payload == {
            "webhookDelivery": {"id": id_of(delivery), "status": "PENDING", "attempts": 0},
            "jobs": [{"kind": "webhooks.send_delivery", "status": "PENDING"}],
            "userErrors": [],
        }
        WebhookEndpoint.objects.update(is_active=False)
        self.rejected(
            lambda: self.do("webhookDeliveryResend", id=id_of(delivery)),
            ("input.id", "INVALID_TRANSITION"),
        )

    def test_begin_with_a_ping(self) -> None:
        endpoint = make_endpoint()
        payload = self.do("webhookEndpointPing", id=id_of(endpoint)).payload
        delivery = WebhookDelivery.objects.get()
        assert payload["webhookDelivery"] == {
            "id": id_of(delivery),
            "eventType": "PING",
            "status": "PENDING",
        }
        assert payload["jobs"] == [{"kind": "webhooks.send_delivery", "status": "PENDING"}]
        body = json.loads(delivery.payload)
        assert (body["type"], body["data"]) == ("ping", {})
