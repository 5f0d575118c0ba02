"""Buyers who meet, with real threads and connections."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from catalog.models import Stock
from commerce.models import Order, OrderLine, Voucher, VoucherRedemption
from commerce.services.carts import create_cart, set_cart_lines
from commerce.services.orders import cancel_order
from tasks.models import Job
from tests.commerce.factories import (
    NOON,
    available,
    buy,
    make_cart,
    make_ready_cart,
    make_variant,
    make_voucher,
    wanted,
)
from tests.commerce.racing import race
from users.viewer import ANONYMOUS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]


def outcomes(results):
    return Counter(result if isinstance(result, str) else "bought" for result in results)


class TestBuyersOfOneVariant:
    def test_two_of_the_last_item_make_one_order(self, standard):
        make_variant(stock=1)
        carts = [make_ready_cart(method=standard, mug_1=1) for _ in range(2)]
        assert outcomes(race(buy, carts)) == {"bought": 1, "OUT_OF_STOCK": 1}
        assert Order.objects.count() == OrderLine.objects.count() == Job.objects.count() == 1
        assert available("mug-1") == 0

    def test_sixty_four_of_five_make_five_orders(self, standard):
        make_variant(stock=5)
        carts = [make_ready_cart(method=standard, mug_1=1) for _ in range(64)]
        assert outcomes(race(buy, carts)) == {"bought": 5, "OUT_OF_STOCK": 59}
        assert Stock.objects.get().allocated == Order.objects.count() == 5


class TestBuyersOfSharedVariants:
    def test_do_not_block_each_other_whatever_the_order_of_their_lines(self, standard):
        skus = ["mug-1", "hat-1", "pen-1", "cap-1"]
        for sku in skus:
            make_variant(sku, stock=100)
        carts = []
        for seed in range(8):
            shuffled = random.Random(seed).sample(skus, k=4)
            carts.append(
                make_ready_cart(method=standard, **{sku.replace("-", "_"): 1 for sku in shuffled})
            )
        assert outcomes(race(buy, carts)) == {"bought": 8}
        assert [available(sku) for sku in skus] == [92] * 4


class TestOneCart:
    def test_racers_with_one_key_have_one_result(self, standard):
        make_variant()
        cart = make_ready_cart(method=standard, mug_1=1)
        results = race(lambda _: buy(cart), range(16))
        assert {(result.order.pk, result.payment.pk, result.jobs[0].pk) for result in results} == {
            (Order.objects.get().pk, results[0].payment.pk, Job.objects.get().pk)
        }
        assert available("mug-1") == 9

    def test_racers_with_keys_of_their_own_make_one_order(self, standard):
        make_variant()
        cart = make_ready_cart(method=standard, mug_1=1)
        results = race(lambda key: buy(cart, key=key), [f"key-{n}" for n in range(4)])
        assert outcomes(results) == {"bought": 1, "CART_ALREADY_ORDERED": 3}
        assert available("mug-1") == 9

    def test_racers_that_expect_one_version_change_it_once(self):
        make_variant()
        cart = make_cart(mug_1=1)

        def change(quantity):
            return set_cart_lines(
                viewer=ANONYMOUS,
                token=cart.token,
                lines=wanted(mug_1=quantity),
                expected_version=1,
                now=NOON,
            )

        results = race(change, [2, 3, 4])
        assert outcomes(results) == {"bought": 1, "VERSION_CONFLICT": 2}
        cart.refresh_from_db()
        assert cart.version == 2

    def test_is_made_once_by_racers_with_one_key(self):
        made = race(
            lambda _: create_cart(viewer=ANONYMOUS, lines=[], idempotency_key="k", now=NOON),
            range(4),
        )
        assert len({cart.pk for cart in made}) == 1


class TestVoucherWithOneUseLeft:
    @pytest.mark.parametrize("limit", ["usage_limit", "usage_limit_per_customer"])
    def test_is_used_once(self, standard, limit):
        make_variant()
        make_voucher(**{limit: 1})
        changes = {"voucher_codes": ["SAVE"]}
        carts = [make_ready_cart(method=standard, mug_1=1, changes=changes) for _ in range(16)]
        results = outcomes(race(buy, carts))
        assert results.pop("bought") == 1
        # Who comes while the winner is not done meets the limit, who comes later another price.
        assert set(results) <= {"VOUCHER_NOT_APPLICABLE", "PRICE_CHANGED"}
        assert Voucher.objects.get().used == VoucherRedemption.objects.count() == 1
        assert available("mug-1") == 9


class TestCancellation:
    def test_gives_the_stock_back_once(self, standard):
        make_variant()
        order = buy(make_ready_cart(method=standard, mug_1=3)).order
        results = race(
            lambda _: cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON), range(4)
        )
        assert outcomes(results) == {"bought": 1, "INVALID_TRANSITION": 3}
        assert available("mug-1") == 10
