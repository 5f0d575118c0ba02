"""A whole purchase over REST, and the versions of what several people change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from catalog.models import Product
from commerce.models import Cart, ShippingMethod
from tests.catalog.factories import make_product
from tests.rest import RestTestCase
from tests.schema.shop import fill_shop

LONDON = {
    "name": "Ada Byron",
    "street": "1 Analytical Way",
    "city": "London",
    "postal_code": "N1 9GU",
    "country": "GB",
    "phone": "",
}


class PurchaseTestCase(RestTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        fill_shop()

    def post(self, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        answer = self.client.post(f"/api/{path}", body or {}, headers=headers)
        assert answer.status_code == status, answer.content
        return answer

    def cart(self, **headers: str) -> str:
        """The address of a cart that lacks nothing."""
        lines = [{"sku": "MUG-1", "quantity": 3}]
        made = self.post("carts/", {"lines": lines, "email": "a@example.com"}, 201, **headers)
        address = made.headers["Location"]
        changes = {
            "shipping_address": LONDON,
            "shipping_method_id": ShippingMethod.objects.get().pk,
        }
        cart = self.client.patch(address, changes, headers=headers).json()
        assert cart["requirements"] == []
        assert cart["shipping_address"] == LONDON
        return address


class PurchaseTests(PurchaseTestCase):
    def test_goes_from_an_empty_cart_to_the_refund(self) -> None:
        staff = self.headers_of("staff@example.com", role="order_manager")
        cart = self.client.get(self.cart()).json()
        assert cart["lines"][0]["variant"]["product_slug"] == "mug"
        checkout = {
            "cart_token": cart["token"],
            "quote_total": cart["quote"]["total"],
            "payment": {"provider": "fake", "data": {"card": "4111111111111111"}},
        }
        made = self.post("orders/", checkout, 201, **{"Idempotency-Key": "buy"}).json()
        order, token = made["order"], {"Order-Token": made["order"]["token"]}
        assert order["payment_status"] == "AUTHORIZED"
        assert made["jobs"][0]["id"]
        address = f"orders/{order['number']}/"
        taken = self.post(f"{address}capture/", {}, **staff, **{"Idempotency-Key": "take"})
        assert taken.json()["payment_status"] == "PAID"

        sent = self.post(f"{address}fulfillments/", {"tracking_number": "T1"}, 201, **staff)
        assert self.client.get(sent.headers["Location"], headers=token).json() == sent.json()
        arrived = self.post(f"fulfillments/{sent.json()['id']}/deliver/", **staff).json()
        assert arrived["status"] == "DELIVERED"
        lines = [{"order_line_id": order["lines"][0]["id"], "quantity": 2}]
        asked = self.post(f"{address}returns/", {"lines": lines, "reason": "Blue"}, 201, **token)
        back = f"returns/{asked.json()['id']}/"
        assert self.post(f"{back}approve/", {"answer": "Fine"}, **staff).json()["answer"] == "Fine"
        assert self.post(f"{back}receive/", **staff).json()["status"] == "RECEIVED"
        wanted = {"amount": "5.00", "reason": "Blue"}
        self.post(f"{address}refund/", wanted, **staff, **{"Idempotency-Key": "give"})
        self.post(f"{address}notes/", {"body": "Dislikes blue."}, 201, **staff)

        seen = self.client.get(f"/api/{address}", headers=token).json()
        assert (seen["status"], seen["payment_status"]) == ("FULFILLED", "PARTIALLY_REFUNDED")
        assert (seen["lines"][0]["returned"], seen["notes"]) == (2, [])
        assert self.client.get(f"/api/{address}", headers=staff).json()["notes"]
        assert len(seen["events"]) > 6

    def test_a_parcel_s_line_that_is_null_is_refused(self) -> None:
        staff = self.headers_of("staff@example.com", role="order_manager")
        path = "orders/N-1/fulfillments/"
        refused = self.post(path, {"lines": [None]}, 400, **staff).json()
        assert [error["field"] for error in refused["errors"]] == ["lines.0"]

    def test_a_repeated_cart_is_the_same_cart(self) -> None:
        headers = {"Idempotency-Key": "cart"}
        first, second = (self.post("carts/", {}, 201, **headers) for _ in range(2))
        assert first.json() == second.json()

    def test_a_guest_s_cart_becomes_the_customer_s(self) -> None:
        token = self.cart().rstrip("/").rpartition("/")[2]
        ada = self.headers_of("ada@example.com")
        claimed = self.post(f"carts/{token}/claim/", **ada).json()
        assert Cart.objects.get(token=claimed["token"]).user.email == "ada@example.com"

    def test_a_review_waits_for_a_moderator(self) -> None:
        ada = self.headers_of("ada@example.com")
        manager = self.headers_of("manager@example.com", role="catalog_manager")
        token = self.client.get(self.cart(**ada), headers=ada).json()["token"]
        body = {"cart_token": token, "payment": {"provider": "fake", "data": {"card": "4242" * 4}}}
        self.post("orders/", body, 201, **ada, **{"Idempotency-Key": "k"})
        product = Product.objects.get(slug="mug").pk
        said = self.post("reviews/", {"product_id": product, "rating": 5}, 201, **ada)
        assert said.json()["status"] == "PENDING"
        listed = f"/api/reviews/?product={product}&status=PENDING"
        assert self.client.get(listed).json()["results"] == []
        address = said.headers["Location"]
        assert self.client.get(listed, headers=manager).json()["results"] == [said.json()]
        seen = {**manager, "If-Match": self.client.get(address, headers=manager).headers["ETag"]}
        self.client.patch(address, {"status": "PUBLISHED"}, headers=seen)
        late = self.client.patch(address, {"status": "REJECTED"}, headers=seen)
        self.assert_problem(late, 412, "PRECONDITION_FAILED")
        assert self.client.get(address).json()["status"] == "PUBLISHED"

    def test_what_is_written_is_read_by_the_other(self) -> None:
        staff = self.headers_of("staff@example.com", role="support")
        ada = self.headers_of("ada@example.com")
        letter = {"recipient_email": "staff@example.com", "body": "Hello?"}
        sent = self.post("messages/", letter, 201, **ada)
        assert self.client.get(sent.headers["Location"], headers=staff).json()["is_mine"] is False
        (listed,) = self.client.get("/api/messages/", headers=ada).json()["results"]
        assert listed == sent.json()


class VersionTests(PurchaseTestCase):
    def test_a_cart_that_another_tab_changed_is_not_changed_unseen(self) -> None:
        address = self.cart()
        seen = {"If-Match": self.client.get(address).headers["ETag"]}
        lines = {"lines": [{"sku": "MUG-1", "quantity": 1}]}
        answer = self.client.post(f"{address}lines/", lines, headers=seen)
        assert (answer.status_code, answer.json()["lines"][0]["quantity"]) == (200, 1)
        for send, path, body in [
            (self.client.post, f"{address}lines/", lines),
            (self.client.patch, address, {"email": "b@example.com"}),
        ]:
            self.assert_problem(send(path, body, headers=seen), 412, "PRECONDITION_FAILED")
        stale = {**lines, "expected_version": 1}
        answer = self.client.post(f"{address}lines/", stale)
        self.assert_problem(answer, 409, "VERSION_CONFLICT")

    def test_a_category_that_was_changed_is_not_changed_unseen(self) -> None:
        manager = self.headers_of("manager@example.com", role="catalog_manager")
        made = self.post("categories/", {"name": "Tea"}, 201, **manager)
        address, old = made.headers["Location"], {**manager, "If-Match": made.headers["ETag"]}
        assert self.client.patch(address, {"name": "Teas"}, headers=old).status_code == 200
        for send in (self.client.put, self.client.patch, self.client.delete):
            self.assert_problem(
                send(address, {"name": "Te"}, headers=old), 412, "PRECONDITION_FAILED"
            )
        assert self.client.get(address).json()["name"] == "Teas"


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_a_change_that_comes_while_the_version_is_compared_is_not_lost() -> None:
    """The second of two clients waits for the first one's lock, and only then compares."""
    case = RestTestCase()
    product = make_product("mug", name="Mug")
    address = f"/api/products/{product.pk}/"
    headers = case.headers_of("manager@example.com", role="catalog_manager")
    headers["If-Match"] = Client().get(address).headers["ETag"]

    def change() -> int:
        try:
            body = {"vendor": "Quay"}
            options = {"content_type": "application/json", "headers": headers}
            return Client().patch(address, body, **options).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            Product.objects.select_for_update().get(pk=product.pk)
            waiting = threads.submit(change)
            _await_waiting()
            Product.objects.update(name="Cup")
        assert waiting.result(timeout=30) == 412
    assert Product.objects.values_list("name", "vendor").get() == ("Cup", product.vendor)


