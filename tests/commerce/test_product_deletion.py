"""A product that is deleted, or loses a variant, while somebody buys it."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from catalog.models import Product, Variant
from catalog.services.products import delete_product, save_product
from commerce.models import Cart, Order, OrderLine
from commerce.services.carts import create_cart
from tests.commerce.factories import NOON, buy, make_ready_cart, make_variant, wanted
from tests.commerce.racing import race
from users.viewer import ANONYMOUS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]

SOMEBODY_WAITS_FOR_ME = (
    "SELECT EXISTS (SELECT FROM pg_locks"
    " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
)


def meet(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """Commit ``first`` only once ``second`` waits for it; the result of ``second``."""
    begun = Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            first()
            begun.set()
            for _ in range(500):
                cursor.execute(SOMEBODY_WAITS_FOR_ME)
                if cursor.fetchone() == (True,):
                    return
                time.sleep(0.01)
            raise AssertionError("Nobody waits.")

    def follow() -> Any:
        begun.wait(timeout=10)
        return second()

    return race(lambda work: work(), [hold, follow])[1]


@pytest.fixture
def sale(standard):
    make_variant()
    cart = make_ready_cart(method=standard, mug_1=1)
    return lambda: buy(cart)


def delete() -> None:
    delete_product(product_id=Product.objects.get().pk, now=NOON)


def remove_variant() -> None:
    save_product(product=Product.objects.get(), data={"variants": []}, now=NOON)


@pytest.mark.parametrize("change", [delete, remove_variant])
def test_is_refused_once_the_sale_is_done(sale, change):
    assert meet(sale, change) == "IN_USE"
    assert OrderLine.objects.get().variant.product == Product.objects.get()


@pytest.mark.parametrize("change", [delete, remove_variant])
def test_leaves_nothing_to_sell(sale, change):
    assert meet(change, sale) == "OUT_OF_STOCK"
    assert not Variant.objects.exists()
    assert not Order.objects.exists()


def test_leaves_nothing_to_put_into_a_cart():
    """The cart has found the variant, which is gone when it commits."""
    make_variant()

    def fill() -> Any:
        return create_cart(viewer=ANONYMOUS, lines=wanted(mug_1=1), now=NOON)

    assert meet(delete, fill) == "NOT_FOUND"
    assert not Cart.objects.exists()
