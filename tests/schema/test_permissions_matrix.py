"""Who may call what: every root field and every role, and what a customer sees of another's."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog.models import Category, Collection, Media, Review
from commerce.models import Cart, Order, OrderLine, Return
from commerce.services.fulfillments import create_fulfillment
from commerce.services.order_lines import OrderLineInput
from commerce.services.returns import approve_return, request_return
from schema.authentication import identify
from schema.compiler.ids import encode_id
from schema.execution import GraphQLRequest
from schema.live.operation import Subscribed
from schema.problems import Problem
from schema.schema import schema
from tasks.models import Job
from tests.catalog.pictures import picture
from tests.commerce.factories import make_voucher
from tests.schema.shop import (
    LONDON,
    MANUAL,
    PAID,
    PASSWORD,
    Answer,
    CommittedShopTestCase,
    ShopTestCase,
    buy,
    contents,
    id_of,
    mailed_token,
    make_user,
    own_media,
    product_id,
    ready_cart,
    run_jobs,
    token_of,
)
from users.models import Address, Message, Notification, User
from users.roles import ROLES
from users.services.sessions import log_in
from users.viewer import ANONYMOUS, Viewer

EVERYBODY = {"anonymous", "customer", "catalog_manager", "order_manager", "support", "admin"}
ACCOUNTS = EVERYBODY - {"anonymous"}
ORDER_READERS = {"order_manager", "support", "admin"}
CATALOG_MANAGERS = {"catalog_manager", "admin"}
ORDER_MANAGERS = {"order_manager", "admin"}
PAYMENT_MANAGERS = {"order_manager", "admin"}
VOUCHER_MANAGERS = {"order_manager", "admin"}
JOB_READERS = {"catalog_manager", "order_manager", "admin"}
JOB_MANAGERS = {"order_manager", "admin"}

# Each root field: who may call it, and a call that would change something where it can.
QUERIES: dict[str, tuple[set[str], str]] = {
    "cart": (EVERYBODY, 'cart(token: "x") { id }'),
    "categories": (EVERYBODY, "categories { totalCount }"),
    "category": (EVERYBODY, 'category(slug: "home") { id }'),
    "collection": (EVERYBODY, 'collection(slug: "summer") { id }'),
    "collections": (EVERYBODY, "collections { totalCount }"),
    "job": (EVERYBODY, 'job(id: "x") { id }'),
    "jobs": (JOB_READERS, "jobs { totalCount }"),
    "node": (EVERYBODY, 'node(id: "x") { id }'),
    "nodes": (EVERYBODY, 'nodes(ids: ["x"]) { id }'),
    "order": (EVERYBODY, 'order(token: "x") { id }'),
    "orders": (ORDER_READERS, "orders { totalCount }"),
    "product": (EVERYBODY, 'product(slug: "mug") { id }'),
    "products": (EVERYBODY, "products { totalCount }"),
    "reviews": (CATALOG_MANAGERS, "reviews { totalCount }"),
    "viewer": (ACCOUNTS, "viewer { id }"),
    "voucher": (VOUCHER_MANAGERS, 'voucher(code: "SAVE") { id }'),
    "vouchers": (VOUCHER_MANAGERS, "vouchers { totalCount }"),
}
# Each subscription's field; one that begins ends here with nothing to watch, or waits.
SUBSCRIPTIONS: dict[str, tuple[set[str], str]] = {
    "jobUpdated": (EVERYBODY, 'jobUpdated(id: "x") { sequence }'),
    "notificationReceived": (ACCOUNTS, "notificationReceived { sequence }"),
    "orderUpdated": (EVERYBODY, 'orderUpdated(token: "x") { sequence }'),
}
MUTATIONS: dict[str, tuple[set[str], str]] = {
    "addressCreate": (
        ACCOUNTS,
        'addressCreate(input: {name: "A", street: "B", city: "C", country: "GB"})'
        " { address { id } }",
    ),
    "addressDelete": (ACCOUNTS, 'addressDelete(input: {id: "%(address)s"}) { deletedId }'),
    "addressUpdate": (
        ACCOUNTS,
        'addressUpdate(input: {id: "%(address)s", city: "Bath"}) { address { id } }',
    ),
    "cartClaim": (ACCOUNTS, 'cartClaim(input: {token: "%(cart)s"}) { cart { id } }'),
    "cartCreate": (EVERYBODY, "cartCreate(input: {}) { cart { id } }"),
    "cartLinesSet": (
        EVERYBODY,
        'cartLinesSet(input: {token: "%(cart)s", lines: []}) { cart { id } }',
    ),
    "cartUpdate": (EVERYBODY, 'cartUpdate(input: {token: "%(cart)s"}) { cart { id } }'),
    "categoryCreate": (
        CATALOG_MANAGERS,
        'categoryCreate(input: {name: "New"}) { category { id } }',
    ),
    "categoryDelete": (
        CATALOG_MANAGERS,
        'categoryDelete(input: {id: "%(category)s"}) { deletedId }',
    ),
    "categoryUpdate": (
        CATALOG_MANAGERS,
        'categoryUpdate(input: {id: "%(category)s", name: "New"}) { category { id } }',
    ),
    "checkoutComplete": (
        EVERYBODY,
        'checkoutComplete(input: {cartToken: "%(cart)s", idempotencyKey: "k", '
        'payment: {provider: "manual"}}) { order { id } }',
    ),
    "collectionCreate": (
        CATALOG_MANAGERS,
        'collectionCreate(input: {name: "New"}) { collection { id } }',
    ),
    "collectionDelete": (
        CATALOG_MANAGERS,
        'collectionDelete(input: {id: "%(collection)s"}) { deletedId }',
    ),
    "collectionUpdate": (
        CATALOG_MANAGERS,
        'collectionUpdate(input: {id: "%(collection)s", name: "New"}) { collection { id } }',
    ),
    "emailVerificationRequest": (
        ACCOUNTS,
        "emailVerificationRequest(input: {}) { jobs { id } }",
    ),
    "emailVerify": (EVERYBODY, 'emailVerify(input: {token: "%(verification)s"}) { user { id } }'),
    "fulfillmentCancel": (
        ORDER_MANAGERS,
        'fulfillmentCancel(input: {id: "%(parcel)s"}) { order { id } }',
    ),
    "fulfillmentCreate": (
        ORDER_MANAGERS,
        'fulfillmentCreate(input: {orderNumber: "%(number)s"}) { order { id } }',
    ),
    "fulfillmentDeliver": (
        ORDER_MANAGERS,
        'fulfillmentDeliver(input: {id: "%(parcel)s"}) { order { id } }',
    ),
    "jobRetry": (JOB_MANAGERS, 'jobRetry(input: {id: "%(job)s"}) { job { id } }'),
    "messageSend": (
        ACCOUNTS,
        'messageSend(input: {recipientEmail: "boss@example.com", body: "x"}) { message { id } }',
    ),
    "mediaDelete": (
        CATALOG_MANAGERS,
        'mediaDelete(input: {id: "%(media)s"}) { deletedId }',
    ),
    "mediaUpdate": (
        CATALOG_MANAGERS,
        'mediaUpdate(input: {id: "%(media)s", alt: "x"}) { media { id } }',
    ),
    "mediaUpload": (
        CATALOG_MANAGERS,
        'mediaUpload(input: {productId: "%(product)s", file: $file}) { media { id } }',
    ),
    "notificationsMarkRead": (
        ACCOUNTS,
        'notificationsMarkRead(input: {ids: ["%(notification)s"]}) { unreadCount }',
    ),
    "orderCancel": (EVERYBODY, 'orderCancel(input: {token: "%(order)s"}) { order { id } }'),
    "orderNoteCreate": (
        ORDER_READERS,
        'orderNoteCreate(input: {orderNumber: "%(number)s", body: "x"}) { order { id } }',
    ),
    "passwordChange": (
        ACCOUNTS,
        f'passwordChange(input: {{currentPassword: "{PASSWORD}", newPassword: "{PASSWORD}!"}})'
        " { token }",
    ),
    "passwordResetConfirm": (
        EVERYBODY,
        f'passwordResetConfirm(input: {{token: "%(reset)s", newPassword: "{PASSWORD}!"}})'
        " { user { id } }",
    ),
    "passwordResetRequest": (
        EVERYBODY,
        'passwordResetRequest(input: {email: "boss@example.com"}) { userErrors { code } }',
    ),
    "paymentCapture": (
        PAYMENT_MANAGERS,
        'paymentCapture(input: {orderNumber: "%(number)s", idempotencyKey: "k"}) { order { id } }',
    ),
    "paymentConfirm": (
        EVERYBODY,
        'paymentConfirm(input: {paymentId: "%(payment)s"}) { order { id } }',
    ),
    "paymentRefund": (
        PAYMENT_MANAGERS,
        'paymentRefund(input: {orderNumber: "%(paid)s", idempotencyKey: "k"}) { order { id } }',
    ),
    "profileUpdate": (ACCOUNTS, 'profileUpdate(input: {firstName: "Augusta"}) { user { id } }'),
    "productCreate": (
        CATALOG_MANAGERS,
        'productCreate(input: {name: "New"}) { product { id } }',
    ),
    "productDelete": (
        CATALOG_MANAGERS,
        'productDelete(input: {id: "%(lamp)s"}) { deletedId }',
    ),
    "productUpdate": (
        CATALOG_MANAGERS,
        'productUpdate(input: {id: "%(lamp)s", name: "New"}) { product { id } }',
    ),
    "refreshToken": (EVERYBODY, 'refreshToken(refreshToken: "%(refresh)s") { token }'),
    "returnApprove": (
        ORDER_MANAGERS,
        'returnApprove(input: {id: "%(asked)s"}) { orderReturn { id } }',
    ),
    "returnReceive": (
        ORDER_MANAGERS,
        'returnReceive(input: {id: "%(approved)s"}) { orderReturn { id } }',
    ),
    "returnReject": (
        ORDER_MANAGERS,
        'returnReject(input: {id: "%(asked)s"}) { orderReturn { id } }',
    ),
    "returnRequest": (
        EVERYBODY,
        'returnRequest(input: {token: "%(sent)s", lines: [{orderLineId: "%(line)s", quantity: 1}]})'
        " { orderReturn { id } }",
    ),
    "revokeToken": (EVERYBODY, 'revokeToken(refreshToken: "%(refresh)s") { revoked }'),
    "reviewCreate": (
        ACCOUNTS,
        'reviewCreate(input: {productId: "%(product)s", rating: 5}) { review { id } }',
    ),
    "reviewModerate": (
        CATALOG_MANAGERS,
        'reviewModerate(input: {id: "%(review)s", status: REJECTED}) { review { id } }',
    ),
    "stockAdjust": (
        CATALOG_MANAGERS,
        'stockAdjust(input: {sku: "MUG-1", delta: 1, reason: RECEIVED}) { stock { onHand } }',
    ),
    "stockSet": (
        CATALOG_MANAGERS,
        'stockSet(input: {sku: "MUG-1", onHand: 77}) { stock { onHand } }',
    ),
    "tokenAuth": (
        EVERYBODY,
        f'tokenAuth(email: "boss@example.com", password: "{PASSWORD}") {{ token }}',
    ),
    "userRegister": (
        EVERYBODY,
        f'userRegister(input: {{email: "new@example.com", password: "{PASSWORD}"}})'
        " { user { id } }",
    ),
    "userRolesSet": (
        {"admin"},
        'userRolesSet(input: {email: "boss@example.com", roles: ["support", "admin"]})'
        " { user { id } }",
    ),
    "verifyToken": (EVERYBODY, 'verifyToken(token: "%(access)s") { payload }'),
    "voucherCreate": (
        VOUCHER_MANAGERS,
        'voucherCreate(input: {code: "NEW", kind: PERCENTAGE, value: "10"}) { voucher { id } }',
    ),
    "voucherUpdate": (
        VOUCHER_MANAGERS,
        'voucherUpdate(input: {id: "%(voucher)s", value: "20"}) { voucher { id } }',
    ),
}


def codes_of_subscription(query: str, bearer: str | None) -> set[str]:
    """The codes of the errors that a subscription begins with."""
    caller = identify(authorization=f"Bearer {bearer}" if bearer else "", cookie="")
    try:
        Subscribed(GraphQLRequest(query), caller, None)
    except Problem as problem:
        return {problem.code}
    return set()


class TestTable(ShopTestCase):
    def test_names_every_root_field_and_every_role(self) -> None:
        for table, type_ in (
            (QUERIES, schema.graphql_schema.query_type),
            (MUTATIONS, schema.graphql_schema.mutation_type),
            (SUBSCRIPTIONS, schema.graphql_schema.subscription_type),
        ):
            assert type_ is not None
            assert sorted(table) == sorted(type_.fields), "Say who may call it, with a row."
        assert {"anonymous", "customer", *ROLES} == EVERYBODY
        assert all(allowed <= EVERYBODY for allowed, _ in [*QUERIES.values(), *MUTATIONS.values()])


class TestCalls(ShopTestCase):
    """What each caller is answered; one who is denied changes nothing."""

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(own_media())

    def test_of_the_anonymous(self) -> None:
        self.calls("anonymous", None)

    def test_of_customers(self) -> None:
        self.calls("customer", make_user())

    def test_of_catalogue_managers(self) -> None:
        self.calls("catalog_manager", make_user(role="catalog_manager"))

    def test_of_order_managers(self) -> None:
        self.calls("order_manager", make_user(role="order_manager"))

    def test_of_support(self) -> None:
        self.calls("support", make_user(role="support"))

    def test_of_admins(self) -> None:
        self.calls("admin", make_user(role="admin"))

    def test_of_superusers(self) -> None:
        bearer = token_of(make_user(is_superuser=True))
        for call in (call for _, call in QUERIES.values()):
            assert self.ask(f"{{ {call} }}", bearer=bearer).codes == []

    def calls(self, caller: str, user: User | None) -> None:
        """Send each call; whatever it changes is undone before the next."""
        bearer = token_of(user) if user else None
        denial = "FORBIDDEN" if user else "UNAUTHENTICATED"
        for name, (allowed, call) in QUERIES.items():
            with self.subTest(name):
                answer = self.ask(f"{{ {call} }}", bearer=bearer)
                assert answer.codes == ([] if caller in allowed else [denial])
                self.names_what_it_takes(answer)
        for name, (allowed, call) in SUBSCRIPTIONS.items():
            with self.subTest(name):
                codes = codes_of_subscription(f"subscription {{ {call} }}", bearer)
                assert codes == (codes - {denial} if caller in allowed else {denial})
        things = self.things(user)
        for name, (allowed, call) in MUTATIONS.items():
            before = contents()
            # No atomic block: refreshToken wants to be the outermost one.
            undone = transaction.savepoint()
            with self.subTest(name):
                answer = self.call_as(bearer, call % things)
                assert answer.codes == ([] if caller in allowed else [denial]), answer.text
                self.names_what_it_takes(answer)
                has_changed = contents() != before
                assert has_changed is (caller in allowed and name != "verifyToken")
            transaction.savepoint_rollback(undone)

    def names_what_it_takes(self, answer: Answer) -> None:
        """Whoever is refused for lack of a permission is told which."""
        for extensions in answer.errors:
            if extensions["code"] == "FORBIDDEN":
                assert extensions["required"] in set().union(*ROLES.values()), answer.text

    def call_as(self, bearer: str | None, call: str) -> Answer:
        """Send a mutation, one that takes a file with a picture."""
        if "$file" not in call:
            return self.ask(f"mutation {{ {call} }}", bearer=bearer)
        document = f"mutation ($file: Upload!) {{ {call} }}"
        return self.upload(document, {"file": None}, bearer=bearer, file=picture())

    def things(self, user: User | None) -> dict[str, str]:
        """What the mutations change, by name."""
        boss = make_user("boss@example.com", role="admin")
        session = log_in(email=boss.email, password=PASSWORD, address=None, now=timezone.now())
        notification = Notification.objects.create(
            user=user or boss,
            kind="MESSAGE_RECEIVED",
            source="message:1",
            sequence=99,
            title="New message",
        )
        address = Address.objects.create(
            user=user or boss, name="A", street="B", city="C", country="GB"
        )
        job = Job.objects.create(kind="users.notify_recipient", status="DEAD")
        order = buy(self, bearer=token_of(user) if user else None)["order"]
        if user:  # may review the mug
            buy(self, bearer=token_of(user), payment=PAID, quantity=1)
        sent = buy(self, quantity=3)["order"]
        parcel = create_fulfillment(
            viewer=Viewer(permissions=ROLES["order_manager"]),
            order_number=buy(self)["order"]["number"],
            now=timezone.now(),
        ).fulfillment
        asked, approved = (returned(sent, status) for status in ("REQUESTED", "APPROVED"))
        paid, waiting = (
            buy(self, sku="OBS-1", payment={"provider": "fake", "data": {"card": card}})
            for card in ("4242424242424242", "4000000000003220")
        )
        return {
            "address": id_of(address),
            "access": session.token,
            "verification": mailed_token(boss, "EMAIL_VERIFICATION"),
            "reset": mailed_token(boss, "PASSWORD_RESET"),
            "refresh": session.refresh_token,
            "cart": ready_cart(self)["token"],
            "category": id_of(Category.objects.get(slug="clothing")),
            "collection": id_of(Collection.objects.get()),
            "order": order["token"],
            "number": order["number"],
            "parcel": id_of(parcel),
            "sent": sent["token"],
            "line": sent["lines"][0]["id"],
            "asked": id_of(asked),
            "approved": id_of(approved),
            "lamp": product_id("lamp"),
            "paid": paid["order"]["number"],
            "payment": waiting["payment"]["id"],
            "job": encode_id("Job", job.public_id),
            "voucher": id_of(make_voucher()),
            "notification": id_of(notification),
            "media": id_of(Media.objects.first()),
            "product": product_id("mug"),
            "review": id_of(Review.objects.order_by("pk").first()),
        }


def returned(order: dict[str, Any], status: str) -> Return:
    """A return of an order of three; what is not sent before is sent at first."""
    manager = Viewer(permissions=ROLES["order_manager"])
    if Order.objects.get(token=order["token"]).status == "CONFIRMED":
        create_fulfillment(viewer=manager, order_number=order["number"], now=timezone.now())
    (line,) = OrderLine.objects.filter(order__token=order["token"])
    asked = request_return(
        viewer=ANONYMOUS,
        token=order["token"],
        lines=[OrderLineInput(order_line_id=line.pk, quantity=1)],
        now=timezone.now(),
    )
    if status == "APPROVED":
        approve_return(viewer=manager, return_id=asked.pk, now=timezone.now())
    return asked


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
