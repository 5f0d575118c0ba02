"""What the shop's staff sends, and what others are answered who send it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from commerce.models import Order
from schema.compiler.ids import encode_id
from tasks.models import Job
from tests.schema.shop import LONG_AGO, Answer, ShopTestCase, buy, make_user, token_of


def numbers(connection: dict[str, Any]) -> list[str]:
    return [edge["node"]["number"] for edge in connection["edges"]]


class TestStaffOrders(ShopTestCase):
    """Three orders a day apart, the last one cancelled and paid back."""

    numbers: list[str]

    def setUp(self) -> None:
        super().setUp()
        self.bearer = token_of(make_user("staff@example.com", role="order_manager"))
        payloads = [buy(self, quantity=1) for _ in range(3)]
        self.numbers = [payload["order"]["number"] for payload in payloads]
        for day, number in enumerate(self.numbers):
            Order.objects.filter(number=number).update(placed_at=LONG_AGO + timedelta(days=day))
        Order.objects.filter(number=self.numbers[2]).update(
            status="CANCELLED", payment_status="REFUNDED", email="grace@example.com"
        )

    def orders(self, **variables: Any) -> Any:
        return self.send("StaffOrders", bearer=self.bearer, **variables).data["orders"]

    def test_are_answered_whole(self) -> None:
        orders = self.orders(sort="OLDEST", first=1)
        cursor = orders["pageInfo"]["endCursor"]
        assert cursor
        self.same(
            orders,
            {
                "totalCount": 3,
                "edges": [
                    {
                        "node": {
                            "number": self.numbers[0],
                            "status": "CONFIRMED",
                            "paymentStatus": "PENDING",
                            "email": "ada@example.com",
                            "total": {"amount": "17.88", "currency": settings.CURRENCY},
                            "placedAt": "2026-01-02T03:04:05+00:00",
                            "allowedActions": ["CANCEL", "CAPTURE", "FULFILL"],
                        }
                    }
                ],
                "pageInfo": {"hasNextPage": True, "endCursor": cursor},
            },
        )
        assert numbers(self.orders(sort="OLDEST", after=cursor)) == self.numbers[1:]

    def test_come_in_either_order(self) -> None:
        assert numbers(self.orders()) == self.numbers[::-1]
        assert numbers(self.orders(sort="NEWEST")) == self.numbers[::-1]
        assert numbers(self.orders(sort="OLDEST")) == self.numbers

    def test_are_filtered(self) -> None:
        first, second, third = self.numbers
        noon = (LONG_AGO + timedelta(days=1)).isoformat()
        for given, expected in (
            ({"status": ["CONFIRMED"]}, [first, second]),
            ({"status": ["CANCELLED", "EXPIRED"]}, [third]),
            ({"status": []}, [first, second, third]),
            ({"status": None}, [first, second, third]),
            ({"paymentStatus": ["PENDING"]}, [first, second]),
            ({"paymentStatus": ["REFUNDED", "PAID"]}, [third]),
            ({"placedAfter": noon}, [second, third]),
            ({"placedBefore": noon}, [first]),
            ({"placedAfter": noon, "placedBefore": noon}, []),
            ({"email": "GRACE@example.com"}, [third]),
            ({"email": "race@example.com"}, []),
            ({"search": second}, [second]),
            ({"search": second.lower()}, [second]),
            ({"search": "Grace@"}, [third]),
            ({"search": "example"}, []),
            ({"search": "%"}, []),
            ({"search": "ada_example"}, []),
            ({"status": ["CONFIRMED"], "search": "grace"}, []),
            (
                {
                    "status": ["CONFIRMED"],
                    "paymentStatus": ["PENDING"],
                    "placedAfter": "2026-01-01T00:00:00Z",
                    "email": "ada@example.com",
                    "search": first[:3],
                },
                [first, second],
            ),
        ):
            with self.subTest(given):
                orders = self.orders(filter=given, sort="OLDEST")
                assert numbers(orders) == expected
                assert orders["totalCount"] == len(expected)

    def test_can_be_called_off_by_who_may_change_them_alone(self) -> None:
        helper = token_of(make_user("helper@example.com", role="support"))
        self.refused(
            lambda: self.call("OrderCancel", bearer=helper, number=self.numbers[0]), "FORBIDDEN"
        )
        answer = self.call("OrderCancel", bearer=self.bearer, number=self.numbers[0])
        assert answer.payload["order"] == {"number": self.numbers[0], "status": "CANCELLED"}


class TestJobs(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.bearer = token_of(make_user("staff@example.com", role="order_manager"))
        self.dead, self.done = (
            Job.objects.create(
                kind=kind,
                status=status,
                attempts=attempts,
                progress=progress,
                error=error,
                created_at=LONG_AGO + timedelta(days=day),
                finished_at=LONG_AGO + timedelta(days=day, microseconds=70),
            )
            for day, (kind, status, attempts, progress, error) in enumerate(
                [
                    ("commerce.send_order_confirmation", "DEAD", 10, 40, "No mail server."),
                    ("users.notify_recipient", "SUCCEEDED", 1, 100, ""),
                ]
            )
        )

    def jobs(self, **variables: Any) -> Any:
        return self.send("Jobs", bearer=self.bearer, **variables).data["jobs"]

    def test_are_answered_whole(self) -> None:
        self.same(
            self.jobs(filter={"status": ["FAILED", "DEAD"]}),
            {
                "totalCount": 1,
                "edges": [
                    {
                        "node": {
                            "id": encode_id("Job", self.dead.public_id),
                            "kind": "commerce.send_order_confirmation",
                            "status": "DEAD",
                            "attempts": 10,
                            "progress": 40,
                            "error": "No mail server.",
                            "createdAt": "2026-01-02T03:04:05+00:00",
                            "finishedAt": "2026-01-02T03:04:05.000070+00:00",
                        }
                    }
                ],
            },
        )

    def test_are_filtered(self) -> None:
        confirmation, notification = self.dead.kind, self.done.kind
        for given, expected in (
            (None, [notification, confirmation]),
            ({}, [notification, confirmation]),
            ({"status": ["SUCCEEDED"]}, [notification]),
            ({"status": ["PENDING"]}, []),
            ({"kind": [confirmation]}, [confirmation]),
            ({"kind": [confirmation, notification]}, [notification, confirmation]),
            ({"kind": ["nothing"]}, []),
            ({"kind": [confirmation], "status": ["SUCCEEDED"]}, []),
        ):
            with self.subTest(given):
                jobs = self.jobs(filter=given)
                assert [edge["node"]["kind"] for edge in jobs["edges"]] == expected
                assert jobs["totalCount"] == len(expected)

    def test_one_is_shown_to_whoever_was_given_its_id(self) -> None:
        global_id = encode_id("Job", self.dead.public_id)
        shown = self.send("Job", id=global_id).data["job"]
        assert (shown["id"], shown["status"]) == (global_id, "DEAD")
        for unknown in (
            encode_id("Job", self.dead.pk),
            encode_id("Job", "0" * 32),
            encode_id("Job", ""),
            "",
            "garbage",
        ):
            assert self.send("Job", id=unknown).data == {"job": None}

    def test_a_dead_one_is_sent_again(self) -> None:
        global_id = encode_id("Job", self.dead.public_id)
        self.same(
            self.call("JobRetry", bearer=self.bearer, id=global_id).data,
            {"jobRetry": {"job": {"id": global_id, "status": "PENDING"}, "userErrors": []}},
        )
        self.dead.refresh_from_db()
        assert (self.dead.status, self.dead.attempts) == ("PENDING", 0)
        assert self.dead.not_before <= timezone.now()

    def test_no_other_one_is_sent_again(self) -> None:
        for global_id, code in (
            (encode_id("Job", self.done.public_id), "INVALID_TRANSITION"),
            (encode_id("Job", "0" * 32), "NOT_FOUND"),
            (encode_id("Job", self.dead.pk), "NOT_FOUND"),
            ("garbage", "NOT_FOUND"),
        ):
            self.rejected(
                lambda id_=global_id: self.call("JobRetry", bearer=self.bearer, id=id_),
                ("input.id", code),
            )


class TestDenial(ShopTestCase):
    """What staff may do is named to who may not, and public fields are answered beside it."""

    MIXED = """{
      product(slug: "mug") { name }
      hidden: orders { totalCount }
      viewer { email }
    }"""
    MUG = {"name": "Mug"}

    def staff_operations(self, bearer: str | None, code: str) -> dict[str, Any]:
        """Send each; the errors by the permission that it takes."""
        job = Job.objects.create(kind="users.notify_recipient", status="DEAD")
        retry = {"id": encode_id("Job", job.public_id)}
        parcel = {"orderNumber": "N-1", "lines": []}
        sent: dict[str, Callable[[], Answer]] = {
            "commerce.view_order": lambda: self.send("StaffOrders", bearer=bearer),
            "commerce.add_fulfillment": lambda: self.call(
                "FulfillmentCreate", bearer=bearer, **parcel
            ),
            "tasks.view_job": lambda: self.send("Jobs", bearer=bearer),
            "tasks.change_job": lambda: self.call("JobRetry", bearer=bearer, **retry),
        }
        return {permission: self.refused(ask, code).errors for permission, ask in sent.items()}

    def test_of_a_customer_names_the_permission(self) -> None:
        bearer = token_of(make_user())
        for permission, errors in self.staff_operations(bearer, "FORBIDDEN").items():
            assert errors == [{"code": "FORBIDDEN", "required": permission}]

    def test_of_an_anonymous_caller_asks_to_log_in(self) -> None:
        for permission, errors in self.staff_operations(None, "UNAUTHENTICATED").items():
            assert errors == [{"code": "UNAUTHENTICATED", "required": permission}]

    def test_says_where(self) -> None:
        answer = self.ask(self.MIXED, bearer=token_of(make_user()))
        assert answer.body["data"] == {
            "product": self.MUG,
            "hidden": None,
            "viewer": {"email": "ada@example.com"},
        }
        (error,) = answer.body["errors"]
        assert error["path"] == ["hidden"]
        assert error["locations"] == [{"line": 3, "column": 7}]
        assert error["message"]

    def test_of_a_bad_token_says_what_is_wrong_with_it(self) -> None:
        user = make_user()
        for bearer, reason in (
            (None, {}),
            (token_of(user, age=timedelta(hours=1)), {"reason": "TOKEN_EXPIRED"}),
            ("garbage", {"reason": "TOKEN_INVALID"}),
            (token_of(user)[:-2], {"reason": "TOKEN_INVALID"}),
            ("", {"reason": "TOKEN_INVALID"}),
        ):
            with self.subTest(reason):
                answer = self.ask(self.MIXED, bearer=bearer)
                assert answer.status == 200
                assert answer.body["data"] == {
                    "product": self.MUG,
                    "hidden": None,
                    "viewer": None,
                }
                assert answer.errors == [
                    {"code": "UNAUTHENTICATED", "required": "commerce.view_order", **reason},
                    {"code": "UNAUTHENTICATED", **reason},
                ]

    def test_ends_with_the_role(self) -> None:
        user = make_user(role="support")
        bearer = token_of(user)
        assert self.send("StaffOrders", bearer=bearer).data["orders"]["totalCount"] == 0
        user.groups.clear()
        assert self.send("StaffOrders", bearer=bearer).codes == ["FORBIDDEN"]
        user.is_active = False
        user.save()
        assert self.send("StaffOrders", bearer=bearer).codes == ["UNAUTHENTICATED"]
