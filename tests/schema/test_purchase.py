"""A purchase through the operations of a storefront, from the empty cart to the confirmation."""

from __future__ import annotations

from typing import Any

from django.core import mail

from catalog.models import Stock, Variant
from commerce.models import Cart, CartLine, Order, OrderEvent, OrderLine, Payment, ShippingMethod
from schema.compiler.ids import encode_id
from tasks.models import Job
from tests.commerce.factories import make_voucher
from tests.schema.shop import (
    LONDON,
    MANUAL,
    CommittedShopTestCase,
    ShopTestCase,
    buy,
    id_of,
    make_user,
    money,
    ready_cart,
    run_jobs,
    token_of,
)
from users.models import Notification

# What carts and orders show of an address: all but the phone.
SHOWN = {name: LONDON[name] for name in ("name", "street", "city", "postalCode", "country")}


def cart_parts(cart: Cart, **parts: Any) -> dict[str, Any]:
    """What clients should see of a cart with two small shirts in it."""
    quote = cart.quote
    line = CartLine.objects.get(cart=cart)
    shown = {
        "id": id_of(cart),
        "token": cart.token,
        "version": 1,
        "email": "ada@example.com",
        "lines": [
            {
                "id": id_of(line),
                "quantity": 2,
                "variant": {
                    "id": id_of(line.variant),
                    "sku": "OBS-1",
                    "name": "Small",
                    "availability": "IN_STOCK",
                    "product": {
                        "name": "Ocean Blue Shirt",
                        "slug": "ocean-blue-shirt",
                        "media": [{"url": "https://example.com/front.jpg", "alt": "Front"}],
                    },
                },
                "unitPrice": money("50.00"),
                "total": money("100.00"),
            }
        ],
        "shippingAddress": None,
        "billingAddress": None,
        "shippingMethods": [],
        "shippingMethod": None,
        "vouchers": [],
        "quote": {
            "subtotal": money("100.00"),
            "discount": money("0.00"),
            "shipping": money("0.00"),
            "tax": money("0.00"),
            "total": money("100.00"),
            "expiresAt": quote.expires_at.isoformat(),
        },
        "requirements": ["SHIPPING_ADDRESS", "SHIPPING_METHOD"],
    }
    assert shown.keys() >= parts.keys()
    return shown | parts


