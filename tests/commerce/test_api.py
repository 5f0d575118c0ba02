from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Variant
from catalog.services.products import delete_product
from commerce.models import Cart, Order, ShippingMethod, ShippingZone, TaxRate
from commerce.services.carts import update_cart
from tasks.models import Job
from tests.commerce.factories import (
    LONDON,
    NOON,
    available,
    make_cart,
    make_variant,
)
from tests.rest import RestTestCase
from users.authentication import viewer_of
from users.models import User
from users.viewer import ANONYMOUS, Viewer

URL = "/api/orders/"
MANUAL = {"provider": "manual"}


class OrderTestCase(RestTestCase):
    def setUp(self):
        super().setUp()
        zone = ShippingZone.objects.create(name="Britain", countries=["GB"])
        TaxRate.objects.create(country="GB", rate=Decimal("0.2"))
        self.method = ShippingMethod.objects.create(
            zone=zone, name="Standard", price=Decimal("5.00")
        )
        make_variant(stock=100)
        self.ada = self.headers_of("ada@example.com")
        self.eve = self.headers_of("eve@example.com")
        self.keys = 0

    def viewer(self, email: str) -> Viewer:
        return viewer_of(User.objects.get(email=email))

    def ready_cart(self, viewer: Viewer = ANONYMOUS, **quantities: int) -> Cart:
        now = timezone.now()
        cart = make_cart(viewer=viewer, now=now, **quantities or {"mug_1": 2})
        changes = {
            "email": "ada@example.com",
            "shipping_address": LONDON,
            "shipping_method_id": self.method.pk,
        }
        return update_cart(viewer=viewer, token=cart.token, changes=changes, now=now)

    def check_out(self, cart_token: str, *, key: str = "", headers: Any = (), **body: Any) -> Any:
        self.keys += 1
        return self.client.post(
            URL,
            {"cart_token": cart_token, "payment": MANUAL, **body},
            headers={"Idempotency-Key": key or f"key-{self.keys}", **dict(headers)},
        )

    def buy(self, email: str | None = None) -> dict[str, Any]:
        """An order of a guest's or of an account's, as the checkout shows it."""
        viewer = self.viewer(email) if email else ANONYMOUS
        headers = self.headers_of(email) if email else {}
        answer = self.check_out(self.ready_cart(viewer).token, headers=headers)
        assert answer.status_code == 201, answer.content
        return answer.json()["order"]


