from __future__ import annotations

from datetime import timedelta

import pytest

from commerce.models import Cart, CartLine, Order, Quote
from commerce.services import expired_carts
from commerce.services.expired_carts import GRACE, delete_expired_carts
from tasks.periodic import all_periodic
from tests.commerce.factories import NOON, buy, make_cart, make_ready_cart, make_variant

LATE = NOON + timedelta(days=31)


class TestDeleteExpiredCarts:
    def test_deletes_them_with_all_their_parts(self):
        make_variant()
        for _ in range(2):
            make_cart(mug_1=1)
        kept = make_cart(mug_1=1, now=LATE)
        assert delete_expired_carts(now=LATE) == 2
        assert list(Cart.objects.all()) == [kept]
        assert CartLine.objects.count() == Quote.objects.count() == 1

    def test_leaves_one_that_has_just_expired(self):
        cart = make_cart()
        assert delete_expired_carts(now=cart.expires_at + GRACE) == 0
        assert delete_expired_carts(now=cart.expires_at + GRACE + timedelta(seconds=1)) == 1

    def test_leaves_one_that_became_an_order(self, standard):
        make_variant()
        cart = make_ready_cart(method=standard, mug_1=1)
        buy(cart)
        assert delete_expired_carts(now=LATE) == 0
        assert Order.objects.get().cart == cart

    @pytest.mark.parametrize("batch", [1, 2, 3])
    def test_goes_on_until_none_is_left(self, monkeypatch, batch):
        monkeypatch.setattr(expired_carts, "BATCH", batch)
        for _ in range(3):
            make_cart()
        assert delete_expired_carts(now=LATE) == 3

    def test_comes_each_hour(self):
        (found,) = [job for job in all_periodic() if job.kind == "commerce.delete_expired_carts"]
        assert found.every == timedelta(hours=1)
