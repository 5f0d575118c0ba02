"""How many SQL statements a purchase takes, transactions included."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from commerce.services.carts import create_cart, update_cart
from tests.commerce.factories import LONDON, NOON, buy, make_variant, make_voucher, wanted
from users.viewer import ANONYMOUS

# Outside the tests' own transaction, so that BEGIN and COMMIT are counted, not savepoints.
pytestmark = pytest.mark.django_db(transaction=True)

# Each of the three mutations reads its payload with one more.
PAYLOADS = 3


def purchase(method, skus, **changes):
    """Buy one of each; returns the statements of each step."""
    steps = []
    with CaptureQueriesContext(connection) as statements:
        lines = wanted(**dict.fromkeys(skus, 1))
        cart = create_cart(
            viewer=ANONYMOUS, lines=lines, idempotency_key=f"key-{len(skus)}", now=NOON
        )
        steps.append(len(statements))
        changes |= {
            "email": "ada@example.com",
            "shipping_address": LONDON,
            "shipping_method_id": method.pk,
        }
        update_cart(viewer=ANONYMOUS, token=cart.token, changes=changes, now=NOON)
        steps.append(len(statements) - sum(steps))
        buy(cart)
        steps.append(len(statements) - sum(steps))
    return steps


@pytest.fixture
def skus(standard):
    skus = [f"mug-{number}" for number in range(20)]
    for sku in skus:
        make_variant(sku)
    return skus


class TestPurchase:
    def test_of_two_lines(self, standard, skus):
        steps = purchase(standard, skus[:2])
        assert sum(steps) + PAYLOADS <= 40
        assert steps[2] + 1 <= 20

    def test_of_twenty_lines_takes_no_statement_more(self, standard, skus):
        two = purchase(standard, skus[:2])
        assert purchase(standard, skus) == two

    def test_with_a_voucher(self, standard, skus):
        make_voucher()
        steps = purchase(standard, skus[:2], voucher_codes=["SAVE"])
        assert sum(steps) + PAYLOADS <= 45
        assert steps[2] + 1 <= 22
