"""Payments as clients see them, with the provider that takes no money."""

from __future__ import annotations

import uuid
from typing import Any

from commerce.models import Order, Payment
from schema.compiler.ids import encode_id
from tasks.models import Job
from tests.schema.shop import (
    SKULL,
    CommittedShopTestCase,
    ShopTestCase,
    buy,
    make_user,
    ready_cart,
    run_jobs,
    token_of,
)

SUCCEEDS = "4242 4242 4242 4242"
DECLINED = "4000000000000002"
NEEDS_ACTION = "4000000000003220"
TIMES_OUT = "4000000000000119"
TWICE = "4000000000000077"
AUTHORIZED = "4111111111111111"
NO_REFUND = "4000000000005126"


def fake(card: Any) -> dict[str, Any]:
    return {"provider": "fake", "data": {"card": card}}


class TestFakePayment(CommittedShopTestCase):
    def pay(self, card: str, **given: Any) -> Any:
        token = ready_cart(self)["token"]
        return self.call(
            "Checkout", cartToken=token, idempotencyKey=token, payment=fake(card), **given
        )

    def test_confirms_the_order(self) -> None:
        payload = self.pay(SUCCEEDS).payload
        assert (payload["order"]["status"], payload["order"]["paymentStatus"]) == (
            "CONFIRMED",
            "PAID",
        )
        assert payload["payment"]["nextAction"] is None
        assert [job["kind"] for job in payload["jobs"]] == ["commerce.send_order_confirmation"]

    def test_only_reserves_money_where_the_shop_wants_that(self) -> None:
        with self.settings(PAYMENT_CAPTURE="manual"):
            payload = self.pay(SUCCEEDS).payload
        assert payload["order"]["paymentStatus"] == payload["payment"]["status"] == "AUTHORIZED"

    def test_keeps_no_card_number(self) -> None:
        self.pay(SUCCEEDS)
        assert Payment.objects.get().data == {"card": "SUCCEEDS"}

    def test_is_declined_and_then_made_with_another_card(self) -> None:
        token = ready_cart(self)["token"]
        given = {"cartToken": token, "idempotencyKey": "k-1"}
        for _ in range(2):
            answer = self.call("Checkout", **given, payment=fake(DECLINED))
            assert answer.user_errors == [("input.payment", "PAYMENT_DECLINED")]
            assert answer.data["checkoutComplete"]["order"] is None
        answer = self.call("Checkout", **given, payment=fake(SUCCEEDS))
        assert answer.user_errors == [("input.idempotencyKey", "IDEMPOTENCY_CONFLICT")]
        given["idempotencyKey"] = "k-2"
        payload = self.call("Checkout", **given, payment=fake(SUCCEEDS)).payload
        assert payload["order"]["status"] == "CONFIRMED"
        assert Order.objects.count() == 1

    def test_needs_the_bank_and_then_succeeds(self) -> None:
        payload = self.pay(NEEDS_ACTION).payload
        assert (payload["order"]["status"], payload["payment"]["status"]) == (
            "PENDING_PAYMENT",
            "PENDING",
        )
        action = payload["payment"]["nextAction"]
        assert action["kind"] == "REDIRECT"
        assert action["redirectUrl"].startswith("https://")
        assert action["clientSecret"]
        given = {"paymentId": payload["payment"]["id"], "data": {}}
        confirmed = self.call("PaymentConfirm", **given)
        assert confirmed.payload["payment"] == {
            "id": payload["payment"]["id"],
            "status": "CAPTURED",
            "nextAction": None,
        }
        order = confirmed.payload["order"]
        assert (order["status"], order["paymentStatus"]) == ("CONFIRMED", "PAID")
        assert order["token"] == payload["order"]["token"]
        assert self.call("PaymentConfirm", **given).text == confirmed.text

    def test_needs_the_bank_and_then_fails(self) -> None:
        payment = self.pay(NEEDS_ACTION).payload["payment"]
        answer = self.call("PaymentConfirm", paymentId=payment["id"], data={"result": "failed"})
        assert answer.user_errors == [("input.paymentId", "PAYMENT_DECLINED")]

    def test_that_times_out_is_asked_for_by_a_job(self) -> None:
        payload = self.pay(TIMES_OUT).payload
        assert payload["order"]["status"] == "PENDING_PAYMENT"
        assert [job["kind"] for job in payload["jobs"]] == ["commerce.ask_payment_provider"]
        job = payload["jobs"][0]["id"]
        assert self.send("Job", id=job).data["job"]["status"] == "PENDING"
        self.run_all()
        assert self.send("Job", id=job).data["job"]["status"] == "SUCCEEDED"
        shown = self.send("OrderByToken", token=payload["order"]["token"]).data["order"]
        assert (shown["status"], shown["paymentStatus"]) == ("CONFIRMED", "PAID")

    def test_that_is_answered_twice_confirms_once(self) -> None:
        self.pay(TWICE)
        self.run_all()
        events = Order.objects.get().events.order_by("sequence").values_list("kind", flat=True)
        assert list(events) == ["PLACED", "CONFIRMED"]
        assert Job.objects.filter(kind="commerce.send_order_confirmation").count() == 1
        assert set(Job.objects.values_list("status", flat=True)) == {"SUCCEEDED"}

    def test_of_a_cancelled_order_is_given_back(self) -> None:
        for card, expected in ((SUCCEEDS, "REFUNDED"), (AUTHORIZED, "PENDING")):
            order = self.pay(card).payload["order"]
            self.call("OrderCancel", token=order["token"])
            self.run_all()
            shown = self.send("OrderByToken", token=order["token"]).data["order"]
            assert (shown["status"], shown["paymentStatus"]) == ("CANCELLED", expected)

    def test_with_bad_cards(self) -> None:
        token = ready_cart(self)["token"]
        given = {"cartToken": token, "idempotencyKey": "k-1"}
        for data, code in (
            ({}, "REQUIRED"),
            (None, "REQUIRED"),
            ({"card": None}, "REQUIRED"),
            ({"card": ""}, "INVALID"),
            ({"card": 4242}, "INVALID"),
            ({"card": ["4242424242424242"]}, "INVALID"),
            ({"card": SKULL}, "INVALID"),
            ({"card": "5555555555554444"}, "INVALID"),
        ):
            with self.subTest(data):
                payment = {"provider": "fake", "data": data}
                answer = self.rejected(
                    lambda payment=payment: self.call("Checkout", **given, payment=payment),
                    ("input.payment.data.card", code),
                )
                assert "5555" not in answer.text

    def run_all(self) -> None:
        """Run the jobs until none is left, whatever time they wait for."""
        while waiting := Job.objects.filter(status="PENDING"):
            waiting.update(not_before="2026-01-01T00:00:00Z")
            run_jobs()


