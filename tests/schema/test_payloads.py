"""What a mutation answers: a selection that can't be answered changes nothing."""

from __future__ import annotations

import base64

from django.conf import settings

from schema import execution
from tests.schema.shop import MANUAL, ShopTestCase, contents, ready_cart

CHECKOUT = """mutation($input: CheckoutCompleteInput!%s) {
  checkoutComplete(input: $input) { order { number %s } userErrors { code } }
}"""


class TestRefusedSelections(ShopTestCase):
    def refuse(self, selection: str, code: str, **variables) -> None:
        cart = ready_cart(self)
        given = {"cartToken": cart["token"], "idempotencyKey": "once", "payment": MANUAL}
        declared = ", $after: String" if variables else ""
        document = CHECKOUT % (declared, selection)
        before = contents()
        answer = self.ask(document, {"input": given, **variables})
        assert [error["code"] for error in answer.errors] == [code], answer.text
        assert contents() == before

    def test_a_page_that_is_too_large_places_no_order(self) -> None:
        self.refuse("events(first: 500) { nodes { kind } }", "LIMIT_EXCEEDED")

    def test_a_negative_page_places_no_order(self) -> None:
        self.refuse("events(first: -1) { nodes { kind } }", "BAD_USER_INPUT")

    def test_a_foreign_cursor_places_no_order_planned_or_not(self) -> None:
        selection = "events(first: 1, after: $after) { nodes { kind } }"
        for _ in range(2):
            self.refuse(selection, "INVALID_CURSOR", after="bm9uZQ==")

    def test_one_refused_payload_keeps_the_others_from_happening(self) -> None:
        before = contents()
        answer = self.ask(
            """mutation {
              cartCreate(input: {}) { cart { id } }
              checkoutComplete(input: {cartToken: "x", idempotencyKey: "k",
                                       payment: {provider: "manual"}}) {
                order { events(last: 101) { nodes { kind } } }
              }
            }"""
        )
        assert answer.errors[0]["code"] == "LIMIT_EXCEEDED"
        assert contents() == before


class TestPlans(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        execution.plans.clear()

    def test_success_and_failure_share_one_plan(self) -> None:
        document = """mutation($sku: String!) {
          cartCreate(input: {lines: [{sku: $sku, quantity: 1}]}) {
            cart { token lines { quantity } } userErrors { code }
          }
        }"""
        bad = self.ask(document, {"sku": "nothing"}).data["cartCreate"]
        assert bad == {"cart": None, "userErrors": [{"code": "NOT_FOUND"}]}
        sku = ready_cart(self)["lines"][0]["variant"]["sku"]
        made = len(execution.plans)
        good = self.ask(document, {"sku": sku}).data["cartCreate"]
        assert good["cart"]["lines"] == [{"quantity": 1}]
        assert len(execution.plans) == made

    def test_ids_that_clients_make_up_are_in_no_key(self) -> None:
        document = "query($id: ID!) { node(id: $id) { id } cart(token: $id) { id } }"
        for number in range(5):
            made_up = base64.b64encode(f"Type{number}{'x' * 1000}:1".encode()).decode()
            assert self.ask(document, {"id": made_up}).data == {"node": None, "cart": None}
        assert len(execution.plans) == 1

    def test_introspection_follows_its_variables(self) -> None:
        document = "query($name: String!) { __type(name: $name) { name } }"
        with self.settings(GRAPHQL_INTROSPECTION=True):
            for name in ("Product", "Order", "Product"):
                assert self.ask(document, {"name": name}).data == {"__type": {"name": name}}
            assert self.ask(document, {"name": "Nothing"}).data == {"__type": None}

    def test_a_page_size_beyond_the_usual_is_still_structure(self) -> None:
        document = "query($n: Int!) { products(first: $n) { nodes { slug } } }"
        with self.settings(GRAPHQL_LIMITS={**settings.GRAPHQL_LIMITS, "max_page_size": 500}):
            self.ask(document, {"n": 150})
            self.ask(document, {"n": 250})
            assert len(execution.plans) == 2