class CheckoutTests(OrderTestCase):
    def test_makes_a_cart_an_order_and_says_where_it_is(self):
        answer = self.check_out(self.ready_cart().token)
        assert answer.status_code == 201
        made, order = answer.json(), Order.objects.get()
        assert answer.headers["Location"] == f"http://testserver{URL}{order.number}/"
        assert made["order"]["number"] == order.number
        assert made["payment"] == {
            "id": str(order.payments.get().public_id),
            "status": "PENDING",
            "amount": "30.00",
            "currency": "EUR",
            "next_action": None,
        }
        job = Job.objects.get()
        (shown,) = made["jobs"]
        assert (shown["id"], shown["kind"]) == (str(job.public_id), job.kind)
        assert (shown["status"], shown["attempts"]) == ("PENDING", 0)
        assert available("mug-1") == 98

    def test_a_repeat_with_the_same_key_buys_once(self):
        cart = self.ready_cart()
        first, second = (self.check_out(cart.token, key="same") for _ in range(2))
        assert (first.status_code, first.json()) == (second.status_code, second.json())
        assert Order.objects.count() == Job.objects.count() == 1
        other = self.check_out(cart.token, key="same", quote_total="1.00")
        self.assert_problem(other, 409, "IDEMPOTENCY_CONFLICT", field="idempotency_key")

    def test_a_second_checkout_of_a_cart_is_a_conflict(self):
        cart = self.ready_cart()
        assert self.check_out(cart.token).status_code == 201
        again = self.check_out(cart.token)
        self.assert_problem(again, 409, "CART_ALREADY_ORDERED", field="cart_token")
        assert Order.objects.count() == 1

    def test_refuses_what_can_not_be_bought_and_changes_nothing(self):
        ready, now = self.ready_cart(), timezone.now()
        empty = make_cart(now=now)
        bare = make_cart(now=now, mug_1=1)
        too_many = self.ready_cart(mug_1=101)
        expired = self.ready_cart()
        expired.quote.expires_at = now - timedelta(seconds=1)
        expired.quote.save()
        for token, options, status, code, field in [
            ("unknown", {}, 400, "NOT_FOUND", "cart_token"),
            ("", {}, 400, "REQUIRED", "cart_token"),
            ("x" * 65, {}, 400, "INVALID", "cart_token"),
            ("a\0b", {}, 400, "INVALID", "cart_token"),
            (empty.token, {}, 409, "CART_EMPTY", "cart_token"),
            (bare.token, {}, 400, "REQUIRED", "shipping_address"),
            (too_many.token, {}, 409, "OUT_OF_STOCK", "lines.0"),
            (expired.token, {}, 409, "QUOTE_EXPIRED", "cart_token"),
            (ready.token, {"quote_total": "1.00"}, 409, "PRICE_CHANGED", "quote_total"),
            (ready.token, {"quote_total": "much"}, 400, "INVALID", "quote_total"),
            (ready.token, {"payment": None}, 400, "REQUIRED", "payment"),
            (ready.token, {"payment": {}}, 400, "REQUIRED", "payment.provider"),
            (ready.token, {"payment": {"provider": "x"}}, 400, "INVALID", "payment.provider"),
            (ready.token, {"payment": {**MANUAL, "data": 1}}, 400, "INVALID", "payment.data"),
            (ready.token, {"key": "k" * 201}, 400, "INVALID", "idempotency_key"),
        ]:
            answer = self.check_out(token, **options)
            self.assert_problem(answer, status, code, field=field)
        answer = self.client.post(URL, {"cart_token": ready.token, "payment": MANUAL})
        self.assert_problem(answer, 400, "REQUIRED", field="idempotency_key")
        assert not Order.objects.exists()
        assert available("mug-1") == 100

    def test_names_each_line_whose_price_changed_beside_the_total(self):
        cart = self.ready_cart()
        Variant.objects.filter(sku="mug-1").update(price=Decimal("11.00"))
        answer = self.check_out(cart.token)
        self.assert_problem(answer, 409, "PRICE_CHANGED", field="cart_token")
        self.assert_problem(answer, 409, "PRICE_CHANGED", field="lines.0")

    def test_a_customer_s_cart_is_for_nobody_else(self):
        cart = self.ready_cart(self.viewer("ada@example.com"))
        for headers in [{}, self.eve]:
            answer = self.check_out(cart.token, headers=headers)
            self.assert_problem(answer, 400, "NOT_FOUND", field="cart_token")
        assert self.check_out(cart.token, headers=self.ada).status_code == 201