class TestPurchase(CommittedShopTestCase):
    def test_from_the_cart_to_the_job_that_confirms_it(self) -> None:
        make_voucher("WELCOME10")
        method = ShippingMethod.objects.get()

        answer = self.call(
            "CartCreate",
            lines=[{"sku": "OBS-1", "quantity": 1}],
            email="ada@example.com",
            idempotencyKey="k-1",
        )
        token = answer.payload["cart"]["token"]

        answer = self.call(
            "CartLinesSet", token=token, expectedVersion=1, lines=[{"sku": "OBS-1", "quantity": 2}]
        )
        cart = Cart.objects.get()
        expected = cart_parts(cart, version=2)
        self.same(answer.data, {"cartLinesSet": {"cart": expected, "userErrors": []}})
        self.same(self.send("Cart", token=token).data, {"cart": expected})

        answer = self.call(
            "CartUpdate",
            token=token,
            expectedVersion=2,
            email="ada@example.com",
            shippingAddress=LONDON,
            billingAddress=None,
            shippingMethodId=id_of(method),
            voucherCodes=["welcome10"],
        )
        cart = Cart.objects.get()
        expected = cart_parts(
            cart,
            version=3,
            shippingAddress=SHOWN,
            shippingMethods=[{"id": id_of(method), "name": "Standard", "price": money("5.00")}],
            shippingMethod={"id": id_of(method), "name": "Standard"},
            vouchers=[{"code": "WELCOME10", "amount": money("10.00")}],
            quote={
                "subtotal": money("100.00"),
                "discount": money("10.00"),
                "shipping": money("5.00"),
                "tax": money("19.00"),
                "total": money("114.00"),
                "expiresAt": cart.quote.expires_at.isoformat(),
            },
            requirements=[],
        )
        self.same(answer.data, {"cartUpdate": {"cart": expected, "userErrors": []}})

        given = {
            "cartToken": token,
            "idempotencyKey": "k-2",
            "quoteTotal": "114.00",
            "payment": MANUAL,
        }
        answer = self.call("Checkout", **given)
        order, job, payment = Order.objects.get(), Job.objects.get(), Payment.objects.get()
        self.same(
            answer.data,
            {
                "checkoutComplete": {
                    "order": self.order_parts(order),
                    "payment": {
                        "id": encode_id("Payment", payment.public_id),
                        "status": "PENDING",
                        "nextAction": None,
                    },
                    "jobs": [
                        {
                            "id": encode_id("Job", job.public_id),
                            "kind": "commerce.send_order_confirmation",
                            "status": "PENDING",
                        }
                    ],
                    "userErrors": [],
                }
            },
        )
        stock = Stock.objects.get(variant__sku="OBS-1")
        assert (stock.on_hand, stock.allocated) == (10, 2)
        assert self.call("Checkout", **given).text == answer.text
        assert Order.objects.count() == Job.objects.count() == 1

        run_jobs()
        (message,) = mail.outbox
        assert message.to == ["ada@example.com"]
        self.same(
            self.send("Job", id=encode_id("Job", job.public_id)).data,
            {
                "job": {
                    "id": encode_id("Job", job.public_id),
                    "kind": "commerce.send_order_confirmation",
                    "status": "SUCCEEDED",
                    "attempts": 1,
                    "progress": 100,
                    "error": "",
                }
            },
        )
        shown = self.send("OrderByToken", token=order.token).data
        self.same(shown, {"order": self.order_parts(order)})

    def order_parts(self, order: Order) -> dict[str, Any]:
        line = OrderLine.objects.get()
        return {
            "id": id_of(order),
            "number": order.number,
            "token": order.token,
            "status": "CONFIRMED",
            "paymentStatus": "PENDING",
            "placedAt": order.placed_at.isoformat(),
            "email": "ada@example.com",
            "lines": [
                {
                    "id": id_of(line),
                    "name": "Ocean Blue Shirt (Small)",
                    "sku": "OBS-1",
                    "quantity": 2,
                    "unitPrice": money("50.00"),
                    "total": money("100.00"),
                }
            ],
            "totals": {
                "subtotal": {"amount": "100.00"},
                "discount": {"amount": "10.00"},
                "shipping": {"amount": "5.00"},
                "tax": {"amount": "19.00"},
                "total": money("114.00"),
            },
            "shippingAddress": SHOWN,
            "fulfillments": [],
            "events": {
                "edges": [
                    {
                        "node": {
                            "sequence": event.sequence,
                            "kind": event.kind,
                            "message": event.message,
                            "createdAt": event.created_at.isoformat(),
                        }
                    }
                    for event in OrderEvent.objects.order_by("sequence")
                ]
            },
            "allowedActions": ["CANCEL"],
        }

    def test_is_notified_of_to_a_customer(self) -> None:
        bearer = token_of(make_user())
        number = buy(self, bearer=bearer)["order"]["number"]
        run_jobs()
        notification = Notification.objects.get()
        self.same(
            self.send("Viewer", bearer=bearer).data["viewer"]["notifications"],
            {
                "totalCount": 1,
                "unreadCount": 1,
                "edges": [
                    {
                        "node": {
                            "id": id_of(notification),
                            "kind": "ORDER_CONFIRMED",
                            "title": f"Your order {number} is confirmed",
                            "body": notification.body,
                            "readAt": None,
                            "createdAt": notification.created_at.isoformat(),
                        }
                    }
                ],
            },
        )


