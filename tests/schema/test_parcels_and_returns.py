"""What happens to an order after checkout, as clients send it."""

from __future__ import annotations

from typing import Any

from django.core import mail

from catalog.models import Stock
from commerce.models import Fulfillment, OrderNote, Return
from schema.compiler.ids import encode_id
from tasks.models import Job
from tests.invariants import broken_invariants
from tests.schema.shop import (
    SKULL,
    CommittedShopTestCase,
    ShopTestCase,
    buy,
    id_of,
    make_user,
    run_jobs,
    token_of,
)
from users.models import Notification

RETURNS = """query ($token: ID!) { order(token: $token) {
  status
  allowedActions
  lines { quantity fulfilled returning returned }
  fulfillments { status }
  returns { id status reason answer lines { orderLine { sku } quantity } }
} }"""


def mutation(name: str) -> str:
    """A mutation of staff's beyond those that are fixed."""
    entity = "fulfillment" if name.startswith("fulfillment") else "orderReturn"
    input_type = f"{name[0].upper()}{name[1:]}Input"
    return (
        f"mutation ($input: {input_type}!) {{ {name}(input: $input) {{"
        f" {entity} {{ id status }} order {{ number status }}"
        " userErrors { field code message } } }"
    )


class TestParcels(CommittedShopTestCase):
    def test_are_sent_by_staff_and_told_to_the_customer(self) -> None:
        ada = token_of(make_user())
        staff = token_of(make_user("staff@example.com", role="order_manager"))
        order = buy(self, bearer=ada, quantity=3)["order"]
        line = order["lines"][0]["id"]
        run_jobs()
        mail.outbox.clear()

        answer = self.call(
            "FulfillmentCreate",
            bearer=staff,
            orderNumber=order["number"],
            trackingNumber="TRACK1",
            lines=[{"orderLineId": line, "quantity": 1}],
        )
        parcel, job = (
            Fulfillment.objects.get(),
            Job.objects.get(kind="commerce.send_shipping_notice"),
        )
        self.same(
            answer.data,
            {
                "fulfillmentCreate": {
                    "fulfillment": {
                        "id": id_of(parcel),
                        "trackingNumber": "TRACK1",
                        "status": "SHIPPED",
                    },
                    "order": {"number": order["number"], "status": "PARTIALLY_FULFILLED"},
                    "jobs": [
                        {
                            "id": encode_id("Job", job.public_id),
                            "kind": "commerce.send_shipping_notice",
                            "status": "PENDING",
                        }
                    ],
                    "userErrors": [],
                }
            },
        )
        run_jobs()
        (message,) = mail.outbox
        assert "TRACK1" in message.body
        assert Notification.objects.get(kind="ORDER_SHIPPED").user.email == "ada@example.com"
        shown = self.send("OrderByToken", token=order["token"]).data["order"]
        self.same(
            shown["fulfillments"],
            [
                {
                    "id": id_of(parcel),
                    "trackingNumber": "TRACK1",
                    "status": "SHIPPED",
                    "lines": [{"orderLine": {"id": line}, "quantity": 1}],
                }
            ],
        )
        last = shown["events"]["edges"][-1]["node"]
        assert (last["sequence"], last["kind"]) == (3, "FULFILLED")
        assert shown["allowedActions"] == ["REQUEST_RETURN"]
        assert broken_invariants() == []


