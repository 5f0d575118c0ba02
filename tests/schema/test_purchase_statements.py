"""How many SQL statements a purchase takes over GraphQL, transactions and payloads included."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

from commerce.models import ShippingMethod
from tests.commerce.factories import make_variant
from tests.schema.shop import LONDON, MANUAL, Answer, CommittedShopTestCase, id_of


class TestPurchase(CommittedShopTestCase):
    def test_of_two_lines_or_twenty_keeps_to_its_budget(self) -> None:
        skus = [f"PEN-{number}" for number in range(20)]
        for sku in skus:
            make_variant(sku)
        for lines, budget in ((2, 40), (20, 50)):
            with self.subTest(lines):
                steps = self.purchase(skus[:lines])
                assert sum(steps) <= budget
                assert steps[-1] <= 20

    def purchase(self, skus: list[str]) -> list[int]:
        """Buy one of each; the statements of each mutation."""
        counts = []

        def send(step: Callable[[], Answer]) -> Answer:
            with CaptureQueriesContext(connection) as captured:
                answer = step()
            counts.append(len(captured))
            return answer

        lines = [{"sku": sku, "quantity": 1} for sku in skus]
        key = f"key-{len(skus)}"
        cart = send(lambda: self.call("CartCreate", lines=lines, idempotencyKey=key)).payload[
            "cart"
        ]
        token = cart["token"]
        method = id_of(ShippingMethod.objects.get())
        send(
            lambda: self.call(
                "CartUpdate",
                token=token,
                email="ada@example.com",
                shippingAddress=LONDON,
                shippingMethodId=method,
            )
        )
        answer = send(
            lambda: self.call("Checkout", cartToken=token, idempotencyKey=key, payment=MANUAL)
        )
        assert answer.payload["order"]["number"]
        return counts
