"""How many SQL statements an operation takes, whatever the number of rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from catalog.models import (
    ImportRow,
    ImportRowError,
    Media,
    ProductImport,
    ProductOption,
    Review,
    Variant,
)
from catalog.services.categories import create_category
from catalog.services.listings import refresh_listings
from commerce.models import (
    Cart,
    CartLine,
    Order,
    OrderEvent,
    OrderLine,
    ShippingMethod,
    ShippingZone,
)
from commerce.services.events import append_events
from schema.compiler.ids import encode_id
from tasks.models import Job
from tests.catalog.factories import make_product
from tests.schema.shop import (
    LONDON,
    LONG_AGO,
    MANUAL,
    OPERATIONS,
    PASSWORD,
    Answer,
    CommittedShopTestCase,
    Endpoint,
    ShopTestCase,
    id_of,
    make_user,
    product_id,
    ready_cart,
    token_of,
)
from users.models import Address, Message, Notification, User


def statements(ask: Callable[[], Answer]) -> tuple[list[str], Answer]:
    """The SQL of a request, and its answer."""
    with CaptureQueriesContext(connection) as captured:
        answer = ask()
    return [query["sql"] for query in captured], answer


# Lists that the clients' own operations cut shorter than a hundred rows.
LONG_LISTS = {
    "AllCategories": """{ categories(first: 100) {
      nodes { name parent { slug } children { name } productCount }
    } }""",
    "ViewerOrders": """{ viewer { orders(first: 100) {
      totalCount nodes { number allowedActions lines { name variant { sku } } }
    } } }""",
}


class TestReads(Endpoint, TestCase):
    """One statement for the whole operation, and one more to know the viewer by a token."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.user = make_user(role="admin")
        cls.bearer = token_of(cls.user)
        cls.shown = make_product("shown", variants=[])
        cls.cart = Cart.objects.create(user=cls.user, shipping_address=LONDON)
        cls.sent = ProductImport.objects.create()
        zone = ShippingZone.objects.create(name="Britain", countries=["GB"])
        ShippingMethod.objects.create(zone=zone, name="Standard", price=5)

    def add(self, numbers: range) -> None:
        """One more of everything for each number."""
        user, shown = self.user, self.shown
        categories = [create_category(name=f"Sale {number}") for number in numbers]
        for number, category in zip(numbers, categories, strict=True):
            product = make_product(
                f"sale-{number}",
                category=category,
                vendor=f"Vendor {number}",
                tags=["sale"],
                variants=[{"sku": f"S-{number}", "options": {"Size": "Small"}}],
            )
            ProductOption.objects.create(product=product, name="Size", values=["Small"])
            Media.objects.create(product=product, url="https://example.com/a.jpg")
        bought = list(Variant.objects.filter(product__category__in=categories).order_by("pk"))
        customers = User.objects.bulk_create(
            [User(email=f"customer-{number}@example.com") for number in numbers]
        )
        Review.objects.bulk_create(
            [Review(product=shown, user=each, rating=3, status="PUBLISHED") for each in customers]
        )
        Variant.objects.bulk_create(
            [
                Variant(product=shown, name=f"{number}", options={"No.": f"{number}"}, price=1)
                for number in numbers
            ]
        )
        Media.objects.bulk_create(
            [Media(product=shown, url="https://example.com/b.jpg") for _ in numbers]
        )
        refresh_listings([shown.pk])
        Address.objects.bulk_create(
            [Address(user=user, name="A", street="B", city="C", country="GB") for _ in numbers]
        )
        Notification.objects.bulk_create(
            [
                Notification(
                    user=user,
                    kind="MESSAGE_RECEIVED",
                    source=f"message:{number}",
                    sequence=100 + number,
                )
                for number in numbers
            ]
        )
        Message.objects.bulk_create(
            [Message(sender=user, recipient=user, body="Hello") for _ in numbers]
        )
        Job.objects.bulk_create([Job(kind="sample") for _ in numbers])
        rows = ImportRow.objects.bulk_create(
            [
                ImportRow(product_import=self.sent, line=number + 2, status="INVALID")
                for number in numbers
            ]
        )
        ImportRowError.objects.bulk_create([ImportRowError(row=row) for row in rows])
        CartLine.objects.bulk_create(
            [
                CartLine(cart=self.cart, variant=variant, quantity=1, unit_price=2, total=2)
                for variant in bought
            ]
        )
        orders = Order.objects.bulk_create(
            [
                Order(
                    number=f"S-{number}",
                    user=user,
                    email=user.email,
                    status="CONFIRMED",
                    shipping_address=LONDON,
                )
                for number in numbers
            ]
        )
        # Each with one line, and the first order with one for each order.
        first = Order.objects.get(number="S-0")
        OrderLine.objects.bulk_create(
            [
                OrderLine(order=order, variant=variant, name="It", quantity=1)
                for each, variant in zip(orders, bought, strict=True)
                for order in {first, each}
            ]
        )
        for order in orders:
            append_events(order, (OrderEvent.Kind.PLACED, "Placed."), now=LONG_AGO)

    def reads(self) -> dict[str, tuple[dict[str, Any], Callable[[Any], list[int]]]]:
        """Each operation's variables, and how many rows of each kind an answer has."""
        sale = {"price": {"min": "0"}, "tags": ["sale"]}
        small = sale | {"options": [{"name": "Size", "values": ["Small"]}]}
        first = Order.objects.get(number="S-0")
        by_order = (lambda data: [len(data["order"]["lines"])],)
        return {
            "Browse": (
                {"first": 100, "search": "sale", "sort": "PRICE_ASC", "filter": small},
                lambda data: [
                    data["products"]["totalCount"],
                    len([edge for edge in data["products"]["edges"] if edge["node"]["media"]]),
                    len({edge["node"]["category"]["slug"] for edge in data["products"]["edges"]}),
                ],
            ),
            "Facets": (
                {"filter": sale},
                lambda data: [
                    data["products"]["totalCount"],
                    len(_values(data["products"]["facets"], "category")),
                    len(_values(data["products"]["facets"], "vendor")),
                ],
            ),
            "ProductPage": (
                {"slug": "shown"},
                lambda data: [
                    len(data["product"]["variants"]),
                    len(data["product"]["media"]),
                    data["product"]["reviews"]["totalCount"],
                ],
            ),
            "AllCategories": (
                {},
                lambda data: [
                    len([row for row in data["categories"]["nodes"] if row["productCount"] == 1])
                ],
            ),
            "NodeById": ({"id": id_of(self.shown)}, lambda data: []),
            "Viewer": (
                {},
                lambda data: [
                    len(data["viewer"]["addresses"]),
                    len(data["viewer"]["cart"]["lines"]),
                    data["viewer"]["orders"]["totalCount"],
                    data["viewer"]["notifications"]["totalCount"],
                ],
            ),
            "ViewerOrders": (
                {},
                lambda data: [
                    len([row for row in data["viewer"]["orders"]["nodes"] if row["lines"]]),
                    max(len(row["lines"]) for row in data["viewer"]["orders"]["nodes"]),
                ],
            ),
            "Messages": (
                {"first": 100},
                lambda data: [len(data["viewer"]["messages"]["edges"])],
            ),
            "Cart": (
                {"token": self.cart.token},
                lambda data: [
                    len([line for line in data["cart"]["lines"] if line["variant"]["sku"]]),
                    len([line for line in data["cart"]["lines"] if line["variant"]["product"]]),
                ],
            ),
            "OrderByToken": ({"token": first.token}, *by_order),
            "OrderByNumber": ({"number": first.number}, *by_order),
            "StaffOrders": (
                {"first": 100, "filter": {"search": "ada"}},
                lambda data: [len(data["orders"]["edges"])],
            ),
            "Import": (
                {"id": id_of(self.sent), "status": "INVALID"},
                lambda data: [
                    data["productImport"]["rows"]["totalCount"],
                    len(
                        [
                            edge
                            for edge in data["productImport"]["rows"]["edges"]
                            if edge["node"]["errors"]
                        ]
                    ),
                ],
            ),
            "Jobs": (
                {"first": 100, "filter": {"status": ["PENDING"]}},
                lambda data: [len(data["jobs"]["edges"])],
            ),
            "Job": (
                {"id": encode_id("Job", Job.objects.latest("pk").public_id)},
                lambda data: [],
            ),
        }

    def test_take_one_statement_for_one_row_and_for_a_hundred(self) -> None:
        self.add(range(1))
        few = self.counts(rows=1)
        self.add(range(1, 100))
        many = self.counts(rows=100)
        assert few == many == dict.fromkeys(few, 2)

    def counts(self, *, rows: int) -> dict[str, int]:
        """How many statements each operation takes that reads so many rows of each kind."""
        counts = {}
        for name, (variables, read) in self.reads().items():
            document = LONG_LISTS.get(name) or OPERATIONS[name]
            for _ in range(2):  # The second time, the plan is known.
                sql, answer = statements(
                    lambda document=document, variables=variables: self.ask(
                        document, variables, bearer=self.bearer
                    )
                )
                assert set(read(answer.data)) <= {rows}, (name, read(answer.data))
                counts[name] = max(counts.get(name, 0), len(sql))
        return counts