def _await_waiting() -> None:
    """Until somebody waits for a row."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return


class MisspeltNamesTests(PurchaseTestCase):
    """A name that nothing has is refused: what was meant by it is not done otherwise."""

    def test_in_a_refund_would_give_back_all(self) -> None:
        staff = self.headers_of("staff@example.com", role="order_manager")
        path = "orders/N-1/refund/"
        refused = self.post(path, {"amont": "1.00"}, 400, **staff, **{"Idempotency-Key": "r"})
        problem = self.assert_problem(refused, 400, "INVALID", field="amont")
        assert "there are amount," in problem["detail"]

    def test_in_a_cart_at_any_depth(self) -> None:
        for body, field in [
            ({"items": []}, "items"),
            ({"lines": [{"sku": "MUG-1", "quantity": 1, "price": "1"}]}, "lines.0.price"),
        ]:
            self.assert_problem(self.post("carts/", body, 400), 400, "INVALID", field=field)
        assert not Cart.objects.exists()
        address = self.cart()
        for body, field in [
            ({"shipping_method": 3}, "shipping_method"),
            ({"shipping_address": {**LONDON, "zip": "N1"}}, "shipping_address.zip"),
        ]:
            self.assert_problem(self.client.patch(address, body), 400, "INVALID", field=field)

    def test_in_a_product_but_not_what_is_only_read(self) -> None:
        staff = self.headers_of("staff@example.com", role="catalog_manager")
        address = f"/api/products/{Product.objects.get(slug='mug').pk}/"
        shown = self.client.get(address, headers=staff).json()
        refused = self.client.patch(address, {"titel": "Cup"}, headers=staff)
        self.assert_problem(refused, 400, "INVALID", field="titel")
        again = self.client.patch(address, {**shown, "name": "Cup"}, headers=staff)
        assert (again.status_code, again.json()["name"]) == (200, "Cup")

    def test_in_a_query_would_list_everything(self) -> None:
        for path in ("products/?page=2", "products/?categry=shirts", "reviews/?limit=1"):
            answer = self.client.get(f"/api/{path}")
            name = path.partition("?")[2].partition("=")[0]
            self.assert_problem(answer, 400, "INVALID", field=name)

    def test_are_told_up_to_a_number(self) -> None:
        many = {f"no{number}": 1 for number in range(10_000)}
        assert len(self.post("carts/", many, 400).json()["errors"]) == 10

    def test_of_a_key_s_header_is_told(self) -> None:
        checkout = {"cart_token": "x", "payment": {"provider": "manual"}}
        problem = self.post("orders/", checkout, 400).json()
        assert problem["code"] == "REQUIRED"
        assert "header Idempotency-Key" in problem["detail"]


def test_a_client_that_accepts_problems_alone_is_answered(client: Client, db: None) -> None:
    answer = client.delete("/api/products/1/", headers={"Accept": "application/problem+json"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")