class ReadTests(OrderTestCase):
    def test_an_order_is_shown_whole(self):
        order = self.buy("ada@example.com")
        answer = self.client.get(f"{URL}{order['number']}/", headers=self.ada)
        assert answer.status_code == 200
        stored = Order.objects.get()
        placed_at = stored.placed_at.isoformat()
        assert answer.json() == order
        assert order == {
            "number": stored.number,
            "token": stored.token,
            "status": "CONFIRMED",
            "payment_status": "PENDING",
            "placed_at": placed_at,
            "email": "ada@example.com",
            "lines": [
                {
                    "id": stored.lines.get().pk,
                    "name": "Mug 1",
                    "sku": "mug-1",
                    "quantity": 2,
                    "fulfilled": 0,
                    "returning": 0,
                    "returned": 0,
                    "unit_price": "10.00",
                    "total": "20.00",
                    "variant_id": Variant.objects.get().pk,
                }
            ],
            "currency": "EUR",
            "subtotal": "20.00",
            "discount": "0.00",
            "shipping": "5.00",
            "tax": "5.00",
            "total": "30.00",
            "included_tax": "0.00",
            "shipping_address": LONDON,
            "billing_address": None,
            "shipping_method_name": "Standard",
            "fulfillments": [],
            "returns": [],
            "notes": [],
            "events": [
                {
                    "sequence": 1,
                    "kind": "PLACED",
                    "message": f"We have received your order {stored.number}.",
                    "created_at": placed_at,
                },
                {
                    "sequence": 2,
                    "kind": "CONFIRMED",
                    "message": "The order is confirmed; payment is due.",
                    "created_at": placed_at,
                },
            ],
            "allowed_actions": ["CANCEL"],
        }

    def test_an_order_is_shown_to_its_owner_to_staff_and_to_who_holds_its_token(self):
        order = self.buy("ada@example.com")
        address = f"{URL}{order['number']}/"
        support = self.headers_of("support@example.com", role="support")
        for headers in [self.ada, support, {"Order-Token": order["token"]}]:
            assert self.client.get(address, headers=headers).json()["number"] == order["number"]
        for headers in [{}, self.eve, {"Order-Token": "x"}]:
            answer = self.client.get(address, headers=headers)
            self.assert_problem(answer, 404, "NOT_FOUND")
        other = self.buy()
        answer = self.client.get(address, headers={"Order-Token": other["token"]})
        self.assert_problem(answer, 404, "NOT_FOUND")

    def test_the_token_is_shown_to_its_owner_and_its_holder_only(self):
        order = self.buy("ada@example.com")
        address, held = f"{URL}{order['number']}/", {"Order-Token": order["token"]}
        assert order["token"] == Order.objects.get().token
        staff = [
            self.headers_of(f"{role}@example.com", role=role)
            for role in ("support", "order_manager", "admin")
        ]
        for headers in [self.ada, held, *({**each, **held} for each in staff)]:
            shown = self.client.get(address, headers=headers).json()
            assert shown["token"] == order["token"]
        own = self.client.get(URL, headers=self.ada).json()["results"]
        assert [each["token"] for each in own] == [order["token"]]
        for headers in staff:
            assert self.client.get(address, headers=headers).json()["token"] is None
            (listed,) = self.client.get(URL, headers=headers).json()["results"]
            assert (listed["number"], listed["token"]) == (order["number"], None)
        answer = self.client.post(f"{address}cancel/", {}, headers=staff[1])
        assert (answer.json()["status"], answer.json()["token"]) == ("CANCELLED", None)

    def test_is_404_for_numbers_that_are_none(self):
        for number in ["N-1", "%00", "x" * 30, "a b", "'"]:
            answer = self.client.get(f"{URL}{number}/", headers=self.ada)
            self.assert_problem(answer, 404, "NOT_FOUND")

    def numbers(self, headers: dict[str, str], **query: Any) -> list[str]:
        answer = self.client.get(URL, query, headers=headers)
        assert answer.status_code == 200, answer.content
        return [order["number"] for order in answer.json()["results"]]

    def test_a_list_holds_one_s_own_and_for_staff_all(self):
        first = self.buy("ada@example.com")["number"]
        second = self.buy("eve@example.com")["number"]
        guest = self.buy()["number"]
        assert self.numbers(self.ada) == [first]
        assert self.numbers(self.eve) == [second]
        for role, numbers in {
            "order_manager": [guest, second, first],
            "support": [guest, second, first],
            "admin": [guest, second, first],
            "catalog_manager": [],
        }.items():
            assert self.numbers(self.headers_of(f"{role}@example.com", role=role)) == numbers
        answer = self.client.get(URL)
        self.assert_problem(answer, 401, "UNAUTHENTICATED")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    def test_a_list_is_narrowed_ordered_and_paged(self):
        staff = self.headers_of("staff@example.com", role="order_manager")
        numbers = [self.buy()["number"] for _ in range(3)]
        Order.objects.filter(number=numbers[0]).update(status="CANCELLED", email="x@example.com")
        middle = Order.objects.get(number=numbers[1]).placed_at.isoformat()
        for query, found in [
            ({"status": "CANCELLED"}, numbers[:1]),
            ({"status": ["CANCELLED", "CONFIRMED"]}, numbers[::-1]),
            ({"payment_status": "PAID"}, []),
            ({"placed_after": middle}, numbers[:0:-1]),
            ({"placed_before": middle}, numbers[:1]),
            ({"email": "X@example.com"}, numbers[:1]),
            ({"search": numbers[2]}, numbers[2:]),
            ({"ordering": "placed_at"}, numbers),
        ]:
            assert self.numbers(staff, **query) == found, query
        first = self.client.get(URL, {"page_size": 2}, headers=staff).json()
        second = self.client.get(first["next"], headers=staff).json()
        assert [order["number"] for order in second["results"]] == numbers[:1]
        assert second["next"] is None

    def test_a_list_refuses_filters_that_make_no_sense(self):
        for field, value in {
            "status": "LOST",
            "placed_after": "x",
            "ordering": "total",
            "search": "\0",
        }.items():
            answer = self.client.get(URL, {field: value}, headers=self.ada)
            self.assert_problem(answer, 400, "INVALID", field=field)
        answer = self.client.get(URL, {"after": "x"}, headers=self.ada)
        self.assert_problem(answer, 400, "INVALID_CURSOR", field="after")

    def test_a_list_costs_the_same_for_one_and_for_twenty(self):
        counts = []
        for number in range(20):
            self.buy("ada@example.com")
            if number in {0, 19}:
                with CaptureQueriesContext(connection) as captured:
                    assert len(self.numbers(self.ada, page_size=100)) == number + 1
                counts.append(len(captured))
        # One for the token, and one for all there is to read.
        assert counts == [2, 2]


