"""Stock, as the shop's staff changes and reads it."""

from __future__ import annotations

from typing import Any

from catalog.models import Stock, StockMovement, Variant
from tests.catalog.factories import make_product
from tests.schema.shop import SKULL, Answer, ShopTestCase, buy, id_of, make_user, token_of

READ = """query ($slug: String!, $first: Int = 20, $after: String) {
  product(slug: $slug) {
    variants {
      stock { onHand allocated available }
      stockMovements(first: $first, after: $after) {
        totalCount
        nodes { delta kind reference createdAt }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}"""
SET = """mutation ($input: StockSetInput!) {
  stockSet(input: $input) { stock { onHand allocated available } userErrors { field code message } }
}"""


class StockTestCase(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.bearer = token_of(make_user("clerk@example.com", role="catalog_manager"))
        self.mug = Variant.objects.get(sku="MUG-1")

    def adjust(self, **given: Any) -> Answer:
        given = {"sku": "MUG-1", "delta": 10, "reason": "RECEIVED"} | given
        return self.call("StockAdjust", bearer=self.bearer, **given)

    def count(self, **given: Any) -> Answer:
        return self.ask(SET, {"input": {"sku": "MUG-1"} | given}, bearer=self.bearer)

    def movements(self) -> list[tuple[int, str]]:
        rows = StockMovement.objects.filter(variant=self.mug).order_by("pk")
        return list(rows.values_list("delta", "kind"))


class TestStockAdjust(StockTestCase):
    def test_answers_what_there_is_now(self) -> None:
        buy(self, quantity=2)
        answer = self.adjust(variantId=None)
        self.same(
            answer.payload,
            {"stock": {"onHand": 20, "allocated": 2, "available": 18}, "userErrors": []},
        )
        assert self.movements() == [(10, "RECEIVED"), (10, "RECEIVED")]

    def test_names_a_variant_by_its_id(self) -> None:
        medium = Variant.objects.get(name="Medium")
        stock = self.adjust(sku=None, variantId=id_of(medium), delta=-1, reason="DAMAGED").payload
        assert stock["stock"] == {"onHand": 1, "allocated": 0, "available": 1}

    def test_happens_once_per_key(self) -> None:
        for _ in range(2):
            stock = self.adjust(idempotencyKey="k").payload["stock"]
            assert stock["onHand"] == 20
        error = ("input.idempotencyKey", "IDEMPOTENCY_CONFLICT")
        self.rejected(lambda: self.adjust(idempotencyKey="k", delta=1), error)

    def test_leaves_what_is_promised_to_orders(self) -> None:
        buy(self, quantity=8)
        self.rejected(lambda: self.adjust(delta=-3), ("input.delta", "INVALID"))
        assert self.adjust(delta=-2).payload["stock"]["available"] == 0

    def test_of_nothing_is_refused(self) -> None:
        for given, field, code in (
            ({"delta": 0}, "delta", "INVALID"),
            ({"delta": 2**31 - 1}, "delta", "INVALID"),
            ({"delta": -(2**31)}, "delta", "INVALID"),
            ({"sku": "NOTHING"}, "sku", "NOT_FOUND"),
            ({"sku": SKULL * 10_000}, "sku", "NOT_FOUND"),
            ({"sku": None}, "sku", "REQUIRED"),
            ({"variantId": id_of(self.mug)}, "sku", "INVALID"),
            ({"sku": None, "variantId": "garbage"}, "variantId", "NOT_FOUND"),
            ({"sku": None, "variantId": id_of(self.mug.product)}, "variantId", "NOT_FOUND"),
            ({"idempotencyKey": ""}, "idempotencyKey", "INVALID"),
        ):
            with self.subTest(str(given)[:60]):
                self.rejected(lambda given=given: self.adjust(**given), (f"input.{field}", code))

    def test_of_a_wrong_type_is_refused(self) -> None:
        for given in (
            {"delta": None},
            {"delta": "1"},
            {"delta": 1.5},
            {"delta": 2**31},
            {"delta": 1e300},
            {"reason": "STOLEN"},
            {"reason": "SHIPPED"},
            {"reason": None},
            {"reason": 1},
            {"sku": 1},
            {"variantId": []},
            {"sku": "\0"},
        ):
            with self.subTest(given):
                answer = self.adjust(**given)
                assert set(answer.codes) == {"BAD_USER_INPUT"}, answer.text
                assert answer.status in (200, 400)
        assert self.movements() == [(10, "RECEIVED")]


class TestStockSet(StockTestCase):
    def test_makes_the_difference_a_movement(self) -> None:
        answer = self.count(onHand=4, expectedOnHand=10)
        self.same(
            answer.payload,
            {"stock": {"onHand": 4, "allocated": 0, "available": 4}, "userErrors": []},
        )
        assert self.movements() == [(10, "RECEIVED"), (-6, "CORRECTION")]
        assert self.count(onHand=0, reason="DAMAGED").payload["stock"]["available"] == 0
        assert self.movements()[-1] == (-4, "DAMAGED")

    def test_refuses_what_can_not_be(self) -> None:
        buy(self, quantity=8)
        for given, field, code in (
            ({"onHand": 7}, "onHand", "INVALID"),
            ({"onHand": -1}, "onHand", "INVALID"),
            ({"onHand": 9, "expectedOnHand": 9}, "expectedOnHand", "VERSION_CONFLICT"),
            ({"onHand": 9, "sku": "NOTHING"}, "sku", "NOT_FOUND"),
        ):
            with self.subTest(given):
                self.rejected(lambda given=given: self.count(**given), (f"input.{field}", code))

    def test_shows_at_once_in_lists(self) -> None:
        self.count(onHand=0)
        browse = self.send("Browse", filter={"inStock": True}).data["products"]
        assert "mug" not in [edge["node"]["slug"] for edge in browse["edges"]]


class TestReading(StockTestCase):
    def test_shows_staff_stock_and_what_changed_it_page_by_page(self) -> None:
        self.adjust(delta=3)
        self.count(onHand=5)
        variables: dict[str, Any] = {"slug": "mug", "first": 2}
        (variant,) = self.read(self.bearer, **variables)
        assert variant["stock"] == {"onHand": 5, "allocated": 0, "available": 5}
        movements = variant["stockMovements"]
        assert movements["totalCount"] == 3
        shown = [(movement["delta"], movement["kind"]) for movement in movements["nodes"]]
        assert shown == [(-8, "CORRECTION"), (3, "RECEIVED")]
        assert movements["pageInfo"]["hasNextPage"] is True
        variables["after"] = movements["pageInfo"]["endCursor"]
        (variant,) = self.read(self.bearer, **variables)
        assert [m["delta"] for m in variant["stockMovements"]["nodes"]] == [10]

    def test_shows_order_managers_too_and_nobody_else(self) -> None:
        hidden = {
            "stock": None,
            "stockMovements": {
                "totalCount": 0,
                "nodes": [],
                "pageInfo": {"hasNextPage": False, "endCursor": None},
            },
        }
        for role, is_seen in (
            ("catalog_manager", True),
            ("order_manager", True),
            ("admin", True),
            ("support", False),
            ("", False),
        ):
            with self.subTest(role):
                bearer = token_of(make_user(f"{role}@example.com", role=role))
                (variant,) = self.read(bearer, slug="mug")
                assert (variant != hidden) is is_seen
        assert self.read(None, slug="mug") == [hidden]

    def test_is_null_where_none_was_counted(self) -> None:
        Stock.objects.filter(variant__product=make_product("idea")).delete()
        (variant,) = self.read(self.bearer, slug="idea")
        assert variant["stock"] is None

    def read(self, bearer: str | None, **variables: Any) -> Any:
        return self.ask(READ, variables, bearer=bearer).data["product"]["variants"]
