from __future__ import annotations

from typing import ClassVar

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from commerce.models import Order, ShippingMethod, Voucher
from commerce.sample import load_sample_shop
from tests.catalog.test_admin import rows
from tests.commerce.factories import (
    buy,
    make_cart,
    make_ready_cart,
    make_variant,
    make_voucher,
)
from users.models import User


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_superuser("staff@example.com", "pass"))
    return client


@pytest.fixture
def order(standard):
    make_variant("mug-1")
    make_variant("hat-1")
    return buy(make_ready_cart(method=standard, mug_1=2, hat_1=1)).order


class TestOrders:
    URL = "/admin/commerce/order/"

    def test_are_found_by_number_and_address_and_narrowed_by_status_and_date(self, staff, order):
        page = staff.get(
            self.URL,
            {"q": order.number, "status": "CONFIRMED", "placed_at__year": order.placed_at.year},
        )
        assert order.number in page.content.decode()
        assert order.number not in staff.get(self.URL, {"q": "nobody"}).content.decode()

    def test_show_their_lines_and_cannot_be_changed(self, staff, order):
        url = f"{self.URL}{order.pk}/change/"
        page = staff.get(url).content.decode()
        assert "Mug 1" in page
        assert "We have received your order" in page
        assert order.token not in page
        assert staff.post(url, {"status": "FULFILLED"}).status_code == 403
        assert staff.get(f"{self.URL}add/").status_code == 403
        assert Order.objects.get().status == "CONFIRMED"


class TestCarts:
    def test_do_not_show_their_tokens(self, staff):
        make_variant()
        cart = make_cart(mug_1=2)
        page = staff.get(f"/admin/commerce/cart/{cart.pk}/change/").content.decode()
        assert "mug-1" in page
        assert cart.token not in page


class TestVouchers:
    URL = "/admin/commerce/voucher/"
    GIVEN: ClassVar = {
        "code": "SAVE",
        "kind": "PERCENTAGE",
        "value": "10",
        "usage_limit": "5",
        "valid_from_0": "2026-06-01",
        "valid_from_1": "12:00:00",
    }

    def test_are_made_and_changed_by_the_services(self, staff):
        staff.post(f"{self.URL}add/", self.GIVEN)
        voucher = Voucher.objects.get(code="SAVE")
        Voucher.objects.update(used=3)
        with CaptureQueriesContext(connection) as statements:
            staff.post(f"{self.URL}{voucher.pk}/change/", {**self.GIVEN, "value": "20"})
        voucher.refresh_from_db()
        assert (voucher.value, voucher.usage_limit, voucher.used) == (20, 5, 3)
        # Another use that was counted meanwhile would be lost.
        (update,) = [
            each["sql"]
            for each in statements
            if "UPDATE" in each["sql"]
            and "commerce_voucher" in each["sql"]
            and "SET" in each["sql"]
        ]
        assert '"used" =' not in update

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"usage_limit": "2"}, "It was used 3 times already."),
            ({"code": "TWO WORDS"}, "A code has no spaces."),
            ({"value": "0"}, "Give more than 0."),
            ({"kind": "FREE_SHIPPING"}, "Free shipping has no value."),
        ],
    )
    def test_keep_to_the_rules_of_the_apis(self, staff, given, message):
        voucher = make_voucher(usage_limit=5, used=3)
        page = staff.post(f"{self.URL}{voucher.pk}/change/", {**self.GIVEN, **given})
        assert message in page.content.decode()
        voucher.refresh_from_db()
        assert (voucher.code, voucher.kind, voucher.value) == ("SAVE", "PERCENTAGE", 10)


class TestTerms:
    @pytest.mark.parametrize("model", ["voucher", "shippingzone", "taxrate", "cart"])
    def test_are_listed(self, staff, model):
        load_sample_shop()
        assert staff.get(f"/admin/commerce/{model}/").status_code == 200

    @pytest.mark.parametrize(("price", "is_taken"), [("5.50", False), ("500", True)])
    def test_ship_for_amounts_of_the_shops_currency(self, staff, settings, price, is_taken):
        settings.CURRENCY = "JPY"
        page = staff.post(
            "/admin/commerce/shippingzone/add/",
            {"name": "Japan", "countries": "JP"}
            | rows("methods", {"name": "Standard", "price": price, "position": 0}),
        )
        assert (page.status_code == 302) == is_taken
        assert ShippingMethod.objects.exists() == is_taken
        if not is_taken:
            assert "JPY has no such small amounts" in page.content.decode()
