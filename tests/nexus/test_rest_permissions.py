"""Who may call which REST route: every route and method that there is, and every role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from catalog.models import Product
from commerce.models import Fulfillment
from nexus.api.urls import Nowhere
from schema.compiler.ids import decode_id
from schema.execution import composed
from tests.catalog.pictures import picture
from tests.schema.permission_rows import (
    ACCOUNT_OWNERS,
    ACCOUNTS,
    CATALOG_MANAGERS,
    EVERYBODY,
    JOB_MANAGERS,
    JOB_READERS,
    ORDER_MANAGERS,
    ORDER_READERS,
    OWNERS,
    PAYMENT_MANAGERS,
)
from tests.schema.shop import (
    LONDON,
    ShopTestCase,
    contents,
    make_user,
    own_media,
    token_of,
)
from tests.schema.things import GUESSES, OWNED, things
from users.models import Message, User

PRODUCT = {"name": "Cup", "slug": "cup", "variants": [{"sku": "CUP-1", "price": "5.00"}]}
CREDENTIALS = {"email": "%(email)s", "password": "%(password)s"}
REFRESH = {"refresh_token": "%(refresh)s"}
# Statements of a read: the account's, the page's, and one for the keys of an import's rows.
MOST = 3
# The random key of nothing that there is.
NOBODYS = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Row:
    """Who may call a method of a route, and with what.

    Attributes:
        callers: who is answered; the others are denied it. Where a customer is among them and
            another customer is not, it works on what is somebody's own.
        path: the address, of ``things``.
        body: what is sent; bytes are a file.
        required: the permission that it takes.
        refusal: what another customer is told: the problem's code.
        held: which of ``things`` opens the order to who sends it.
    """

    callers: set[str]
    path: str
    body: Any = None
    required: str | None = None
    refusal: str = ""
    held: str = "order"

    @property
    def is_owned(self) -> bool:
        """Whether customers call it for what is their own."""
        return "customer" in self.callers and "another customer" not in self.callers


ROUTES = {
    "GET ": Row(EVERYBODY, ""),
    "GET schema/": Row(EVERYBODY, "schema/"),
    "GET docs/": Row(EVERYBODY, "docs/"),
    "GET redoc/": Row(EVERYBODY, "redoc/"),
    "GET auth/session/": Row(EVERYBODY, "auth/session/"),
    "POST auth/session/": Row(OWNERS, "auth/session/", CREDENTIALS, refusal="INVALID_CREDENTIALS"),
    "DELETE auth/session/": Row(EVERYBODY, "auth/session/"),
    "POST token/": Row(OWNERS, "token/", CREDENTIALS, refusal="INVALID_CREDENTIALS"),
    "POST token/refresh/": Row(OWNERS, "token/refresh/", REFRESH, refusal="UNAUTHENTICATED"),
    "POST token/revoke/": Row(OWNERS, "token/revoke/", REFRESH, refusal="UNAUTHENTICATED"),
    "GET products/": Row(EVERYBODY, "products/"),
    "POST products/": Row(CATALOG_MANAGERS, "products/", PRODUCT, "catalog.add_product"),
    "GET products/<pk>/": Row(EVERYBODY, "products/%(shirt)s/"),
    "PUT products/<pk>/": Row(
        CATALOG_MANAGERS, "products/%(shirt)s/", PRODUCT, "catalog.change_product"
    ),
    "PATCH products/<pk>/": Row(
        CATALOG_MANAGERS, "products/%(shirt)s/", {"name": "Big mug"}, "catalog.change_product"
    ),
    "DELETE products/<pk>/": Row(
        CATALOG_MANAGERS, "products/%(shirt)s/", None, "catalog.delete_product"
    ),
    "POST products/<pk>/media/": Row(
        CATALOG_MANAGERS, "products/%(shirt)s/media/", picture(), "catalog.add_media"
    ),
    "GET orders/": Row(ACCOUNTS, "orders/"),
    "POST orders/": Row(
        OWNERS,
        "orders/",
        {"cart_token": "%(cart)s", "payment": {"provider": "manual"}},
        refusal="NOT_FOUND",
    ),
    "GET orders/<number>/": Row(OWNERS, "orders/%(number)s/", refusal="NOT_FOUND"),
    "POST orders/<number>/cancel/": Row(
        OWNERS, "orders/%(number)s/cancel/", {}, refusal="NOT_FOUND"
    ),
}
ROUTES |= {
    "GET media/<pk>/": Row(EVERYBODY, "media/%(media)s/"),
    "PATCH media/<pk>/": Row(
        CATALOG_MANAGERS, "media/%(media)s/", {"alt": "x"}, "catalog.change_media"
    ),
    "DELETE media/<pk>/": Row(CATALOG_MANAGERS, "media/%(media)s/", None, "catalog.delete_media"),
    "POST imports/": Row(
        CATALOG_MANAGERS,
        "imports/",
        b"Handle,Title,Variant Price\nmug,Mug,5\n",
        "catalog.add_productimport",
    ),
    "GET imports/<pk>/": Row(
        CATALOG_MANAGERS, "imports/%(import)s/", None, "catalog.view_productimport"
    ),
    "GET imports/<pk>/rows/": Row(
        CATALOG_MANAGERS, "imports/%(import)s/rows/", None, "catalog.view_productimport"
    ),
    "POST imports/<pk>/commit/": Row(
        CATALOG_MANAGERS,
        "imports/%(import)s/commit/",
        {"file_hash": "%(file_hash)s"},
        "catalog.change_productimport",
    ),
    "GET categories/": Row(EVERYBODY, "categories/"),
    "POST categories/": Row(
        CATALOG_MANAGERS, "categories/", {"name": "New"}, "catalog.add_category"
    ),
    "GET categories/<pk>/": Row(EVERYBODY, "categories/%(category)s/"),
    "PUT categories/<pk>/": Row(
        CATALOG_MANAGERS, "categories/%(category)s/", {"name": "New"}, "catalog.change_category"
    ),
    "PATCH categories/<pk>/": Row(
        CATALOG_MANAGERS, "categories/%(category)s/", {"name": "New"}, "catalog.change_category"
    ),
    "DELETE categories/<pk>/": Row(
        CATALOG_MANAGERS, "categories/%(category)s/", None, "catalog.delete_category"
    ),
    "GET reviews/": Row(EVERYBODY, "reviews/"),
    "POST reviews/": Row(
        ACCOUNT_OWNERS,
        "reviews/",
        {"product_id": "%(product)s", "rating": 5},
        refusal="NOT_PURCHASED",
    ),
    "GET reviews/<pk>/": Row(EVERYBODY, "reviews/%(review)s/"),
    "PATCH reviews/<pk>/": Row(
        CATALOG_MANAGERS, "reviews/%(review)s/", {"status": "REJECTED"}, "catalog.change_review"
    ),
    "POST carts/": Row(EVERYBODY, "carts/", {}),
    "GET carts/<token>/": Row(OWNERS, "carts/%(cart)s/", refusal="NOT_FOUND"),
    "PATCH carts/<token>/": Row(OWNERS, "carts/%(cart)s/", {}, refusal="NOT_FOUND"),
    "POST carts/<token>/lines/": Row(
        OWNERS, "carts/%(cart)s/lines/", {"lines": []}, refusal="NOT_FOUND"
    ),
    "POST carts/<token>/claim/": Row(
        ACCOUNT_OWNERS, "carts/%(guest_cart)s/claim/", {}, refusal="NOT_FOUND"
    ),
    "POST orders/<number>/fulfillments/": Row(
        ORDER_MANAGERS, "orders/%(number)s/fulfillments/", {}, "commerce.add_fulfillment"
    ),
    "POST orders/<number>/returns/": Row(
        OWNERS,
        "orders/%(sent_number)s/returns/",
        {"lines": [{"order_line_id": "%(line)s", "quantity": 1}]},
        refusal="NOT_FOUND",
        held="sent",
    ),
    "POST orders/<number>/notes/": Row(
        ORDER_READERS, "orders/%(number)s/notes/", {"body": "x"}, "commerce.add_ordernote"
    ),
    "POST orders/<number>/capture/": Row(
        PAYMENT_MANAGERS, "orders/%(number)s/capture/", {}, "commerce.change_payment"
    ),
    "POST orders/<number>/refund/": Row(
        PAYMENT_MANAGERS, "orders/%(paid)s/refund/", {}, "commerce.change_payment"
    ),
    "GET fulfillments/<pk>/": Row(
        OWNERS, "fulfillments/%(sent_parcel)s/", refusal="NOT_FOUND", held="sent"
    ),
    "POST fulfillments/<pk>/deliver/": Row(
        ORDER_MANAGERS, "fulfillments/%(parcel)s/deliver/", {}, "commerce.change_fulfillment"
    ),
    "POST fulfillments/<pk>/cancel/": Row(
        ORDER_MANAGERS, "fulfillments/%(parcel)s/cancel/", {}, "commerce.change_fulfillment"
    ),
    "GET returns/<pk>/": Row(OWNERS, "returns/%(asked)s/", refusal="NOT_FOUND", held="sent"),
    "POST returns/<pk>/approve/": Row(
        ORDER_MANAGERS, "returns/%(asked)s/approve/", {}, "commerce.change_return"
    ),
    "POST returns/<pk>/reject/": Row(
        ORDER_MANAGERS, "returns/%(asked)s/reject/", {}, "commerce.change_return"
    ),
    "POST returns/<pk>/receive/": Row(
        ORDER_MANAGERS, "returns/%(approved)s/receive/", {}, "commerce.change_return"
    ),
    "POST payments/<public_id>/confirm/": Row(
        OWNERS, "payments/%(payment)s/confirm/", {}, refusal="NOT_FOUND"
    ),
    "GET messages/": Row(ACCOUNTS, "messages/"),
    "POST messages/": Row(
        ACCOUNT_OWNERS,
        "messages/",
        {"recipient_email": "%(boss)s", "body": "x", "order_number": "%(number)s"},
        refusal="NOT_FOUND",
    ),
    "GET messages/<pk>/": Row(ACCOUNT_OWNERS, "messages/%(message)s/", refusal="NOT_FOUND"),
    "GET notifications/": Row(ACCOUNTS, "notifications/"),
    "GET notifications/<pk>/": Row(
        ACCOUNT_OWNERS, "notifications/%(notification)s/", refusal="NOT_FOUND"
    ),
    "POST notifications/mark-read/": Row(
        ACCOUNT_OWNERS,
        "notifications/mark-read/",
        {"ids": ["%(notification)s"]},
        refusal="NOT_FOUND",
    ),
    "GET jobs/": Row(JOB_READERS, "jobs/", None, "tasks.view_job"),
    "GET jobs/<public_id>/": Row(OWNERS, "jobs/%(job)s/", refusal="NOT_FOUND"),
    "POST jobs/<public_id>/retry/": Row(
        JOB_MANAGERS, "jobs/%(job)s/retry/", {}, "tasks.change_job"
    ),
}
# Of these, everybody may name any.
PUBLIC = ("products/", " media/", "categories/", " reviews/<pk>/")
WITHOUT_EFFECT = {"DELETE auth/session/"}


def routes() -> Iterator[str]:
    """Every method and pattern below ``/api/``, from the URL conf."""
    for pattern in get_resolver().url_patterns:
        if isinstance(pattern, URLResolver) and str(pattern.pattern) == "api/":
            yield from _below(pattern, "")


def _below(resolver: URLResolver, prefix: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _below(pattern, path)
            continue
        assert isinstance(pattern, URLPattern)
        view: Any = pattern.callback
        cls = getattr(view, "cls", None) or view.view_class
        if cls is Nowhere:  # Whatever is no route.
            continue
        actions = getattr(view, "actions", None)
        methods = actions or [name for name in cls.http_method_names if hasattr(cls, name)]
        for method in methods:
            if method not in ("options", "head"):
                yield f"{method.upper()} {_plain(path)}"


def _plain(path: str) -> str:
    """``^orders/(?P<number>...)/$`` as ``orders/<number>/``."""
    return re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", path).replace("^", "").replace("$", "")


class TestTable(ShopTestCase):
    def test_names_every_route(self) -> None:
        assert sorted(ROUTES) == sorted(routes()), "Say who may call it, with a row."

    def test_says_of_whatever_takes_a_key_what_another_customer_may(self) -> None:
        """A new route that finds somebody's rows by a key can't pass as one that owns nothing."""
        for name, row in ROUTES.items():
            assert row.callers <= EVERYBODY
            is_public = any(part in name for part in PUBLIC)
            takes_key = "%" in f"{row.path}{row.body}" and not is_public
            assert "customer" not in row.callers or row.is_owned is takes_key is bool(row.refusal)


class TestCalls(ShopTestCase):
    """What each caller is answered, and by how few statements; who is denied changes nothing and
    learns what is missing."""

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

    def test_of_another_customer(self) -> None:
        """Of what is a customer's, one who names it is shown nothing and changes nothing."""
        hers = self.things(make_user())
        secrets = {str(hers[name]) for name in OWNED} | {LONDON["street"]}
        guesses = {name: _key(value) for name, value in GUESSES.items()}
        known, before_bea = hers | guesses | {"payment": NOBODYS, "job": NOBODYS}, contents()
        bea = make_user("bea@example.com")
        bearer = token_of(bea)
        for name, row in ROUTES.items():
            undone, before = transaction.savepoint(), contents()
            with self.subTest(name):
                answer = self.request(name, row, known, bearer=bearer)
                shown = {value for value in secrets if f'"{value}"' in answer.content.decode()}
                assert not shown
                if "customer" not in row.callers:
                    self.is_denied(answer, bea, row)
                elif row.is_owned:
                    assert answer.status_code in (400, 401, 404, 409), answer.content
                    assert answer.json()["code"] == row.refusal
                if row.is_owned or "customer" not in row.callers:
                    assert contents() == before
                else:
                    assert answer.status_code < 400, answer.content
                    assert before_bea <= contents()
            transaction.savepoint_rollback(undone)

    def calls(self, caller: str, user: User | None) -> None:
        """Send each call; whatever it changes is undone before the next."""
        known, bearer = self.things(user), token_of(user) if user else None
        for name, row in ROUTES.items():
            before = contents()
            undone = transaction.savepoint()
            with self.subTest(name):
                token = known[row.held]
                with CaptureQueriesContext(connection) as statements:
                    answer = self.request(name, row, known, bearer=bearer, order_token=token)
                changed = contents() != before
                if name.startswith("GET "):
                    assert len(statements) <= MOST, list(statements)
                if caller in row.callers:
                    assert answer.status_code < 400, answer.content
                    is_write = not name.startswith("GET ") and name not in WITHOUT_EFFECT
                    assert changed is is_write
                else:
                    self.is_denied(answer, user, row)
                    assert not changed
            transaction.savepoint_rollback(undone)

    def is_denied(self, answer: Any, user: User | None, row: Row) -> None:
        """Denied, and told the permission that it takes."""
        problem = answer.json()
        expected = (403, "FORBIDDEN") if user else (401, "UNAUTHENTICATED")
        assert (answer.status_code, problem["code"]) == expected
        assert problem.get("required") == row.required

    def request(
        self,
        name: str,
        row: Row,
        known: dict[str, Any],
        *,
        bearer: str | None,
        order_token: str | None = None,
    ) -> Any:
        """Send a row's call; ``order_token`` is what its sender holds."""
        headers = {"Idempotency-Key": "k"}
        if order_token:
            headers["Order-Token"] = order_token
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        options: dict[str, Any] = {}
        if isinstance(row.body, bytes):
            options = {"data": {"file": SimpleUploadedFile("x.jpg", row.body)}}
        elif row.body is not None:
            options = {"data": _filled(row.body, known), "content_type": "application/json"}
        method = name.partition(" ")[0].lower()
        return getattr(Client(), method)(f"/api/{row.path % known}", headers=headers, **options)

    def things(self, owner: User | None) -> dict[str, Any]:
        """What the calls name, with what REST knows by another key."""
        known = {name: _key(value) for name, value in things(self, owner).items()}
        parcel = Fulfillment.objects.filter(order__token=known["sent"]).first()
        boss = User.objects.of_email(known["boss"]).get()
        message = Message.objects.create(sender=boss, recipient=owner or boss, body="x")
        return known | {
            "shirt": Product.objects.get(slug="wool-shirt").pk,
            "sent_parcel": parcel and parcel.pk,
            "message": message.pk,
        }


def _key(value: str) -> str:
    """REST's own key for GraphQL's opaque id; other values stay."""
    type_name, key = decode_id(value)
    return key if type_name in composed()[0].type_map else value


def _filled(body: Any, things: dict[str, Any]) -> Any:
    if isinstance(body, list):
        return [_filled(value, things) for value in body]
    if isinstance(body, dict):
        return {name: _filled(value, things) for name, value in body.items()}
    return body % things if isinstance(body, str) else body
