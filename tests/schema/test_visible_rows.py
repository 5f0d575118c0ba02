"""What each role sees beyond what customers see, and what a customer sees of another's."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from commerce.models import Cart
from schema.compiler.ids import encode_id
from tasks.models import Job
from tests.schema.shop import (
    LONDON,
    MANUAL,
    CommittedShopTestCase,
    ShopTestCase,
    buy,
    id_of,
    make_user,
    product_id,
    ready_cart,
    run_jobs,
    token_of,
)
from users.models import Address, Message, Notification, User


class TestRows(ShopTestCase):
    """What each role sees beyond what customers see."""

    def test_that_are_not_published(self) -> None:
        lamp = product_id("lamp")
        for role, is_seen in (
            ("catalog_manager", True),
            ("admin", True),
            ("order_manager", False),
            ("support", False),
            ("", False),
        ):
            with self.subTest(role):
                bearer = token_of(make_user(f"{role}@example.com", role=role))
                shown = self.send("ProductPage", bearer=bearer, slug="lamp").data["product"]
                node = self.send("NodeById", bearer=bearer, id=lamp).data["node"]
                hidden = self.send("Browse", bearer=bearer, filter={"isPublished": False})
                assert bool(shown) is bool(node) is is_seen
                assert hidden.data["products"]["totalCount"] == int(is_seen)

    def test_that_are_orders(self) -> None:
        order = buy(self)["order"]
        for role, is_seen in (
            ("order_manager", True),
            ("support", True),
            ("admin", True),
            ("catalog_manager", False),
            ("", False),
        ):
            with self.subTest(role):
                bearer = token_of(make_user(f"{role}@example.com", role=role))
                by_number = self.send("OrderByNumber", bearer=bearer, number=order["number"])
                by_id = self.send("NodeById", bearer=bearer, id=order["id"])
                assert bool(by_number.data["order"]) is bool(by_id.data["node"]) is is_seen

    def test_that_are_carts_addresses_and_letters_stay_their_owners(self) -> None:
        owner = make_user()
        cart = ready_cart(self, bearer=token_of(owner))
        address = Address.objects.create(user=owner, name="A", street="B", city="C", country="GB")
        boss = token_of(make_user("boss@example.com", role="admin"))
        assert self.send("Cart", bearer=boss, token=cart["token"]).data == {"cart": None}
        for global_id in (cart["id"], id_of(address)):
            assert self.send("NodeById", bearer=boss, id=global_id).data == {"node": None}


class TestTwoCustomers(CommittedShopTestCase):
    """Of all that Ada has, Bea sees nothing, whichever way she asks."""

    def setUp(self) -> None:
        super().setUp()
        ada, staff = make_user(), make_user("staff@example.com", role="support")
        self.ada = token_of(ada)
        self.bea = token_of(make_user("bea@example.com"))
        self.call("AddressCreate", bearer=self.ada, **LONDON)
        self.order = buy(self, bearer=self.ada)["order"]
        self.cart = ready_cart(self, bearer=self.ada)
        for sender, recipient in ((ada, staff), (staff, ada)):
            self.call(
                "MessageSend", bearer=token_of(sender), recipientEmail=recipient.email, body="Hi"
            )
        run_jobs()
        self.ids = [
            id_of(ada),
            self.order["id"],
            self.cart["id"],
            id_of(Address.objects.get()),
            *map(id_of, Message.objects.all()),
            *map(id_of, Notification.objects.all()),
            *(encode_id("Job", job.public_id) for job in Job.objects.all()),
        ]

    def test_ada_has_all_of_it(self) -> None:
        """Otherwise the tests below would prove nothing."""
        viewer = self.send("Viewer", bearer=self.ada).data["viewer"]
        assert viewer["cart"]["token"] == self.cart["token"]
        assert viewer["orders"]["totalCount"] == len(viewer["addresses"]) == 1
        assert viewer["notifications"]["unreadCount"] == 2
        seen = [
            global_id
            for global_id in self.ids
            if self.send("NodeById", bearer=self.ada, id=global_id).data["node"]
        ]
        # All but staff's notification and the jobs, which only their ids open, by `job`.
        assert len(seen) == 8
        assert self.messages(self.ada)["totalCount"] == 2

    def test_in_her_account(self) -> None:
        viewer = self.send("Viewer", bearer=self.bea).data["viewer"]
        assert viewer["cart"] is None
        assert viewer["addresses"] == []
        for name in ("orders", "notifications"):
            assert (viewer[name]["totalCount"], viewer[name]["edges"]) == (0, [])
        assert viewer["notifications"]["unreadCount"] == 0
        assert (self.messages(self.bea)["totalCount"], self.messages(self.bea)["edges"]) == (0, [])

    def test_by_id(self) -> None:
        for bearer in (self.bea, None):
            for global_id in self.ids:
                shown = self.send("NodeById", bearer=bearer, id=global_id).data
                assert shown == {"node": None}, global_id
            query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
            shown = self.ask(query, {"ids": self.ids}, bearer=bearer).data
            assert shown == {"nodes": [None] * len(self.ids)}

    def test_by_token_or_number(self) -> None:
        for bearer in (self.bea, None):
            cart = self.send("Cart", bearer=bearer, token=self.cart["token"])
            assert cart.data == {"cart": None}
            order = self.send("OrderByNumber", bearer=bearer, number=self.order["number"])
            assert order.data == {"order": None}
            # Who was given an order's token may follow the order, as a guest does.
            order = self.send("OrderByToken", bearer=bearer, token=self.order["token"])
            assert order.data["order"]["number"] == self.order["number"]

    def test_an_orders_token_opens_that_order_alone(self) -> None:
        query = """query ($token: ID!, $id: ID!, $cart: ID!) {
          order(token: $token) { number }
          node(id: $id) { id }
          cart(token: $cart) { id }
        }"""
        variables = {
            "token": self.order["token"],
            "id": self.order["id"],
            "cart": self.cart["token"],
        }
        answer = self.ask(query, variables, bearer=self.bea)
        number = {"number": self.order["number"]}
        assert answer.data == {"order": number, "node": None, "cart": None}

    def test_her_orders_token_is_shown_to_nobody_who_has_it_not(self) -> None:
        query = """query ($number: String!, $token: ID!, $id: ID!) {
          order(number: $number) { token }
          held: order(token: $token) { token }
          node(id: $id) { ... on Order { token } }
          viewer { orders { nodes { token } } messages { nodes { order { token } } } }
        }"""
        number, token = self.order["number"], self.order["token"]
        variables = {"number": number, "token": token, "id": self.order["id"]}
        shown = {"token": token}
        mine = self.ask(query, variables, bearer=self.ada).data
        assert mine["order"] == mine["held"] == mine["node"] == shown
        assert mine["viewer"]["orders"]["nodes"] == [shown]
        guest = self.ask("query ($token: ID!) { order(token: $token) { token } }", variables)
        assert guest.data == {"order": shown}
        for role in ("support", "order_manager", "admin"):
            staff = make_user(f"{role}@example.com", role=role)
            bearer = token_of(staff)
            self.call(
                "MessageSend",
                bearer=self.ada,
                recipientEmail=staff.email,
                body="Hi",
                orderNumber=number,
            )
            seen = self.ask(query, variables, bearer=bearer).data
            assert seen["order"] == seen["node"] == {"token": None}
            assert seen["held"] == shown
            assert seen["viewer"]["messages"]["nodes"] == [{"order": {"token": None}}]
            orders = self.ask("{ orders { nodes { number token } } }", bearer=bearer).data
            assert orders["orders"]["nodes"] == [{"number": number, "token": None}]
        bearer = token_of(User.objects.get(email="order_manager@example.com"))
        cancel = """mutation ($input: OrderCancelInput!) {
          orderCancel(input: $input) { order { status token } userErrors { code } }
        }"""
        answer = self.ask(cancel, {"input": {"number": number}}, bearer=bearer)
        assert answer.payload["order"] == {"status": "CANCELLED", "token": None}

    def test_a_holder_of_the_token_that_cancels_goes_on_reading_it(self) -> None:
        cancel = """mutation ($input: OrderCancelInput!) {
          orderCancel(input: $input) { order { status token } userErrors { code } }
        }"""
        token = self.order["token"]
        answer = self.ask(cancel, {"input": {"token": token}})
        assert answer.payload["order"] == {"status": "CANCELLED", "token": token}

    def test_her_cart_is_gone_once_it_has_expired(self) -> None:
        Cart.objects.update(expires_at=timezone.now())
        assert self.send("Viewer", bearer=self.ada).data["viewer"]["cart"] is None
        token = self.cart["token"]
        assert self.send("Cart", bearer=self.ada, token=token).data == {"cart": None}
        shown = self.send("NodeById", bearer=self.ada, id=self.cart["id"])
        assert shown.data == {"node": None}
        self.rejected(
            lambda: self.call("CartUpdate", bearer=self.ada, token=token),
            ("input.token", "NOT_FOUND"),
        )

    def test_she_changes_nothing(self) -> None:
        cart, number = self.cart["token"], self.order["number"]
        line = {"orderLineId": self.order["lines"][0]["id"], "quantity": 1}
        notification = id_of(Notification.objects.filter(user__email="ada@example.com").first())
        address = id_of(Address.objects.get())
        for name, given, field in (
            ("CartUpdate", {"token": cart}, "token"),
            ("CartLinesSet", {"token": cart, "lines": []}, "token"),
            ("CartClaim", {"token": cart}, "token"),
            (
                "Checkout",
                {"cartToken": cart, "idempotencyKey": "k", "payment": MANUAL},
                "cartToken",
            ),
            ("OrderCancel", {"number": number}, "number"),
            ("AddressUpdate", {"id": address, "city": "Bath"}, "id"),
            ("AddressDelete", {"id": address}, "id"),
            ("ReturnRequest", {"number": number, "lines": [line]}, "number"),
            ("NotificationsMarkRead", {"ids": [notification]}, "ids.0"),
            (
                "MessageSend",
                {"recipientEmail": "staff@example.com", "body": "x", "orderNumber": number},
                "orderNumber",
            ),
        ):
            with self.subTest(name):
                self.rejected(
                    lambda name=name, given=given: self.call(name, bearer=self.bea, **given),
                    (f"input.{field}", "NOT_FOUND"),
                )

    def test_one_plan_serves_both_with_their_own_rows(self) -> None:
        for bearer, email in ((self.ada, "ada"), (self.bea, "bea"), (self.ada, "ada")):
            viewer = self.send("Viewer", bearer=bearer).data["viewer"]
            assert viewer["email"] == f"{email}@example.com"

    def test_her_idempotency_key_is_her_own(self) -> None:
        given = {"lines": [{"sku": "MUG-1", "quantity": 1}], "idempotencyKey": "key"}
        carts = {
            bearer: self.call("CartCreate", bearer=bearer, **given).payload["cart"]["token"]
            for bearer in (self.ada, self.bea, None)
        }
        assert len(set(carts.values())) == 3

    def messages(self, bearer: str) -> Any:
        return self.send("Messages", bearer=bearer).data["viewer"]["messages"]
