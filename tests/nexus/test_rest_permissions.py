"""Who may call which REST route: every route and method that there is, and every role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from catalog.models import Product
from nexus.api.urls import Nowhere
from tests.catalog.pictures import picture
from tests.schema.shop import (
    PASSWORD,
    ShopTestCase,
    buy,
    contents,
    make_user,
    own_media,
    ready_cart,
    token_of,
)
from users.models import User
from users.roles import ROLES
from users.services.sessions import log_in

EVERYBODY = {"anonymous", "customer", *ROLES}
ACCOUNTS = EVERYBODY - {"anonymous"}
CATALOG = {"catalog_manager", "admin"}
PRODUCT = {"name": "Cup", "slug": "cup", "variants": [{"sku": "CUP-1", "price": "5.00"}]}
CREDENTIALS = {"email": "boss@example.com", "password": PASSWORD}

# Each method of each route: who may call it, the permission that it takes, the address and body.
ROUTES: dict[str, tuple[set[str], str | None, str, Any]] = {
    "GET ": (EVERYBODY, None, "", None),
    "GET schema/": (EVERYBODY, None, "schema/", None),
    "GET docs/": (EVERYBODY, None, "docs/", None),
    "GET auth/session/": (EVERYBODY, None, "auth/session/", None),
    "POST auth/session/": (EVERYBODY, None, "auth/session/", CREDENTIALS),
    "DELETE auth/session/": (EVERYBODY, None, "auth/session/", None),
    "POST token/": (EVERYBODY, None, "token/", CREDENTIALS),
    "POST token/refresh/": (EVERYBODY, None, "token/refresh/", {"refresh_token": "%(refresh)s"}),
    "POST token/revoke/": (EVERYBODY, None, "token/revoke/", {"refresh_token": "%(refresh)s"}),
    "GET products/": (EVERYBODY, None, "products/", None),
    "POST products/": (CATALOG, "catalog.add_product", "products/", PRODUCT),
    "GET products/<pk>/": (EVERYBODY, None, "products/%(product)s/", None),
    "PUT products/<pk>/": (
        CATALOG,
        "catalog.change_product",
        "products/%(product)s/",
        PRODUCT,
    ),
    "PATCH products/<pk>/": (
        CATALOG,
        "catalog.change_product",
        "products/%(product)s/",
        {"name": "Big mug"},
    ),
    "DELETE products/<pk>/": (CATALOG, "catalog.delete_product", "products/%(product)s/", None),
    "POST products/<pk>/media/": (
        CATALOG,
        "catalog.add_media",
        "products/%(product)s/media/",
        picture(),
    ),
    "GET orders/": (ACCOUNTS, None, "orders/", None),
    "POST orders/": (
        EVERYBODY,
        None,
        "orders/",
        {"cart_token": "%(cart)s", "payment": {"provider": "manual"}},
    ),
    "GET orders/<number>/": (EVERYBODY, None, "orders/%(number)s/", None),
    "POST orders/<number>/cancel/": (EVERYBODY, None, "orders/%(number)s/cancel/", {}),
}
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


class TestCalls(ShopTestCase):
    """What each caller is answered; who is denied changes nothing and learns what is missing."""

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(own_media())

    def test_of_the_anonymous(self) -> None:
        self.calls("anonymous", None)

    def test_of_customers(self) -> None:
        self.calls("customer", make_user())

    def test_of_each_role(self) -> None:
        for role in ROLES:
            self.calls(role, make_user(f"{role}@example.com", role=role))

    def test_of_another_customer(self) -> None:
        """What is somebody's is as unknown as what isn't there."""
        things = self.things(make_user())
        bearer = token_of(make_user("bea@example.com"))
        for name, (_, _, url, body) in ROUTES.items():
            if "%(number)s" not in url and "%(cart)s" not in str(body):
                continue
            with self.subTest(name):
                before = contents()
                answer = self.request(name, url, body, things, bearer=bearer, holding=False)
                assert answer.status_code in (400, 404), answer.content
                assert answer.json()["code"] == "NOT_FOUND"
                assert contents() == before

    def calls(self, caller: str, user: User | None) -> None:
        things = self.things(user)
        bearer = token_of(user) if user else None
        for name, (allowed, required, url, body) in ROUTES.items():
            before = contents()
            undone = transaction.savepoint()
            with self.subTest(f"{caller}: {name}"):
                answer = self.request(name, url, body, things, bearer=bearer)
                changed = contents() != before
                if caller in allowed:
                    assert answer.status_code < 400, answer.content
                    is_write = not name.startswith("GET ") and name not in WITHOUT_EFFECT
                    assert changed is is_write
                else:
                    problem = answer.json()
                    expected = (403, "FORBIDDEN") if user else (401, "UNAUTHENTICATED")
                    assert (answer.status_code, problem["code"]) == expected
                    assert problem.get("required") == required
                    assert not changed
            transaction.savepoint_rollback(undone)

    def request(
        self,
        name: str,
        url: str,
        body: Any,
        things: dict[str, Any],
        *,
        bearer: str | None,
        holding: bool = True,
    ) -> Any:
        headers = {"Idempotency-Key": "k"}
        if holding:
            headers["Order-Token"] = things["order_token"]
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        options: dict[str, Any] = {}
        if isinstance(body, bytes):
            options = {"data": {"file": SimpleUploadedFile("x.jpg", body)}}
        elif body is not None:
            options = {"data": _filled(body, things), "content_type": "application/json"}
        method = name.partition(" ")[0].lower()
        return getattr(Client(), method)(f"/api/{url % things}", headers=headers, **options)

    def things(self, owner: User | None) -> dict[str, Any]:
        """What the calls are about, an owner's where there is one."""
        boss = User.objects.of_email("boss@example.com").first() or make_user(
            "boss@example.com", role="admin"
        )
        bearer = token_of(owner) if owner else None
        order = buy(self, bearer=bearer)["order"]
        session = log_in(email=boss.email, password=PASSWORD, address=None, now=timezone.now())
        return {
            "refresh": session.refresh_token,
            "product": Product.objects.get(slug="wool-shirt").pk,
            "cart": ready_cart(self, bearer=bearer)["token"],
            "number": order["number"],
            "order_token": order["token"],
        }


def _filled(body: Any, things: dict[str, Any]) -> Any:
    if isinstance(body, dict):
        return {name: _filled(value, things) for name, value in body.items()}
    return body % things if isinstance(body, str) else body
