from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from commerce.models import Cart, Order, ShippingMethod, ShippingZone, TaxRate
from commerce.payments import PROVIDERS, PaymentOutcome
from tests.commerce.bank import Bank
from tests.commerce.factories import buy, make_ready_cart, make_variant
from tests.invariants import broken_invariants


@pytest.fixture(autouse=True)
def _database(db):
    """Every test here reads or writes rows."""


@pytest.fixture
def books_agree(db) -> Iterator[None]:
    """Whatever a test did: afterwards stock, orders and money must fit each other."""
    yield
    assert broken_invariants() == []


@pytest.fixture(autouse=True)
def _books_agree_after_a_race(request: pytest.FixtureRequest, _database) -> None:
    """Whoever met whom in a test marked ``concurrency``."""
    if request.node.get_closest_marker("concurrency"):
        request.getfixturevalue("books_agree")


@pytest.fixture
def standard(db) -> ShippingMethod:
    """The shop sends to Great Britain for 5.00, and there the tax is 20 percent."""
    zone = ShippingZone.objects.create(name="Britain", countries=["GB"])
    TaxRate.objects.create(country="GB", rate=Decimal("0.2"))
    return ShippingMethod.objects.create(zone=zone, name="Standard", price=Decimal("5.00"))


@pytest.fixture
def bank(monkeypatch) -> Bank:
    """A payment provider that the tests know the answers of."""
    bank = Bank()
    monkeypatch.setitem(PROVIDERS, "bank", bank)
    return bank


@pytest.fixture
def cart(standard) -> Cart:
    """A guest's cart that lacks nothing: one mug of five, for 18.00 in all."""
    make_variant("mug-1", price="10.00", stock=5)
    return make_ready_cart(method=standard, mug_1=1)


@pytest.fixture
def pay(cart, bank) -> Callable[..., Order]:
    """Buys for 18.00 with the bank's answer."""

    def pay(outcome: PaymentOutcome, cart: Cart = cart) -> Order:
        bank.answers = [outcome]
        return buy(cart, provider="bank").order

    return pay
