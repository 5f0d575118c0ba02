"""A shop with a little in it, and a client that sends it the clients' operations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test import TestCase, TransactionTestCase, override_settings
from django.utils import timezone
from graphql import parse, print_ast
from graphql.utilities import separate_operations

from catalog.models import Collection, Media, Product, ProductOption, Review
from catalog.services.categories import create_category
from catalog.services.listings import refresh_listings
from catalog.tasks import commit_import, delete_files, make_thumbnails, validate_import
from commerce import tasks as commerce_tasks
from commerce.models import ShippingMethod, ShippingZone, TaxRate
from schema.compiler.ids import encode_id
from tasks.models import Job
from tests.catalog.factories import make_product
from tests.schema.multipart import CONTENT_TYPE, PREFLIGHT, upload_of
from users.models import MailedToken, User
from users.services.mailed_tokens import token_of_job
from users.services.sessions import log_in
from users.tasks import notify_recipient, send_email_verification, send_password_reset

FOLDER = Path(__file__).parent / "operations"
# What a storefront and the shop's staff send, by name: each a document with its fragments.
STOREFRONT, STAFF = (
    {
        name: print_ast(document)
        for name, document in separate_operations(
            parse((FOLDER / f"{file}.graphql").read_text())
        ).items()
    }
    for file in ("storefront", "staff")
)
OPERATIONS = STOREFRONT | STAFF
TASKS = {
    task.name: task
    for task in (
        notify_recipient,
        commit_import,
        delete_files,
        make_thumbnails,
        send_email_verification,
        send_password_reset,
        validate_import,
        commerce_tasks.ask_payment_provider,
        commerce_tasks.finish_payment_operation,
        commerce_tasks.give_money_back,
        commerce_tasks.receive_fake_event,
        commerce_tasks.send_order_confirmation,
        commerce_tasks.send_shipping_notice,
    )
}
# Variables that fit each; `<words>` stand for a value from an earlier answer.
SAMPLES: dict[str, Any] = json.loads((FOLDER / "variables.json").read_text())

PASSWORD = "correct horse battery"
LONDON = {
    "name": "Ada Byron",
    "street": "1 Analytical Way",
    "city": "London",
    "postalCode": "N1 9GU",
    "country": "GB",
    "phone": "",
}
MANUAL = {"provider": "manual", "data": {}}
PAID = {"provider": "fake", "data": {"card": "4242424242424242"}}
SKULL = "\N{SKULL}"
LONG_AGO = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    """A response of the endpoint."""

    status: int
    text: str
    body: dict[str, Any]

    @property
    def data(self) -> Any:
        """What was asked for, where nothing went wrong."""
        assert "errors" not in self.body, self.text
        return self.body["data"]

    @property
    def payload(self) -> Any:
        """What the only root field answered, where the user has nothing to mend."""
        (value,) = self.data.values()
        assert not (value or {}).get("userErrors"), self.text
        return value

    @property
    def user_errors(self) -> list[tuple[str, str]]:
        """(path in the input, code) of each user error of the only root field."""
        (value,) = self.data.values()
        assert all(error["message"] for error in value["userErrors"])
        return [(".".join(error["field"] or []), error["code"]) for error in value["userErrors"]]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Each error's extensions."""
        return [error["extensions"] for error in self.body.get("errors", [])]

    @property
    def codes(self) -> list[str]:
        """The code of each error."""
        return [extensions["code"] for extensions in self.errors]