class TestReadsOfAFewRows(ShopTestCase):
    """One statement, whatever is asked for and by whom."""

    def test_of_an_anonymous_caller_take_no_statement_for_the_viewer(self) -> None:
        for name, variables in (
            ("Browse", {}),
            ("ProductPage", {"slug": "mug"}),
            ("ProductPage", {"slug": "no-such-thing"}),
            ("Categories", {}),
            ("NodeById", {"id": product_id("mug")}),
            ("Cart", {"token": "no-such-thing"}),
        ):
            sql, answer = statements(
                lambda name=name, variables=variables: self.send(name, **variables)
            )
            assert answer.data
            assert len(sql) == 1, name

    def test_of_several_root_fields_take_one_statement_together(self) -> None:
        query = """{
          mug: product(slug: "mug") { name }
          shirt: product(slug: "ocean-blue-shirt") { name variants { product { name } } }
          products { totalCount nodes { category { ancestors { slug } } } }
          categories { nodes { children { children { slug } } } }
        }"""
        assert len(statements(lambda: self.ask(query))[0]) == 1

    def test_that_need_no_row_take_none(self) -> None:
        query = '{ __typename __schema { queryType { name } } node(id: "garbage") { id } }'
        assert statements(lambda: self.ask(query))[0] == []
        assert statements(lambda: self.ask("{ viewer { id } }"))[0] == []
        assert statements(lambda: self.ask("{ nothing }"))[0] == []

    def test_with_a_bad_token_take_none_for_the_viewer(self) -> None:
        expired = token_of(make_user(), age=timedelta(hours=1))
        for bearer in (expired, "garbage"):
            assert len(statements(lambda it=bearer: self.send("Browse", bearer=it))[0]) == 1


