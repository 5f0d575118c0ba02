"""Subscriptions over Server-Sent Events, in graphql-sse's "distinct connections" mode."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
import requests
from django.db import connection
from django.test import Client
from django.utils import timezone

from catalog.models import ProductImport
from commerce.models import Order, OrderEvent
from schema.compiler.ids import encode_id
from tasks.models import Job
from tests.schema.shop import (
    OPERATIONS,
    PASSWORD,
    Endpoint,
    buy,
    id_of,
    make_user,
    token_of,
)
from users.models import User
from users.services.notifications import notify
from users.services.sessions import end_sessions

ORDER = OPERATIONS["OrderUpdated"]
NOTIFICATION = OPERATIONS["NotificationReceived"]
JOB = OPERATIONS["JobUpdated"]
IMPORT = OPERATIONS["ImportProgress"]


def cancel(shop: Endpoint, order: dict) -> None:
    assert shop.call("OrderCancel", token=order["token"]).payload["order"]["status"] == "CANCELLED"


def tell(user: User, number: int) -> None:
    notify(
        user_id=user.pk,
        kind="MESSAGE_RECEIVED",
        source=f"message:{number}",
        title=f"Message {number}",
        now=timezone.now(),
    )


def change(job: Job, **values) -> None:
    Job.objects.filter(pk=job.pk).change(**values)


class TestOrderUpdated:
    def test_delivers_what_a_client_has_not_seen_and_then_what_comes(self, shop, event_source):
        order = buy(shop)["order"]
        stream = event_source(ORDER, {"token": order["token"], "after": 1})

        assert stream.response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert stream.next() == (
            2,
            {
                "data": {
                    "orderUpdated": {
                        "sequence": 2,
                        "kind": "CONFIRMED",
                        "message": "The order is confirmed; payment is due.",
                        "order": {
                            "number": order["number"],
                            "status": "CONFIRMED",
                            "paymentStatus": "PENDING",
                        },
                    }
                },
                "extensions": {"cost": 2},
            },
        )
        cancel(shop, order)
        sequence, body = stream.next()
        assert sequence == 3
        assert body["data"]["orderUpdated"]["order"]["status"] == "CANCELLED"

    def test_delivers_only_what_comes_to_whom_gives_no_place(self, shop, event_source):
        order = buy(shop)["order"]
        stream = event_source(ORDER, {"token": order["token"]})
        cancel(shop, order)
        assert stream.next()[0] == 3

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_goes_on_where_a_browser_says_that_it_was(self, shop, event_source, method):
        order = buy(shop)["order"]
        stream = event_source(
            ORDER, {"token": order["token"], "after": 0}, last_id=1, method=method
        )
        assert stream.next()[0] == 2

    def test_misses_nothing_and_repeats_nothing_over_many_reconnections(self, shop, event_source):
        order = Order.objects.get(token=buy(shop)["order"]["token"])
        OrderEvent.objects.bulk_create(
            OrderEvent(order=order, sequence=sequence, kind="CONFIRMED", message=str(sequence))
            for sequence in range(3, 31)
        )
        seen = [0]
        while seen[-1] < 30:
            stream = event_source(ORDER, {"token": order.token, "after": 0}, last_id=seen[-1])
            seen += [stream.next()[0] for _ in range(3)]
            stream.close()
        assert seen == list(range(31))

    def test_is_for_whoever_holds_the_token_or_may_see_the_order(self, shop, event_source):
        ada = make_user()
        token = buy(shop, bearer=token_of(ada))["order"]["token"]
        for bearer in [None, token_of(ada), token_of(make_user("s@example.com", role="support"))]:
            stream = event_source(ORDER, {"token": token, "after": 0}, bearer=bearer)
            assert stream.next()[0] == 1

    @pytest.mark.parametrize("token", ["", "unknown", "\N{SKULL}", "x" * 1000])
    def test_of_an_unknown_token_ends_at_once(self, shop, event_source, token):
        stream = event_source(ORDER, {"token": token})
        _, body = stream.next()
        assert body == {
            "errors": [
                {
                    "message": "There is nothing to watch.",
                    "path": ["orderUpdated"],
                    "extensions": {"code": "NOT_FOUND"},
                }
            ]
        }
        assert stream.ends()

    def test_ends_when_the_order_can_no_longer_be_seen(self, shop, event_source):
        order = buy(shop)["order"]
        stream = event_source(ORDER, {"token": order["token"]})
        Order.objects.update(token="another")
        OrderEvent.objects.create(
            order=Order.objects.get(), sequence=3, kind="CANCELLED", message="Secret"
        )
        _, body = stream.next()
        assert body["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        assert "Secret" not in json.dumps(body)
        assert stream.ends()


class TestNotificationReceived:
    def test_delivers_ones_own(self, shop, event_source):
        ada, eve = make_user(), make_user("eve@example.com")
        tell(ada, 1)
        stream = event_source(NOTIFICATION, {"after": 0}, bearer=token_of(ada))
        assert stream.next()[1]["data"]["notificationReceived"]["notification"]["title"] == (
            "Message 1"
        )
        tell(eve, 2)
        tell(ada, 3)
        sequence, body = stream.next()
        assert sequence == body["data"]["notificationReceived"]["sequence"] == 2
        notification = body["data"]["notificationReceived"]["notification"]
        assert notification["title"] == "Message 3"
        assert shop.ask(
            "query($id: ID!) { node(id: $id) { id } }",
            {"id": notification["id"]},
            bearer=token_of(ada),
        ).data["node"]

    @pytest.mark.parametrize(
        ("age", "reason"), [(None, None), (timedelta(days=1), "TOKEN_EXPIRED")]
    )
    def test_is_for_accounts(self, shop, event_source, age, reason):
        bearer = token_of(make_user(), age=age) if age else None
        stream = event_source(NOTIFICATION, bearer=bearer)
        _, body = stream.next()
        extensions = body["errors"][0]["extensions"]
        assert (extensions["code"], extensions.get("reason")) == ("UNAUTHENTICATED", reason)
        assert stream.ends()

    @pytest.mark.parametrize("how", ["logged out", "deactivated", "expired"])
    def test_ends_at_the_next_event_for_who_has_lost_the_account(
        self, shop, event_source, how, settings
    ):
        ada = make_user()
        nearly = settings.ACCESS_TOKEN_LIFETIME - timedelta(seconds=2)
        bearer = token_of(ada, age=nearly if how == "expired" else timedelta())
        stream = event_source(NOTIFICATION, bearer=bearer)
        if how == "logged out":
            end_sessions(user_id=ada.pk, now=timezone.now())
        elif how == "expired":
            time.sleep(2)
        else:
            User.objects.filter(pk=ada.pk).update(is_active=False)
        tell(ada, 1)
        _, body = stream.next()
        assert "data" not in body
        assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert stream.ends()


class TestProductImportProgress:
    def test_tells_staff_of_each_step_and_misses_none_that_came_before(self, shop, event_source):
        manager = token_of(make_user(role="catalog_manager"))
        sent = ProductImport.objects.create(row_count=3)
        given = {"id": id_of(sent)}
        stream = event_source(IMPORT, given, bearer=manager)

        def shown(sequence: int, status: str, valid: int) -> tuple:
            counts = {"rows": 3, "valid": valid, "invalid": 0}
            of = {"id": id_of(sent), "status": status, "counts": counts}
            update = {"sequence": sequence, "productImport": of}
            data = {"productImportProgress": update}
            return sequence, {"data": data, "extensions": {"cost": 2}}

        rows = ProductImport.objects.filter(pk=sent.pk)
        assert stream.next() == shown(1, "VALIDATING", 0)
        rows.change(valid_count=2)
        assert stream.next() == shown(2, "VALIDATING", 2)
        rows.change(valid_count=3)
        rows.change(status="VALIDATED")
        again = event_source(IMPORT, given | {"after": 2}, bearer=manager)
        assert again.next() == shown(4, "VALIDATED", 3)

    def test_is_nobody_elses(self, shop, event_source):
        given = {"id": id_of(ProductImport.objects.create())}
        for bearer, code in (
            (None, "UNAUTHENTICATED"),
            (token_of(make_user()), "FORBIDDEN"),
            (token_of(make_user("o@example.com", role="order_manager")), "FORBIDDEN"),
        ):
            stream = event_source(IMPORT, given, bearer=bearer)
            assert stream.next()[1]["errors"][0]["extensions"]["code"] == code
            assert stream.ends()


class TestJobUpdated:
    def test_begins_with_the_job_as_it_is_and_tells_of_changes(self, shop, event_source):
        job = Job.objects.create(kind="shop.import")
        stream = event_source(JOB, {"id": encode_id("Job", job.public_id)})
        assert stream.next()[0] == 1
        change(job, status="RUNNING", progress=40)
        sequence, body = stream.next()
        assert (sequence, body["data"]["jobUpdated"]["job"]) == (
            2,
            {"id": encode_id("Job", job.public_id), "status": "RUNNING", "progress": 40},
        )

    def test_of_several_changes_delivers_the_last(self, shop, event_source):
        job = Job.objects.create(kind="shop.import")
        for progress in [10, 20, 30]:
            change(job, status="RUNNING", progress=progress)
        stream = event_source(JOB, {"id": encode_id("Job", job.public_id), "after": 1})
        sequence, body = stream.next()
        assert (sequence, body["data"]["jobUpdated"]["job"]["progress"]) == (4, 30)

    @pytest.mark.parametrize("id_", ["", "x", encode_id("Job", 7), encode_id("Order", 1)])
    def test_of_an_unknown_id_ends_at_once(self, shop, event_source, id_):
        stream = event_source(JOB, {"id": id_})
        assert stream.next()[1]["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        assert stream.ends()


class TestTheStream:
    def test_answers_queries_and_mutations_with_one_event(self, shop, event_source):
        for query, data in [
            ('{ product(slug: "mug") { name } }', {"product": {"name": "Mug"}}),
            ("mutation { cartCreate(input: {}) { userErrors { code } } }", None),
        ]:
            stream = event_source(query)
            sequence, body = stream.next()
            assert sequence is None
            assert "errors" not in body
            assert data is None or body["data"] == data
            assert stream.ends()

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("subscription {", "GRAPHQL_PARSE_FAILED"),
            ("subscription { unknown }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { __typename }", "GRAPHQL_VALIDATION_FAILED"),
            (
                'subscription { a: jobUpdated(id: "1") { sequence }'
                ' b: jobUpdated(id: "2") { sequence } }',
                "GRAPHQL_VALIDATION_FAILED",
            ),
            ('subscription($x: Boolean = false) { jobUpdated(id: "1") @include(if: $x) '
             "{ sequence } }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription($x: Int!) { notificationReceived(after: $x) { sequence } }",
             "BAD_USER_INPUT"),
            (
                'subscription { orderUpdated(token: "x") { order '
                + "{ lines { variant { product " * 6
                + "{ id }"
                + " } } }" * 6
                + " } }",
                "LIMIT_EXCEEDED",
            ),
        ],
    )  # fmt: skip
    def test_tells_what_is_wrong_with_an_operation(self, shop, event_source, query, code):
        stream = event_source(query)
        assert stream.response.status_code == 200
        assert stream.next()[1]["errors"][0]["extensions"]["code"] == code
        assert stream.ends()

    def test_is_refused_to_a_request_that_is_none(self, shop, address):
        headers = {"Accept": "text/event-stream", "Content-Type": "application/json"}
        response = requests.post(f"http://{address}", "{", headers=headers, timeout=10)
        assert response.status_code == 400
        assert response.headers["Content-Type"].startswith("application/json")

    @pytest.mark.parametrize("last_id", ["x", "-1", "1" * 20, "1.5"])
    def test_is_refused_to_a_place_that_is_none(self, shop, event_source, last_id):
        stream = event_source(ORDER, {"token": "x"}, last_id=last_id)
        assert stream.response.status_code == 400
        assert stream.response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"

    def test_is_needed_for_a_subscription(self, shop, address):
        response = requests.post(
            f"http://{address}", json={"query": ORDER, "variables": {"token": "x"}}, timeout=10
        )
        assert "text/event-stream" in response.json()["errors"][0]["message"]
        assert shop.ask(ORDER, {"token": "x"}).codes == ["BAD_USER_INPUT"]

    def test_changes_nothing_by_get(self, shop, event_source):
        stream = event_source(
            "mutation { cartCreate(input: {}) { userErrors { code } } }", method="GET"
        )
        assert stream.response.status_code == 405

    def test_with_a_session_takes_the_csrf_token_too(self, shop, event_source):
        make_user()
        client = Client()
        assert client.login(username="ada@example.com", password=PASSWORD)
        cookie = {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}
        posted = event_source(NOTIFICATION, headers=cookie)
        assert posted.response.status_code == 403
        # Another site's page can't read what its browser gets here.
        stream = event_source(NOTIFICATION, {"after": 0}, headers=cookie, method="GET")
        tell(User.objects.get(email="ada@example.com"), 1)
        assert stream.next()[0] == 1

    def test_shows_that_it_lives(self, shop, event_source, monkeypatch):
        monkeypatch.setattr("schema.live.subscription.HEARTBEAT_SECONDS", 0.2)
        stream = event_source(ORDER, {"token": buy(shop)["order"]["token"]})
        lines = stream.response.iter_lines(chunk_size=1)
        assert [next(lines) for _ in range(6)] == [b":", b""] * 3

    def test_survives_the_loss_of_every_connection(self, shop, event_source):
        order = buy(shop)["order"]
        stream = event_source(ORDER, {"token": order["token"], "after": 1})
        assert stream.next()[0] == 2
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        cancel(shop, order)
        assert stream.next()[0] == 3

    def test_is_refused_beyond_the_clients_that_a_process_takes(self, shop, event_source, graphql):
        order = buy(shop)["order"]
        graphql._subscriptions._most = 1
        stream = event_source(ORDER, {"token": order["token"], "after": 0})
        assert stream.next()[0] == 1
        assert event_source(ORDER, {"token": order["token"]}).response.status_code == 503

    def test_ends_when_the_server_stops_so_that_the_client_comes_back(
        self, shop, event_source, graphql
    ):
        stream = event_source(ORDER, {"token": buy(shop)["order"]["token"], "after": 1})
        assert stream.next()[0] == 2
        graphql.end_streams()
        assert list(stream._events) == []