class TestGuestsPurchase(ShopTestCase):
    def test_of_a_variant_without_sku_names_it_by_id(self) -> None:
        medium = Variant.objects.get(name="Medium")
        payload = buy(self, sku=None, variantId=id_of(medium))
        (line,) = payload["order"]["lines"]
        assert (line["name"], line["sku"]) == ("Ocean Blue Shirt (Medium)", None)

    def test_a_lost_answer_is_asked_for_again(self) -> None:
        given = {"lines": [{"sku": "MUG-1", "quantity": 1}], "idempotencyKey": "k-1"}
        first, second = self.call("CartCreate", **given), self.call("CartCreate", **given)
        assert first.payload == second.payload
        assert Cart.objects.count() == 1

    def test_a_weak_key_opens_no_other_guests_cart(self) -> None:
        given = {"lines": [{"sku": "MUG-1", "quantity": 1}], "idempotencyKey": "1"}
        mine = self.call("CartCreate", **given).payload["cart"]
        self.client.defaults["REMOTE_ADDR"] = "192.0.2.1"
        assert self.call("CartCreate", **given).payload["cart"]["token"] != mine["token"]

    def test_an_empty_cart_lacks_everything(self) -> None:
        cart = self.call("CartCreate").payload["cart"]
        assert cart["lines"] == []
        assert cart["email"] is None
        assert cart["requirements"] == ["LINES", "EMAIL", "SHIPPING_ADDRESS", "SHIPPING_METHOD"]

    def test_absent_fields_stay_and_null_clears(self) -> None:
        cart = ready_cart(self)
        unchanged = self.call("CartUpdate", token=cart["token"]).payload["cart"]
        for name in ("email", "shippingAddress", "shippingMethod", "lines"):
            assert unchanged[name] == cart[name] != None  # noqa: E711
        cleared = self.call(
            "CartUpdate", token=cart["token"], email=None, shippingAddress=None
        ).payload["cart"]
        assert (cleared["email"], cleared["shippingAddress"]) == (None, None)
        assert cleared["requirements"] == ["EMAIL", "SHIPPING_ADDRESS", "SHIPPING_METHOD"]

    def test_zero_takes_a_line_out(self) -> None:
        lines = [{"sku": "MUG-1", "quantity": 1}, {"sku": "OBS-1", "quantity": 1}]
        token = self.call("CartCreate", lines=lines).payload["cart"]["token"]
        answer = self.call("CartLinesSet", token=token, lines=[{"sku": "MUG-1", "quantity": 0}])
        assert [line["variant"]["sku"] for line in answer.payload["cart"]["lines"]] == ["OBS-1"]

    def test_can_be_called_off_with_the_token(self) -> None:
        token = buy(self)["order"]["token"]
        order = Order.objects.get()
        self.same(
            self.call("OrderCancel", token=token, number=None, reason="changed my mind").data,
            {
                "orderCancel": {
                    "order": {"number": order.number, "status": "CANCELLED"},
                    "userErrors": [],
                }
            },
        )
        shown = self.send("OrderByToken", token=token).data["order"]
        assert shown["allowedActions"] == []
        events = [edge["node"]["message"] for edge in shown["events"]["edges"]]
        assert events[-1] == "The order was cancelled: changed my mind"
        assert Stock.objects.get(variant__sku="MUG-1").allocated == 0

    def test_is_shown_to_nobody_by_its_number_alone(self) -> None:
        number = buy(self)["order"]["number"]
        self.same(self.send("OrderByNumber", number=number).data, {"order": None})
        for given in ({"number": ""}, {"number": "N-0"}, {"number": number.lower()}):
            assert self.send("OrderByNumber", **given).data == {"order": None}
        assert self.ask("{ order { number } }").data == {"order": None}
        assert self.send("OrderByToken", token="garbage").data == {"order": None}


class TestCustomersPurchase(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.user = make_user(first_name="Ada", last_name="Byron")
        self.bearer = token_of(self.user)

    def viewer(self) -> Any:
        return self.send("Viewer", bearer=self.bearer).data["viewer"]

    def test_shows_in_the_customers_account(self) -> None:
        lines = [{"sku": "OBS-1", "quantity": 2}]
        answer = self.call("CartCreate", bearer=self.bearer, lines=lines)
        cart = Cart.objects.get()
        self.same(answer.payload["cart"], cart_parts(cart))
        self.same(self.viewer()["cart"], cart_parts(cart))

        payload = buy(self, bearer=self.bearer)
        order = Order.objects.get()
        self.same(self.viewer()["cart"], cart_parts(cart))
        self.same(
            self.viewer()["orders"],
            {
                "totalCount": 1,
                "edges": [
                    {
                        "node": {
                            "number": order.number,
                            "status": "CONFIRMED",
                            "total": money("29.76"),
                            "placedAt": order.placed_at.isoformat(),
                        }
                    }
                ],
            },
        )
        by_number = self.send("OrderByNumber", bearer=self.bearer, number=order.number)
        self.same(by_number.data["order"], payload["order"])

    def test_begins_with_a_guests_cart_that_is_claimed(self) -> None:
        token = ready_cart(self)["token"]
        answer = self.call("CartClaim", bearer=self.bearer, token=token)
        assert answer.payload["cart"]["version"] == 3
        self.same(self.viewer()["cart"], answer.payload["cart"])
        # The token alone opens it no more.
        assert self.send("Cart", token=token).data == {"cart": None}
        shown = self.send("Cart", bearer=self.bearer, token=token).data["cart"]
        self.same(shown, answer.payload["cart"])

    def test_can_be_called_off_by_number(self) -> None:
        number = buy(self, bearer=self.bearer)["order"]["number"]
        answer = self.call("OrderCancel", bearer=self.bearer, number=number)
        assert answer.payload["order"] == {"number": number, "status": "CANCELLED"}
