from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from commerce.models import ShippingMethod, ShippingZone, TaxRate
from commerce.payments import PROVIDERS
from tests.commerce.bank import Bank
from tests.invariants import broken_invariants


@pytest.fixture(autouse=True)
def _database(db):
    """Every test here reads or writes rows."""


@pytest.fixture(autouse=True)
def _books_agree_after_a_race(request: pytest.FixtureRequest, _database) -> Iterator[None]:
    """Whoever met whom in a test marked ``concurrency``: all invariants hold afterwards."""
    yield
    if request.node.get_closest_marker("concurrency"):
        assert broken_invariants() == []


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
