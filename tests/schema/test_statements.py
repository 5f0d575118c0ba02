"""How many SQL statements an operation takes, whatever the number of rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Media, Product, Review
from catalog.services.categories import create_category
from catalog.services.listings import refresh_listings
from commerce.models import ShippingMethod
from schema.compiler.ids import encode_id
from tasks.models import Job
from tests.catalog.factories import make_product
from tests.schema.shop import (
    LONDON,
    MANUAL,
    PASSWORD,
    Answer,
    CommittedShopTestCase,
    ShopTestCase,
    buy,
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


class TestReads(ShopTestCase):
    """One statement for the whole operation, and one more to know the viewer by a token."""

    ROWS = 100
    bearer: str

    def fill(self, user: User) -> dict[str, dict[str, Any]]:
        """A hundred of everything; the variables of each operation."""
        category = create_category(name="Sale")
        products = [
            make_product(f"sale-{number}", category=category, variants=[])
            for number in range(self.ROWS)
        ]
        Media.objects.bulk_create(
            [Media(product=product, url="https://example.com/a.jpg") for product in products]
        )
        shirt = Product.objects.get(slug="ocean-blue-shirt")
        customers = User.objects.bulk_create(
            [User(email=f"customer-{number}@example.com") for number in range(self.ROWS)]
        )
        Review.objects.bulk_create(
            [
                Review(product=shirt, user=customer, rating=3, status="PUBLISHED")
                for customer in customers
            ]
        )
        refresh_listings([shirt.pk])
        Address.objects.bulk_create(
            [
                Address(user=user, name="A", street="B", city="C", country="GB")
                for _ in range(self.ROWS)
            ]
        )
        Notification.objects.bulk_create(
            [
                Notification(user=user, kind="MESSAGE_RECEIVED", source=f"message:{number}")
                for number in range(self.ROWS)
            ]
        )
        Message.objects.bulk_create(
            [Message(sender=user, recipient=user, body="Hello") for _ in range(self.ROWS)]
        )
        Job.objects.bulk_create([Job(kind="sample") for _ in range(self.ROWS)])
        for number in range(1, 4):
            make_product(f"box-{number}", variants=[{"sku": f"BOX-{number}", "price": "1.00"}])
        return self.variables()

    def variables(self) -> dict[str, dict[str, Any]]:
        cart, order = ready_cart(self), buy(self, bearer=self.bearer)["order"]
        return {
            "Browse": {
                "first": 100,
                "search": "s",
                "sort": "PRICE_ASC",
                "filter": {
                    "price": {"min": "0"},
                    "tags": ["men"],
                    "options": [{"name": "Size", "values": ["Small"]}],
                },
            },
            "Facets": {"filter": {"vendor": ["Partners"]}},
            "ProductPage": {"slug": "ocean-blue-shirt"},
            "Categories": {},
            "NodeById": {"id": product_id("mug")},
            "Viewer": {},
            "Messages": {"first": 100},
            "Cart": {"token": cart["token"]},
            "OrderByToken": {"token": order["token"]},
            "OrderByNumber": {"number": order["number"]},
            "StaffOrders": {"first": 100, "filter": {"search": "ada"}},
            "Jobs": {"first": 100, "filter": {"status": ["PENDING"]}},
            "Job": {"id": encode_id("Job", Job.objects.latest("pk").public_id)},
        }

    def test_take_one_statement_for_one_row_and_for_a_hundred(self) -> None:
        user = make_user(role="admin")
        self.bearer = token_of(user)
        few = self.counts(self.variables())
        many = self.counts(self.fill(user))
        assert few == many == dict.fromkeys(few, 2)

    def counts(self, operations: dict[str, dict[str, Any]]) -> dict[str, int]:
        counts = {}
        for name, variables in operations.items():
            for _ in range(2):  # The second time, the plan is known.
                sql, answer = statements(
                    lambda name=name, variables=variables: self.send(
                        name, bearer=self.bearer, **variables
                    )
                )
                assert answer.data
                counts[name] = max(counts.get(name, 0), len(sql))
        return counts

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
            # begin, variants, cart, lines, quote, commit, answer
            cart = self.takes(7, "CartCreate", input={"lines": lines[:count]})["cart"]
            token = {"token": cart["token"]}
            # begin, lock the cart, its version, its terms, lines, wanted variants, vouchers,
            # lines, quote, commit, answer
            self.takes(11, "CartLinesSet", input=token | {"lines": [{"sku": "A", "quantity": 2}]})
            # begin, lock the cart, its columns, its terms, lines, vouchers, quote, commit, answer
            change = {"email": "a@example.com", "shippingMethodId": method}
            self.takes(9, "CartUpdate", input=token | change | {"shippingAddress": LONDON})
            checkout = {
                "cartToken": cart["token"],
                "idempotencyKey": f"k-{count}",
                "payment": MANUAL,
            }
            # begin, savepoint, key, lock the cart, its terms, lines, vouchers, number, order,
            # lines, events, payment, job, the job's row, stock, what the key made, release,
            # commit, answer
            order = self.takes(19, "Checkout", input=checkout)["order"]
            # begin, savepoint, key (taken), release, key's record, payment and order, job,
            # commit, answer
            self.takes(9, "Checkout", input=checkout)
            # begin, find the order, move it, payment, last event, event, lines, savepoint, stock,
            # release, vouchers used, redemptions, commit, answer
            self.takes(14, "OrderCancel", input={"token": order["token"]})

    def test_of_an_account(self) -> None:
        # begin, user, commit, answer
        given = {"email": "ada@example.com", "password": PASSWORD}
        self.takes(4, "Register", input=given)
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
        # viewer, begin, lock the user, address, commit, answer
        self.takes(6, "AddressCreate", bearer, input=LONDON)
        # the same and the default before
        self.takes(7, "AddressCreate", bearer, input=LONDON | {"isDefaultShipping": True})
        # viewer, begin, lock the cart, owner, its terms, commit, answer
        self.takes(7, "CartClaim", bearer, input={"token": ready_cart(self)["token"]})
        # viewer, begin, recipient, savepoint, message, job, the job's row, release, the jobs,
        # commit, answer
        message = {"recipientEmail": "staff@example.com", "body": "Hello"}
        self.takes(11, "MessageSend", bearer, input=message)
        for count in (1, 3):
            notifications = [
                Notification.objects.create(
                    user=user, kind="MESSAGE_RECEIVED", source=f"{count}:{number}"
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


def _shortened(sql: str) -> str:
    return re.sub(r"\s+", " ", sql)[:150]
