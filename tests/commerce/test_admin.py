from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from commerce.models import Order
from commerce.sample import load_sample_shop
from tests.commerce.factories import NOON, buy, make_cart, make_ready_cart, make_variant
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

    def test_take_as_many_queries_for_many_as_for_one(self, staff, order):
        def queries(url):
            with CaptureQueriesContext(connection) as statements:
                assert staff.get(url).status_code == 200
            return len(statements)

        one = queries(self.URL)
        for number in range(20):
            Order.objects.create(
                number=f"X-{number}", status="CONFIRMED", shipping_address={}, placed_at=NOON
            )
        assert queries(self.URL) == one


class TestCarts:
    def test_do_not_show_their_tokens(self, staff):
        make_variant()
        cart = make_cart(mug_1=2)
        page = staff.get(f"/admin/commerce/cart/{cart.pk}/change/").content.decode()
        assert "mug-1" in page
        assert cart.token not in page


class TestTerms:
    @pytest.mark.parametrize("model", ["voucher", "shippingzone", "taxrate", "cart"])
    def test_are_listed(self, staff, model):
        load_sample_shop()
        assert staff.get(f"/admin/commerce/{model}/").status_code == 200