class TestConfirmation(ShopTestCase):
    def test_of_no_such_payment(self) -> None:
        order = buy(self)["order"]
        for payment in (
            "",
            "garbage",
            SKULL,
            order["id"],
            encode_id("Payment", "1"),
            encode_id("Payment", uuid.uuid4()),
            encode_id("Order", Payment.objects.get().public_id),
        ):
            with self.subTest(payment):
                self.rejected(
                    lambda payment=payment: self.call("PaymentConfirm", paymentId=payment),
                    ("input.paymentId", "NOT_FOUND"),
                )

    def test_of_manual_payment_is_nothing_to_do(self) -> None:
        payment = buy(self)["payment"]
        self.rejected(
            lambda: self.call("PaymentConfirm", paymentId=payment["id"]),
            ("input.paymentId", "INVALID_TRANSITION"),
        )

    def test_with_data_that_is_no_object(self) -> None:
        payment = buy(self, payment=fake(NEEDS_ACTION))["payment"]
        for data in ([], "x", 1, True):
            self.rejected(
                lambda data=data: self.call("PaymentConfirm", paymentId=payment["id"], data=data),
                ("input.data", "INVALID"),
            )


class TestStaff(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.bearer = token_of(make_user("boss@example.com", role="order_manager"))

    def operate(self, name: str, number: str, **given: Any) -> Any:
        return self.call(
            name, bearer=self.bearer, **{"orderNumber": number, "idempotencyKey": "k-1"} | given
        )

    def test_capture_and_refund_in_parts(self) -> None:
        number = buy(self, payment=fake(AUTHORIZED))["order"]["number"]
        answer = self.operate("PaymentCapture", number, amount="9.90")
        assert answer.data == {
            "paymentCapture": {"order": {"paymentStatus": "AUTHORIZED"}, "userErrors": []}
        }
        answer = self.operate("PaymentCapture", number, idempotencyKey="k-2")
        assert answer.payload == {"order": {"paymentStatus": "PAID"}, "userErrors": []}
        for _ in range(2):
            answer = self.operate("PaymentRefund", number, amount="1.00", reason="scratched")
            assert answer.data == {
                "paymentRefund": {
                    "order": {"paymentStatus": "PARTIALLY_REFUNDED"},
                    "userErrors": [],
                }
            }
        answer = self.operate("PaymentRefund", number, idempotencyKey="k-2")
        assert answer.payload["order"] == {"paymentStatus": "REFUNDED"}

    def test_record_money_that_came_by_bank_transfer(self) -> None:
        number = buy(self)["order"]["number"]
        answer = self.operate("PaymentCapture", number)
        assert answer.payload["order"] == {"paymentStatus": "PAID"}

    def test_are_told_that_a_refund_is_refused(self) -> None:
        number = buy(self, payment=fake(NO_REFUND))["order"]["number"]
        answer = self.operate("PaymentRefund", number)
        assert answer.user_errors == [("input.amount", "PAYMENT_DECLINED")]

    def test_bad_input(self) -> None:
        number = buy(self, payment=fake(SUCCEEDS))["order"]["number"]
        for name in ("PaymentCapture", "PaymentRefund"):
            for given, error in (
                ({"orderNumber": "N-0"}, ("orderNumber", "NOT_FOUND")),
                ({"orderNumber": SKULL}, ("orderNumber", "NOT_FOUND")),
                ({"amount": "0"}, ("amount", "INVALID")),
                ({"amount": "-1"}, ("amount", "INVALID")),
                ({"amount": "0.001"}, ("amount", "INVALID")),
                ({"amount": "99999999999999"}, ("amount", "INVALID")),
                ({"idempotencyKey": ""}, ("idempotencyKey", "REQUIRED")),
                ({"idempotencyKey": "\n"}, ("idempotencyKey", "INVALID")),
            ):
                with self.subTest(f"{name} {given}"):
                    self.rejected(
                        lambda name=name, given=given: self.operate(name, number, **given),
                        (f"input.{error[0]}", error[1]),
                    )
        self.rejected(
            lambda: self.operate("PaymentCapture", number),
            ("input.orderNumber", "INVALID_TRANSITION"),
        )
        self.rejected(
            lambda: self.operate("PaymentRefund", number, amount="99.00"),
            ("input.amount", "INVALID"),
        )
        self.rejected(
            lambda: self.operate("PaymentRefund", number, reason="x" * 401),
            ("input.reason", "INVALID"),
        )
        for amount in ("NaN", "abc", True, []):
            self.refused(
                lambda amount=amount: self.operate("PaymentRefund", number, amount=amount),
                "BAD_USER_INPUT",
            )
