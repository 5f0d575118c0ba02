from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.csv_import import import_products
from catalog.models import Product, Variant
from catalog.money import rounded
from catalog.sample import ITEMS
from catalog.serializers import ProductSerializer
from tests.catalog.test_admin import rows
from users.models import User

OBJECTION = "JPY has no such small amounts; give no digits after the point."


class TestRounded:
    @pytest.mark.parametrize(
        ("amount", "expected"),
        [("0.125", "0.12"), ("0.135", "0.14"), ("0.1251", "0.13"), ("-0.125", "-0.12")],
    )
    def test_a_half_goes_to_the_even_neighbour(self, amount, expected):
        assert str(rounded(Decimal(amount), currency="EUR")) == expected

    @pytest.mark.parametrize(
        ("amount", "currency", "expected"),
        [
            ("120.5", "JPY", "120"),
            ("121.5", "JPY", "122"),
            ("0.0005", "KWD", "0.000"),
            ("0.0015", "KWD", "0.002"),
        ],
    )
    def test_each_currency_has_its_own_digits(self, amount, currency, expected):
        assert str(rounded(Decimal(amount), currency=currency)) == expected


class TestShopWithoutCents:
    """A shop in yen takes no sen, by whatever door they come."""

    @pytest.fixture(autouse=True)
    def _yen(self, settings):
        settings.CURRENCY = "JPY"

    @pytest.mark.parametrize("field", ["price", "compare_at_price"])
    @pytest.mark.parametrize(("amount", "is_taken"), [("900.50", False), ("900.00", True)])
    def test_products_have_whole_prices(self, field, amount, is_taken):
        variant = {"price": "900", field: amount}
        serializer = ProductSerializer(data={"name": "Mug", "variants": [variant]})
        assert serializer.is_valid() == is_taken
        if not is_taken:
            assert serializer.errors == {"variants": {0: {field: [OBJECTION]}}}

    def test_files_have_whole_prices(self):
        content = b"Handle,Title,Variant Price\nmug,Mug,9.50\njug,Jug,900\n"
        report = import_products(content=content, now=timezone.now())
        (error,) = report.errors
        assert (error.line, error.column, error.message) == (2, "Variant Price", OBJECTION)
        assert [str(variant.price) for variant in Variant.objects.all()] == ["900.00"]

    def test_forms_have_whole_prices(self, client):
        client.force_login(User.objects.create_superuser("owner@example.com", "pass"))
        page = client.post(
            reverse("admin:catalog_product_add"),
            {"name": "Mug", "slug": "mug", "tags": "tea"}
            | rows("options")
            | rows("media")
            | rows("variants", {"position": 0, "options": "{}", "price": "9.50"}),
        )
        assert OBJECTION in page.content.decode()
        assert not Product.objects.exists()

    def test_samples_have_whole_prices(self):
        prices = [each["price"] for item in ITEMS for each in item.serialised()["variants"]]
        assert all(price == int(price) > 0 for price in prices)