class Endpoint:
    """Sends requests to ``/graphql`` and looks at what they did; mixed into a TestCase."""

    client: Any

    def setUp(self) -> None:
        # Attempts at logging in are counted there.
        cache.clear()

    def ask(
        self,
        query: str,
        variables: dict[str, Any] | None = None,
        *,
        bearer: str | None = None,
        operation: str | None = None,
    ) -> Answer:
        """Send a document."""
        body: dict[str, Any] = {"query": query}
        if variables is not None:
            body["variables"] = variables
        if operation is not None:
            body["operationName"] = operation
        return self.post(json.dumps(body), bearer=bearer)

    def post(self, body: str | bytes, *, bearer: str | None = None) -> Answer:
        """Send a body as it is."""
        headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        response = self.client.generic(
            "POST", "/graphql", body, content_type="application/json", headers=headers
        )
        text = response.content.decode()
        return Answer(response.status_code, text, json.loads(text))

    def upload(
        self,
        query: str,
        variables: dict[str, Any],
        *,
        bearer: str | None = None,
        places: dict[str, list[str]] | None = None,
        **files: bytes,
    ) -> Answer:
        """Send a document with files, each in the variable of its name where not said otherwise."""
        headers = PREFLIGHT | ({} if bearer is None else {"Authorization": f"Bearer {bearer}"})
        places = places or {name: [f"variables.{name}"] for name in files}
        body = upload_of(query, variables, places, **files)
        response = self.client.generic(
            "POST", "/graphql", body, content_type=CONTENT_TYPE, headers=headers
        )
        text = response.content.decode()
        return Answer(response.status_code, text, json.loads(text))

    def send(self, name: str, /, *, bearer: str | None = None, **variables: Any) -> Answer:
        """Send one of the clients' operations as written."""
        return self.ask(OPERATIONS[name], variables, bearer=bearer)

    def call(self, name: str, /, *, bearer: str | None = None, **given: Any) -> Answer:
        """Send one of the clients' mutations with an input of these fields."""
        return self.send(name, bearer=bearer, input=given)

    def same(self, answer: Any, expected: Any) -> None:
        """Equal also in the order of the keys."""
        assert json.dumps(answer, indent=1) == json.dumps(expected, indent=1)

    def refused(
        self, ask: Callable[[], Answer], codes: str | list[str], *, status: int = 200
    ) -> Answer:
        """An answer of these codes that leaves the database as it was."""
        before = contents()
        answer = ask()
        assert answer.status == status, answer.text
        assert answer.codes == ([codes] if isinstance(codes, str) else codes), answer.text
        assert contents() == before
        return answer

    def rejected(self, ask: Callable[[], Answer], *errors: tuple[str, str]) -> Answer:
        """User errors of these (path, code), and a database as it was."""
        before = contents()
        answer = ask()
        assert answer.status == 200
        assert answer.user_errors == list(errors), answer.text
        (payload,) = answer.data.values()
        for name, value in payload.items():
            assert name == "userErrors" or value in (None, []), answer.text
        assert contents() == before
        return answer


def contents() -> set[tuple[str, str]]:
    """Every row that there is: its table, and the row itself as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}', row::text FROM {table} row"  # noqa: S608 - the database's names
                for table in tables
            )
        )
        return set(cursor.fetchall())


class ShopTestCase(Endpoint, TestCase):
    """The endpoint over a small catalogue."""

    @classmethod
    def setUpTestData(cls) -> None:
        fill_shop()


class CommittedShopTestCase(Endpoint, TransactionTestCase):
    """The same where each change is committed, which running jobs needs; much slower."""

    def setUp(self) -> None:
        super().setUp()
        fill_shop()


def fill_shop() -> None:
    """Two shirts, a mug, a hidden lamp; a shipping method to Britain with 20 percent tax."""
    clothing = create_category(name="Clothing")
    shirts = create_category(name="Shirts", parent=clothing)
    home = create_category(name="Home")
    shirt = make_product(
        "ocean-blue-shirt",
        category=shirts,
        vendor="Partners",
        tags=["men"],
        description="<p>Ocean blue.</p>",
        created_at=LONG_AGO,
        variants=[
            {
                "sku": "OBS-1",
                "name": "Small",
                "options": {"Size": "Small"},
                "price": "50.00",
                "compare_at_price": Decimal("60.00"),
            },
            {"name": "Medium", "options": {"Size": "Medium"}, "price": "55.50", "stock": 2},
        ],
    )
    ProductOption.objects.create(product=shirt, name="Size", values=["Small", "Medium"])
    Media.objects.create(product=shirt, url="https://example.com/front.jpg", alt="Front")
    Media.objects.create(product=shirt, file="products/back.jpg", alt="Back", position=1)
    make_product(
        "wool-shirt",
        category=shirts,
        vendor="Weavers",
        tags=["men", "wool"],
        created_at=LONG_AGO + timedelta(days=1),
        variants=[{"sku": "WOOL-1", "price": "80.00", "stock": 0}],
    )
    mug = make_product(
        "mug",
        category=home,
        vendor="Potters",
        tags=["kitchen"],
        created_at=LONG_AGO + timedelta(days=2),
        variants=[{"sku": "MUG-1", "price": "9.90"}],
    )
    make_product(
        "lamp",
        is_published=False,
        created_at=LONG_AGO + timedelta(days=3),
        variants=[{"sku": "LAMP-1", "price": "30.00"}],
    )
    Collection.objects.create(name="Summer", slug="summer").products.add(shirt)
    for name, rating, status in (("Grace", 5, "PUBLISHED"), ("Edgar", 4, "PUBLISHED")):
        Review.objects.create(
            product=shirt,
            user=make_user(f"{name.lower()}@example.com", first_name=name),
            rating=rating,
            title="Lovely",
            body="Fits well.",
            status=status,
            created_at=LONG_AGO + timedelta(days=rating),
        )
    refresh_listings([shirt.pk, mug.pk])
    zone = ShippingZone.objects.create(name="Britain", countries=["GB"])
    TaxRate.objects.create(country="GB", rate=Decimal("0.2"))
    ShippingMethod.objects.create(zone=zone, name="Standard", price=Decimal("5.00"))


def make_user(email: str = "ada@example.com", *, role: str = "", **fields: Any) -> User:
    """An account; with a role, one of the shop's staff."""
    user = User.objects.create_user(email, PASSWORD, **fields)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def token_of(user: User, *, age: timedelta = timedelta(0)) -> str:
    """An access token that was issued so long ago."""
    now = timezone.now() - age
    return log_in(email=user.email, password=PASSWORD, address=None, now=now).token


