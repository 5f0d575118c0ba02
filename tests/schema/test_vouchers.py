"""What staff does with vouchers."""

from __future__ import annotations

from typing import Any

from commerce.models import Voucher
from tests.commerce.factories import make_voucher
from tests.schema.shop import SKULL, ShopTestCase, id_of, make_user, ready_cart, token_of

UPDATE = """mutation ($input: VoucherUpdateInput!) {
  voucherUpdate(input: $input) {
    voucher { code kind value usageLimit validUntil }
    userErrors { field code message }
  }
}"""
GIVEN = {
    "code": "WELCOME10",
    "kind": "PERCENTAGE",
    "value": "10",
    "minimumSubtotal": "20.00",
    "usageLimit": 100,
    "validFrom": "2026-01-01T00:00:00Z",
    "validUntil": None,
}


class TestVouchers(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.bearer = token_of(make_user("staff@example.com", role="order_manager"))

    def create(self, **changes: Any) -> Any:
        return self.call("VoucherCreate", bearer=self.bearer, **{**GIVEN, **changes})

    def test_are_made_as_the_operation_says_and_lower_a_price(self) -> None:
        self.same(
            self.create().data,
            {"voucherCreate": {"voucher": {"code": "WELCOME10"}, "userErrors": []}},
        )
        cart = ready_cart(self, quantity=3)
        answer = self.call("CartUpdate", token=cart["token"], voucherCodes=["welcome10"])
        assert answer.payload["cart"]["vouchers"][0]["amount"]["amount"] == "2.97"

    def test_are_made_once_with_one_key(self) -> None:
        one, two = self.create(idempotencyKey="k"), self.create(idempotencyKey="k")
        assert one.text == two.text
        assert Voucher.objects.count() == 1
        self.rejected(
            lambda: self.create(idempotencyKey="k", value="11"),
            ("input.idempotencyKey", "IDEMPOTENCY_CONFLICT"),
        )

    def test_that_make_no_sense_are_refused_by_field(self) -> None:
        make_voucher("TAKEN")
        for changes, field, code in (
            ({"code": ""}, "code", "REQUIRED"),
            ({"code": SKULL * 60}, "code", "INVALID"),
            ({"code": "taken"}, "code", "ALREADY_EXISTS"),
            ({"value": None}, "value", "REQUIRED"),
            ({"value": "1e20"}, "value", "INVALID"),
            ({"value": "101"}, "value", "INVALID"),
            ({"minimumSubtotal": "-1"}, "minimumSubtotal", "INVALID"),
            ({"usageLimit": -1}, "usageLimit", "INVALID"),
            ({"usageLimitPerCustomer": 0}, "usageLimitPerCustomer", "INVALID"),
            ({"validUntil": "2025-01-01T00:00:00Z"}, "validUntil", "INVALID"),
        ):
            with self.subTest(changes):
                self.rejected(
                    lambda changes=changes: self.create(**changes), (f"input.{field}", code)
                )
        for changes in ({"kind": "BARTER"}, {"value": "ten"}, {"validFrom": "yesterday"}):
            with self.subTest(changes):
                self.refused(lambda changes=changes: self.create(**changes), "BAD_USER_INPUT")

    def test_are_changed(self) -> None:
        voucher = make_voucher(usage_limit=5)
        given = {"id": id_of(voucher), "value": "25.5", "usageLimit": None}
        self.same(
            self.ask(UPDATE, {"input": given}, bearer=self.bearer).data,
            {
                "voucherUpdate": {
                    "voucher": {
                        "code": "SAVE",
                        "kind": "PERCENTAGE",
                        "value": "25.50",
                        "usageLimit": None,
                        "validUntil": None,
                    },
                    "userErrors": [],
                }
            },
        )
        for given, field, code in (
            ({"id": "garbage"}, "id", "NOT_FOUND"),
            ({"id": id_of(voucher), "value": None}, "value", "REQUIRED"),
            ({"id": id_of(voucher), "kind": "FREE_SHIPPING"}, "value", "INVALID"),
        ):
            with self.subTest(given):
                self.rejected(
                    lambda given=given: self.ask(UPDATE, {"input": given}, bearer=self.bearer),
                    (f"input.{field}", code),
                )

    def test_are_listed_and_found_by_code(self) -> None:
        for code in ("ONE", "TWO"):
            make_voucher(code, used=1, usage_limit=3)
        query = """query ($code: String!) {
          voucher(code: $code) { code used usageLimit }
          vouchers(first: 1) { totalCount nodes { code } pageInfo { hasNextPage } }
        }"""
        self.same(
            self.ask(query, {"code": "one"}, bearer=self.bearer).data,
            {
                "voucher": {"code": "ONE", "used": 1, "usageLimit": 3},
                "vouchers": {
                    "totalCount": 2,
                    "nodes": [{"code": "TWO"}],
                    "pageInfo": {"hasNextPage": True},
                },
            },
        )
        for code in ("on_", "ON%", "", "unknown"):
            assert self.ask(query, {"code": code}, bearer=self.bearer).data["voucher"] is None

    def test_are_nobody_elses_to_see(self) -> None:
        voucher = id_of(make_voucher())
        for bearer in (None, token_of(make_user())):
            assert self.send("NodeById", bearer=bearer, id=voucher).data == {"node": None}
