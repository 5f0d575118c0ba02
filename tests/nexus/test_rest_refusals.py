"""Both doors refuse the same bad input at the same place and with the same code."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from catalog.models import Category, Product, Review
from commerce.models import Order, Return
from schema.compiler.ids import encode_id
from tests.schema.shop import ShopTestCase, make_user, token_of
from tests.schema.things import things

NOBODY = 2**40


@dataclass(frozen=True)
class Refused:
    """A request that can't be done, as both doors take it.

    Attributes:
        mutation: GraphQL's.
        call: REST's method and path, of ``things``.
        body: what REST is sent; GraphQL likewise, by its names.
        key: what GraphQL takes besides, which stands in REST's address.
        role: who sends it; a customer where it is empty.
    """

    mutation: str
    call: str
    body: dict[str, Any] = field(default_factory=dict)
    key: dict[str, Any] = field(default_factory=dict)
    role: str = ""


CATALOG, ORDERS = "catalog_manager", "order_manager"
REFUSED = [
    # Products.
    *(
        Refused("productCreate", "POST products/", {"name": "Cup", **body}, role=CATALOG)
        for body in (
            {"name": ""},
            {"name": "x" * 251},
            {"slug": "mug"},
            {"slug": "no slug"},
            {"category_slug": "nowhere"},
            {"tags": ["x" * 101]},
            {"variants": [{"sku": "NEW", "price": "-1"}]},
            {"variants": [{"sku": "NEW"}]},
            {"variants": [{"sku": "MUG-1", "price": "1"}]},
            {"variants": [{"sku": "A", "price": "1.001"}]},
            {"variants": [{"sku": "A", "price": "1"}, {"sku": "A", "price": "1"}]},
            {"options": [{"name": "Size", "values": ["S", "S"]}]},
            {"options": [{"name": "Size", "values": []}]},
            {"media": [{"url": "ftp://example.com/x.jpg"}]},
        )
    ),
    Refused("productUpdate", "PATCH products/%(mug)s/", {"name": None}, {"id": "mug_id"}, CATALOG),
    Refused(
        "productUpdate", "PATCH products/%(nobody)s/", {"name": "x"}, {"id": "nobody_id"}, CATALOG
    ),
    Refused("productDelete", "DELETE products/%(mug)s/", {}, {"id": "mug_id"}, CATALOG),
    # Categories.
    *(
        Refused("categoryCreate", "POST categories/", body, role=CATALOG)
        for body in (
            {"name": ""},
            {"name": "Home", "slug": "home"},
            {"name": "x", "parent_slug": "nowhere"},
            {"name": "x", "position": -1},
        )
    ),
    Refused(
        "categoryUpdate",
        "PATCH categories/%(home)s/",
        {"parent_slug": "home"},
        {"id": "home_id"},
        CATALOG,
    ),
    # Reviews.
    *(
        Refused("reviewCreate", "POST reviews/", {"product_id": product, "rating": rating})
        for product, rating in (("%(mug)s", 6), ("%(mug)s", 0), ("%(lamp)s", 5), (NOBODY, 5))
    ),
    # Carts and checkout.
    *(
        Refused("cartCreate", "POST carts/", body)
        for body in (
            {"lines": [{"sku": "NONE", "quantity": 1}]},
            {"lines": [{"sku": "MUG-1", "quantity": 0}]},
            {"lines": [{"sku": "MUG-1", "quantity": 1000}]},
            {"lines": [{"quantity": 1}]},
            {"lines": [{"variant_id": NOBODY, "quantity": 1}]},
            {"lines": [{"sku": "MUG-1", "quantity": 1}, {"sku": "MUG-1", "quantity": 1}]},
            {"email": "no address"},
        )
    ),
    Refused(
        "cartLinesSet",
        "POST carts/%(cart)s/lines/",
        {"lines": [], "expected_version": 99},
        {"token": "cart"},
    ),
    *(
        Refused("cartUpdate", "PATCH carts/%(cart)s/", body, {"token": "cart"})
        for body in (
            {"email": "no address"},
            {"shipping_method_id": NOBODY},
            {"voucher_codes": ["NONE"]},
            {"voucher_codes": ["x" * 51]},
            {"expected_version": 99},
            {"shipping_address": {"name": "A", "street": "B", "city": "C", "country": "XX"}},
            {"shipping_address": {"name": "", "street": "B", "city": "C", "country": "GB"}},
        )
    ),
    Refused("cartUpdate", "PATCH carts/nothing/", {}, {"token": "nothing"}),
    *(
        Refused(
            "checkoutComplete", "POST orders/", {"cart_token": "%(cart)s", "payment": paid, **body}
        )
        for paid, body in (
            ({"provider": "none"}, {}),
            ({"provider": "manual"}, {"quote_total": "0.01"}),
            ({"provider": "manual"}, {"cart_token": "nothing"}),
            ({"provider": "fake", "data": {"card": "4000000000000002"}}, {}),
        )
    ),
    # Orders.
    Refused("orderCancel", "POST orders/%(sent)s/cancel/", {}, {"number": "sent"}),
    Refused(
        "orderCancel", "POST orders/%(number)s/cancel/", {"reason": "x" * 401}, {"number": "number"}
    ),
    Refused("orderCancel", "POST orders/N-0/cancel/", {}, {"number": "N-0"}),
    *(
        Refused(
            "fulfillmentCreate",
            f"POST orders/{path}/fulfillments/",
            body,
            {"orderNumber": key},
            ORDERS,
        )
        for path, key, body in (
            ("%(sent)s", "sent", {}),
            ("N-0", "N-0", {}),
            ("%(number)s", "number", {"tracking_number": "x" * 101}),
            ("%(number)s", "number", {"lines": [{"order_line_id": NOBODY, "quantity": 1}]}),
            ("%(number)s", "number", {"lines": []}),
        )
    ),
    *(
        Refused("returnRequest", "POST orders/%(sent)s/returns/", body, {"number": "sent"})
        for body in (
            {"lines": []},
            {"lines": [{"order_line_id": NOBODY, "quantity": 1}]},
            {"lines": [{"order_line_id": "%(line)s", "quantity": 99}]},
            {"lines": [{"order_line_id": "%(line)s", "quantity": 0}]},
        )
    ),
    Refused("returnReceive", "POST returns/%(asked)s/receive/", {}, {"id": "asked_id"}, ORDERS),
    Refused(
        "paymentRefund", "POST orders/%(number)s/refund/", {}, {"orderNumber": "number"}, ORDERS
    ),
    *(
        Refused(
            "paymentCapture", f"POST orders/{path}/capture/", body, {"orderNumber": key}, ORDERS
        )
        for path, key, body in (
            ("N-0", "N-0", {}),
            ("%(number)s", "number", {"amount": "0"}),
            ("%(number)s", "number", {"amount": "9999"}),
        )
    ),
    Refused(
        "orderNoteCreate",
        "POST orders/%(number)s/notes/",
        {"body": " "},
        {"orderNumber": "number"},
        ORDERS,
    ),
    # Messages, notifications, jobs.
    *(
        Refused("messageSend", "POST messages/", {"recipient_email": to, "body": body})
        for to, body in (("nobody@example.com", "x"), ("boss@example.com", ""), ("", "x"))
    ),
    Refused("notificationsMarkRead", "POST notifications/mark-read/", {"ids": [NOBODY]}),
    # Who may not.
    Refused("productCreate", "POST products/", {"name": "Cup"}),
    Refused(
        "fulfillmentCreate", "POST orders/%(number)s/fulfillments/", {}, {"orderNumber": "number"}
    ),
    Refused(
        "orderNoteCreate",
        "POST orders/%(number)s/notes/",
        {"body": "x"},
        {"orderNumber": "number"},
        CATALOG,
    ),
]
KEYED = {"checkoutComplete", "paymentCapture", "paymentRefund"}
# Of what type the things are that a field of this name names.
TYPES = {
    "product_id": "Product",
    "order_line_id": "OrderLine",
    "variant_id": "Variant",
    "shipping_method_id": "ShippingMethod",
    "ids": "Notification",
}


class RefusalTests(ShopTestCase):
    def test_are_the_same_through_both_doors(self) -> None:
        customer = make_user()
        known = self.known(things(self, customer))
        bearers = {"": token_of(customer)}
        for role in (CATALOG, ORDERS):
            bearers[role] = token_of(make_user(f"{role}@example.com", role=role))
        for number, each in enumerate(REFUSED):
            with self.subTest(f"{each.call} {each.body}"):
                bearer = bearers[each.role]
                by_rest = self.by_rest(each, known, bearer, f"r{number}")
                assert by_rest
                assert by_rest == self.by_graphql(each, known, bearer, f"g{number}")

    def by_rest(self, each: Refused, known: dict[str, Any], bearer: str, key: str) -> Any:
        """Where and with which codes REST refuses; None for the whole."""
        method, _, path = each.call.partition(" ")
        answer = getattr(Client(), method.lower())(
            f"/api/{path % known}",
            _filled(each.body, known),
            content_type="application/json",
            headers={"Authorization": f"Bearer {bearer}", "Idempotency-Key": key},
        )
        assert 400 <= answer.status_code < 500, answer.content
        problem = answer.json()
        errors = {(error["field"], error["code"]) for error in problem["errors"]}
        return errors or {(None, problem["code"])}

    def by_graphql(self, each: Refused, known: dict[str, Any], bearer: str, key: str) -> Any:
        """The same of GraphQL, in REST's spelling."""
        given = _camel(_filled(each.body, known))
        given |= {name: known.get(value, value) for name, value in each.key.items()}
        if each.mutation in KEYED:
            given["idempotencyKey"] = key
        type_name = f"{each.mutation[0].upper()}{each.mutation[1:]}Input"
        answer = self.ask(
            f"mutation ($input: {type_name}!) {{ {each.mutation}(input: $input)"
            " { userErrors { field code message } } }",
            {"input": given},
            bearer=bearer,
        )
        if answer.codes:
            return {(None, code) for code in answer.codes}
        return {
            (_snake(path.removeprefix("input.")) or None, code) for path, code in answer.user_errors
        }

    def known(self, found: dict[str, str]) -> dict[str, Any]:
        """What the requests name: by REST's keys, and as GraphQL's ids."""
        line = Order.objects.get(number=found["sent_number"]).lines.get()
        asked = Return.objects.filter(status="REQUESTED").latest("pk")
        keys = {
            "mug": Product.objects.get(slug="mug"),
            "lamp": Product.objects.get(slug="lamp"),
            "home": Category.objects.get(slug="home"),
            "review": Review.objects.first(),
            "asked": asked,
        }
        ids = {f"{name}_id": encode_id(type(row).__name__, row.pk) for name, row in keys.items()}
        return {
            **{name: row.pk for name, row in keys.items()},
            **ids,
            "nobody": NOBODY,
            "nobody_id": encode_id("Product", NOBODY),
            "number": found["number"],
            "sent": found["sent_number"],
            "cart": found["cart"],
            "line": line.pk,
        }


def _filled(value: Any, known: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(member, known) for name, member in value.items()}
    if isinstance(value, list):
        return [_filled(item, known) for item in value]
    return value % known if isinstance(value, str) else value


def _camel(value: Any, name: str = "") -> Any:
    """A body in GraphQL's spelling, with its ids."""
    if isinstance(value, dict):
        return {
            re.sub("_(.)", lambda letter: letter[1].upper(), key): _camel(member, key)
            for key, member in value.items()
        }
    if isinstance(value, list):
        return [_camel(item, name) for item in value]
    return encode_id(TYPES[name], value) if name in TYPES else value


def _snake(path: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", path)