def mailed_token(user: User, purpose: str) -> str:
    """A token as it is mailed to an account."""
    return token_of_job(
        user=user,
        purpose=MailedToken.Purpose(purpose),
        job_id=str(uuid4()),
        lifetime=timedelta(hours=1),
        now=timezone.now(),
    )


def ready_cart(endpoint: Endpoint, *, bearer: str | None = None, **line: Any) -> dict[str, Any]:
    """A cart that lacks nothing, as its last mutation answered it."""
    line = {"sku": "MUG-1", "quantity": 2} | line
    cart = endpoint.call("CartCreate", bearer=bearer, lines=[line]).payload["cart"]
    method = ShippingMethod.objects.get()
    return endpoint.call(
        "CartUpdate",
        bearer=bearer,
        token=cart["token"],
        email="ada@example.com",
        shippingAddress=LONDON,
        shippingMethodId=encode_id("ShippingMethod", method.pk),
    ).payload["cart"]


def buy(
    endpoint: Endpoint,
    *,
    bearer: str | None = None,
    payment: dict[str, Any] = MANUAL,
    **line: Any,
) -> dict[str, Any]:
    """A purchase: the payload of its checkout."""
    token = ready_cart(endpoint, bearer=bearer, **line)["token"]
    return endpoint.call(
        "Checkout", bearer=bearer, cartToken=token, idempotencyKey=token, payment=payment
    ).payload


@contextmanager
def own_media() -> Iterator[Path]:
    """A folder for files that are uploaded, of the test's own."""
    with TemporaryDirectory() as folder:
        imports = settings.STORAGES["imports"] | {"OPTIONS": {"location": folder}}
        storages = settings.STORAGES | {"imports": imports}
        with override_settings(MEDIA_ROOT=folder, STORAGES=storages):
            yield Path(folder)


def run_jobs() -> None:
    """Run every waiting job as a worker does that receives its message."""
    for job in Job.objects.filter(status="PENDING").order_by("pk"):
        TASKS[job.kind].apply(kwargs=job.kwargs, task_id=str(job.public_id), throw=True)


def money(amount: str) -> dict[str, str]:
    """An amount as clients see it."""
    return {"amount": amount, "currency": settings.CURRENCY}


def id_of(row: Any, type_name: str | None = None) -> str:
    """The id under which clients know a row."""
    return encode_id(type_name or type(row).__name__, row.pk)


def product_id(slug: str) -> str:
    """The id of a product."""
    return id_of(Product.objects.get(slug=slug))