class TestMutations(CommittedShopTestCase):
    """Transactions included: outside the tests' own, BEGIN and COMMIT are counted."""

    def takes(self, count: int, name: str, bearer: str | None = None, **variables: Any) -> Any:
        sql, answer = statements(lambda: self.send(name, bearer=bearer, **variables))
        assert answer.payload
        assert len(sql) == count, "\n".join(_shortened(line) for line in sql)
        return answer.payload

    def test_of_a_guests_purchase_of_one_line_or_of_four(self) -> None:
        method = id_of(ShippingMethod.objects.get())
        lines = [{"sku": sku, "quantity": 1} for sku in ("A", "B", "C", "D")]
        for line in lines:
            sku = str(line["sku"])
            make_product(sku.lower(), variants=[{"sku": sku, "price": "5.00"}])
        for count in (1, 4):
            # begin, variants, cart, lines and quote, commit, answer
            cart = self.takes(6, "CartCreate", input={"lines": lines[:count]})["cart"]
            token = {"token": cart["token"]}
            # begin, lock the cart, its version, its terms, lines, wanted variants, lines and quote,
            # commit, answer
            self.takes(9, "CartLinesSet", input=token | {"lines": [{"sku": "A", "quantity": 2}]})
            # begin, lock the cart, its columns, its terms, lines, lines and quote, commit, answer
            change = {"email": "a@example.com", "shippingMethodId": method}
            self.takes(8, "CartUpdate", input=token | change | {"shippingAddress": LONDON})
            checkout = {
                "cartToken": cart["token"],
                "idempotencyKey": f"k-{count}",
                "payment": MANUAL,
            }
            # begin, key, lock the cart, its terms, lines, number, order, lines, events, payment,
            # job, the job's row, stock, what the key made, commit, answer
            order = self.takes(16, "Checkout", input=checkout)["order"]
            # begin, key (taken), key's record, payment and order, job, commit, answer
            self.takes(7, "Checkout", input=checkout)
            # begin, find the order, move it, its state, lock it, its payments, payment, event,
            # lines, savepoint, stock, release, vouchers used, redemptions, commit, answer
            self.takes(16, "OrderCancel", input={"token": order["token"]})

    def test_of_an_account(self) -> None:
        # begin, user, job of the mail, the job's row, commit, the job, answer
        given = {"email": "ada@example.com", "password": PASSWORD}
        self.takes(7, "Register", input=given)
        # user, begin, last log-in, expired sessions, session, commit
        tokens = self.takes(6, "Login", **given)
        # who it is
        self.takes(1, "Verify", token=tokens["token"])
        # begin, lock the user, session, mark it used, its successor, commit
        tokens = self.takes(6, "Refresh", refreshToken=tokens["refreshToken"])
        # begin, lock the user, session, end the family, commit
        self.takes(5, "Logout", refreshToken=tokens["refreshToken"])

    def test_of_a_customer(self) -> None:
        user = make_user()
        make_user("staff@example.com", role="support")
        bearer = token_of(user)
        # viewer, begin, lock the user, how many there are, address, the address, commit, answer
        self.takes(8, "AddressCreate", bearer, input=LONDON)
        # the same and the default before
        self.takes(9, "AddressCreate", bearer, input=LONDON | {"isDefaultShipping": True})
        # viewer, begin, lock the customer, what it was merged into, lock the cart, its terms, the
        # customer's own cart, owner, terms, commit, answer
        self.takes(11, "CartClaim", bearer, input={"token": ready_cart(self)["token"]})
        # viewer, begin, recipient, savepoint, message, job, the job's row, release, the jobs,
        # commit, answer
        message = {"recipientEmail": "staff@example.com", "body": "Hello"}
        self.takes(11, "MessageSend", bearer, input=message)
        for count in (1, 3):
            notifications = [
                Notification.objects.create(
                    user=user,
                    kind="MESSAGE_RECEIVED",
                    source=f"{count}:{number}",
                    sequence=100 * count + number,
                )
                for number in range(count)
            ]
            # viewer, begin, which are the user's, mark them, count the others, commit
            self.takes(
                6, "NotificationsMarkRead", bearer, input={"ids": list(map(id_of, notifications))}
            )

    def test_of_staff(self) -> None:
        bearer = token_of(make_user(role="admin"))
        job = Job.objects.create(kind="sample", status="DEAD")
        # viewer, mark it, its row, answer
        given = {"id": encode_id("Job", job.public_id)}
        self.takes(4, "JobRetry", bearer, input=given)
        sent = ProductImport.objects.create(
            file_hash="0" * 64, status="VALIDATED", row_count=1, valid_count=1
        )
        # viewer, begin, lock it, change it, job, the job's row, commit, the job, answer
        given = {"importId": id_of(sent), "fileHash": sent.file_hash}
        self.takes(9, "ImportCommit", bearer, input=given)


def _values(facets: list[dict[str, Any]], name: str) -> Any:
    return next(facet["values"] for facet in facets if facet["name"] == name)


def _shortened(sql: str) -> str:
    return re.sub(r"\s+", " ", sql)[:150]