class TestStaff(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.staff = token_of(make_user("staff@example.com", role="order_manager"))
        self.order = buy(self, quantity=2)["order"]
        self.line = self.order["lines"][0]["id"]

    def send_all(self) -> Any:
        return self.call(
            "FulfillmentCreate", bearer=self.staff, orderNumber=self.order["number"]
        ).payload["fulfillment"]

    def ask_back(self, quantity: int = 1, **options: Any) -> Any:
        lines = [{"orderLineId": self.line, "quantity": quantity}]
        given = {"token": self.order["token"], "lines": lines, **options}
        return self.call("ReturnRequest", **given).payload["orderReturn"]

    def do(self, name: str, **given: Any) -> Any:
        return self.ask(mutation(name), {"input": given}, bearer=self.staff)

    def shown(self) -> Any:
        return self.ask(RETURNS, {"token": self.order["token"]}).data["order"]

    def test_send_all_that_is_left_where_no_lines_are_named(self) -> None:
        for lines in ({}, {"lines": None}):
            parcel = self.call(
                "FulfillmentCreate", bearer=self.staff, orderNumber=self.order["number"], **lines
            ).payload
            assert parcel["order"]["status"] == "FULFILLED"
            answer = self.do("fulfillmentCancel", id=parcel["fulfillment"]["id"])
            assert answer.payload["order"]["status"] == "CONFIRMED"
            assert answer.payload["fulfillment"]["status"] == "CANCELLED"

    def test_send_once_for_a_key(self) -> None:
        given = {"orderNumber": self.order["number"], "idempotencyKey": "k"}
        first = self.call("FulfillmentCreate", bearer=self.staff, **given)
        assert self.call("FulfillmentCreate", bearer=self.staff, **given).text == first.text

    def test_say_when_a_parcel_has_arrived(self) -> None:
        parcel = self.send_all()
        answer = self.do("fulfillmentDeliver", id=parcel["id"])
        assert answer.payload["fulfillment"] == {"id": parcel["id"], "status": "DELIVERED"}
        self.rejected(
            lambda: self.do("fulfillmentDeliver", id=parcel["id"]),
            ("input.id", "INVALID_TRANSITION"),
        )

    def test_decide_on_returns_and_receive_them(self) -> None:
        self.send_all()
        asked = self.ask_back(reason="too small")
        stored = Return.objects.get()
        self.same(asked, {"id": id_of(stored), "status": "REQUESTED"})
        assert self.do("returnApprove", id=asked["id"], answer="ok").payload["orderReturn"] == {
            "id": asked["id"],
            "status": "APPROVED",
        }
        self.same(
            self.shown(),
            {
                "status": "FULFILLED",
                "allowedActions": ["REQUEST_RETURN"],
                "lines": [{"quantity": 2, "fulfilled": 2, "returning": 1, "returned": 0}],
                "fulfillments": [{"status": "SHIPPED"}],
                "returns": [
                    {
                        "id": asked["id"],
                        "status": "APPROVED",
                        "reason": "too small",
                        "answer": "ok",
                        "lines": [{"orderLine": {"sku": "MUG-1"}, "quantity": 1}],
                    }
                ],
            },
        )
        answer = self.do("returnReceive", id=asked["id"])
        assert answer.payload["orderReturn"]["status"] == "RECEIVED"
        assert Stock.objects.get(variant__sku="MUG-1").on_hand == 9
        second = self.ask_back()
        assert self.do("returnReject", id=second["id"]).payload["orderReturn"]["status"] == (
            "REJECTED"
        )
        third = self.ask_back()
        self.do("returnApprove", id=third["id"])
        self.do("returnReceive", id=third["id"], restock=False)
        assert Stock.objects.get(variant__sku="MUG-1").on_hand == 9
        shown = self.shown()
        assert shown["lines"][0]["returned"] == 2
        assert shown["allowedActions"] == []
        assert broken_invariants() == []

    def test_ask_for_a_return_by_number(self) -> None:
        self.send_all()
        lines = [{"orderLineId": self.line, "quantity": 1}]
        answer = self.call(
            "ReturnRequest",
            bearer=self.staff,
            token=None,
            number=self.order["number"],
            reason=None,
            lines=lines,
        )
        assert answer.payload["orderReturn"]["status"] == "REQUESTED"

    def test_are_told_what_is_wrong(self) -> None:
        number, token = self.order["number"], self.order["token"]
        one = {"orderLineId": self.line, "quantity": 1}
        for given, field, code in (
            ({"orderNumber": "N-1"}, "orderNumber", "NOT_FOUND"),
            ({"orderNumber": SKULL * 1000}, "orderNumber", "NOT_FOUND"),
            ({"lines": []}, "lines", "REQUIRED"),
            ({"lines": [one, one]}, "lines.1.orderLineId", "INVALID"),
            ({"lines": [one | {"quantity": 3}]}, "lines.0.quantity", "INVALID"),
            ({"lines": [one | {"quantity": 0}]}, "lines.0.quantity", "INVALID"),
            ({"lines": [one | {"quantity": 2**31 - 1}]}, "lines.0.quantity", "INVALID"),
            ({"lines": [one | {"orderLineId": "x"}]}, "lines.0.orderLineId", "NOT_FOUND"),
            (
                {"lines": [one | {"orderLineId": self.order["id"]}]},
                "lines.0.orderLineId",
                "NOT_FOUND",
            ),
            ({"trackingNumber": "x" * 101}, "trackingNumber", "INVALID"),
            ({"idempotencyKey": ""}, "idempotencyKey", "INVALID"),
        ):
            with self.subTest(str(given)[:60]):
                self.rejected(
                    lambda given=given: self.call(
                        "FulfillmentCreate", bearer=self.staff, **{"orderNumber": number, **given}
                    ),
                    (f"input.{field}", code),
                )
        answer = self.call("ReturnRequest", token=token, lines=[one])
        (error,) = answer.data["returnRequest"]["userErrors"]
        assert (error["field"], error["code"]) == (None, "INVALID_TRANSITION")
        self.send_all()
        for given, field, code in (
            ({"token": "garbage"}, "token", "NOT_FOUND"),
            ({"token": None}, "token", "REQUIRED"),
            ({"number": number}, "token", "INVALID"),
            ({"reason": "x" * 401}, "reason", "INVALID"),
            ({"lines": []}, "lines", "REQUIRED"),
            ({"lines": [one | {"quantity": 3}]}, "lines.0.quantity", "INVALID"),
            ({"idempotencyKey": "\n"}, "idempotencyKey", "INVALID"),
        ):
            with self.subTest(str(given)[:60]):
                self.rejected(
                    lambda given=given: self.call(
                        "ReturnRequest", **{"token": token, "lines": [one], **given}
                    ),
                    (f"input.{field}", code),
                )
        for name in (
            "fulfillmentDeliver",
            "fulfillmentCancel",
            "returnApprove",
            "returnReject",
            "returnReceive",
        ):
            for global_id in ("", "garbage", self.order["id"], encode_id("Return", 2**63)):
                self.rejected(
                    lambda name=name, id_=global_id: self.do(name, id=id_),
                    ("input.id", "NOT_FOUND"),
                )

    def test_parts_are_shown_with_their_order_alone(self) -> None:
        parcel, asked = self.send_all(), self.ask_back()
        stranger = token_of(make_user())
        for global_id in (parcel["id"], asked["id"]):
            for bearer, is_seen in ((self.staff, True), (stranger, False), (None, False)):
                shown = self.send("NodeById", bearer=bearer, id=global_id).data["node"]
                assert bool(shown) is is_seen


class TestNotes(ShopTestCase):
    CREATE = """mutation ($input: OrderNoteCreateInput!) { orderNoteCreate(input: $input) {
      orderNote { body author } order { number } userErrors { field code message } } }"""
    READ = """query ($token: ID!) { order(token: $token) {
      number notes { id body author createdAt } } }"""

    def test_are_written_and_read_by_staff_alone(self) -> None:
        ada = token_of(make_user())
        staff = token_of(make_user("staff@example.com", role="support", first_name="Grace"))
        order = buy(self, bearer=ada)["order"]
        given = {"orderNumber": order["number"], "body": "Call her back.", "idempotencyKey": "k"}
        for _ in range(2):
            answer = self.ask(self.CREATE, {"input": given}, bearer=staff)
            self.same(
                answer.payload,
                {
                    "orderNote": {"body": "Call her back.", "author": "Grace"},
                    "order": {"number": order["number"]},
                    "userErrors": [],
                },
            )
        note = OrderNote.objects.get()
        variables = {"token": order["token"]}
        self.same(
            self.ask(self.READ, variables, bearer=staff).data["order"]["notes"],
            [
                {
                    "id": id_of(note),
                    "body": "Call her back.",
                    "author": "Grace",
                    "createdAt": note.created_at.isoformat(),
                }
            ],
        )
        for bearer in (ada, None):
            shown = self.ask(self.READ, variables, bearer=bearer).data["order"]
            assert shown == {"number": order["number"], "notes": []}
            assert self.send("NodeById", bearer=bearer, id=id_of(note)).data == {"node": None}
        catalogue = token_of(make_user("cat@example.com", role="catalog_manager"))
        assert self.ask(self.READ, variables, bearer=catalogue).data["order"]["notes"] == []

    def test_need_an_author_no_more(self) -> None:
        user = make_user("staff@example.com", role="support")
        order = buy(self)["order"]
        given = {"orderNumber": order["number"], "body": "x"}
        shown = self.ask(self.CREATE, {"input": given}, bearer=token_of(user)).payload
        assert shown["orderNote"]["author"] == "staff@example.com"
        OrderNote.objects.update(author=None)
        staff = token_of(make_user("boss@example.com", role="admin"))
        shown = self.ask(self.READ, {"token": order["token"]}, bearer=staff).data["order"]
        assert shown["notes"][0]["author"] is None

    def test_that_cannot_be_written_say_why(self) -> None:
        staff = token_of(make_user("staff@example.com", role="support"))
        number = buy(self)["order"]["number"]
        for given, field, code in (
            ({"orderNumber": "N-1"}, "orderNumber", "NOT_FOUND"),
            ({"body": " "}, "body", "REQUIRED"),
            ({"body": "x" * 5001}, "body", "INVALID"),
            ({"idempotencyKey": ""}, "idempotencyKey", "INVALID"),
        ):
            with self.subTest(str(given)[:60]):
                self.rejected(
                    lambda given=given: self.ask(
                        self.CREATE,
                        {"input": {"orderNumber": number, "body": "x", **given}},
                        bearer=staff,
                    ),
                    (f"input.{field}", code),
                )