class CancelTests(OrderTestCase):
    def cancel(self, number: str, headers: dict[str, str], **body: Any) -> Any:
        return self.client.post(f"{URL}{number}/cancel/", body, headers=headers)

    def test_owner_staff_and_who_holds_the_token_may(self):
        staff = self.headers_of("staff@example.com", role="order_manager")
        for headers in [self.ada, staff, {}]:
            order = self.buy("ada@example.com")
            answer = self.cancel(
                order["number"], headers or {"Order-Token": order["token"]}, reason="too late"
            )
            assert answer.status_code == 200, answer.content
            shown = answer.json()
            assert (shown["status"], shown["allowed_actions"]) == ("CANCELLED", [])
            assert "too late" in shown["events"][-1]["message"]
        assert available("mug-1") == 100

    def test_others_may_not_and_nothing_changes(self):
        order = self.buy("ada@example.com")
        support = self.headers_of("support@example.com", role="support")
        self.assert_problem(self.cancel(order["number"], support), 403, "FORBIDDEN")
        for headers in [{}, self.eve, {"Order-Token": "x"}]:
            self.assert_problem(self.cancel(order["number"], headers), 404, "NOT_FOUND")
        assert Order.objects.get().status == "CONFIRMED"

    def test_the_token_of_another_order_cancels_neither(self):
        order, other = self.buy("ada@example.com"), self.buy()
        answer = self.cancel(order["number"], {"Order-Token": other["token"]})
        self.assert_problem(answer, 404, "NOT_FOUND")
        assert set(Order.objects.values_list("status", flat=True)) == {"CONFIRMED"}

    def test_one_s_own_is_cancelled_whatever_other_token_comes_with_it(self):
        order, other = self.buy("ada@example.com"), self.buy()
        headers = {**self.ada, "Order-Token": other["token"]}
        assert self.cancel(order["number"], headers).json()["number"] == order["number"]
        assert Order.objects.get(number=other["number"]).status == "CONFIRMED"

    def test_twice_is_a_conflict(self):
        number = self.buy("ada@example.com")["number"]
        assert self.cancel(number, self.ada).status_code == 200
        self.assert_problem(self.cancel(number, self.ada), 409, "INVALID_TRANSITION")

    def test_a_reason_has_a_limit(self):
        number = self.buy("ada@example.com")["number"]
        answer = self.cancel(number, self.ada, reason="x" * 401)
        self.assert_problem(answer, 400, "INVALID", field="reason")

    def test_orders_are_neither_changed_nor_deleted_otherwise(self):
        number = self.buy("ada@example.com")["number"]
        admin = self.headers_of("admin@example.com", role="admin")
        for method in ["put", "patch", "delete"]:
            answer = getattr(self.client, method)(f"{URL}{number}/", {}, headers=admin)
            self.assert_problem(answer, 405, "METHOD_NOT_ALLOWED")
            assert "GET" in answer.headers["Allow"]
        assert Order.objects.get().status == "CONFIRMED"


class DeletedProductTests(OrderTestCase):
    def test_a_deleted_product_leaves_the_carts(self):
        cart = self.ready_cart()
        delete_product(product_id=Variant.objects.get().product.pk, now=NOON)
        answer = self.check_out(cart.token)
        self.assert_problem(answer, 409, "CART_EMPTY", field="cart_token")
