"""Both doors refuse the same bad input at the same place and with the same code."""

from __future__ import annotations

import re
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.utils import timezone

from catalog.models import Category, Media, Product, ProductImport, Review
from commerce.models import Fulfillment, Order, Return
from commerce.services.fulfillments import deliver_fulfillment
from commerce.services.order_lines import OrderLineInput
from commerce.services.returns import reject_return, request_return
from schema.compiler.ids import decode_id, encode_id
from tasks.models import Job
from tests.nexus.refusal_rows import CATALOG, NOBODY, NOBODYS, ORDERS, REFUSED, Refused
from tests.schema.shop import Answer, ShopTestCase, make_user, own_media, token_of
from tests.schema.things import things
from users.roles import ROLES
from users.viewer import Viewer

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
        self.enterContext(own_media())
        customer = make_user()
        known = self.known(things(self, customer))
        bearers = {"": token_of(customer)}
        for role in (CATALOG, ORDERS):
            bearers[role] = token_of(make_user(f"{role}@example.com", role=role))
        for number, each in enumerate(REFUSED):
            with self.subTest(f"{each.call} {each.body}"):
                bearer, undone = bearers[each.role], transaction.savepoint()
                by_rest = self.by_rest(each, known, bearer, f"r{number}")
                transaction.savepoint_rollback(undone)
                assert by_rest
                assert by_rest == self.by_graphql(each, known, bearer, f"g{number}")
                transaction.savepoint_rollback(undone)

    def by_rest(self, each: Refused, known: dict[str, Any], bearer: str, key: str) -> Any:
        """Where and with which codes REST refuses; None for the whole."""
        if each.first is not None:
            done = self.sent_by_rest(each, each.first, known, bearer, key)
            assert done.status_code < 300, done.content
        answer = self.sent_by_rest(each, each.body, known, bearer, key)
        assert 400 <= answer.status_code < 500, answer.content
        problem = answer.json()
        errors = {(error["field"], error["code"]) for error in problem["errors"]}
        return errors or {(None, problem["code"])}

    def sent_by_rest(
        self, each: Refused, body: dict[str, Any], known: dict[str, Any], bearer: str, key: str
    ) -> Any:
        """The answer to one request."""
        method, _, path = each.call.partition(" ")
        given, form = _filled(body, known), {"content_type": "application/json"}
        if "file" in given:
            given["file"], form = SimpleUploadedFile("file", given["file"]), {}
        return getattr(Client(), method.lower())(
            f"/api/{path % known}",
            given,
            **form,
            headers={"Authorization": f"Bearer {bearer}", "Idempotency-Key": key},
        )

    def by_graphql(self, each: Refused, known: dict[str, Any], bearer: str, key: str) -> Any:
        """The same of GraphQL, in REST's spelling."""
        if each.first is not None:
            done = self.sent_by_graphql(each, each.first, known, bearer, key)
            assert done.payload, done.text
        answer = self.sent_by_graphql(each, each.body, known, bearer, key)
        if answer.codes:
            return {(None, code) for code in answer.codes}
        return {
            (_snake(path.removeprefix("input.")) or None, code) for path, code in answer.user_errors
        }

    def sent_by_graphql(
        self, each: Refused, body: dict[str, Any], known: dict[str, Any], bearer: str, key: str
    ) -> Answer:
        """The answer to one request."""
        given = _camel(_filled(body, known))
        given |= {name: known.get(value, value) for name, value in each.key.items()}
        if each.first is not None or each.mutation in KEYED:
            given["idempotencyKey"] = key
        type_name = f"{each.mutation[0].upper()}{each.mutation[1:]}Input"
        query = (
            f"mutation ($input: {type_name}!) {{ {each.mutation}(input: $input)"
            " { userErrors { field code message } } }"
        )
        if "file" not in given:
            return self.ask(query, {"input": given}, bearer=bearer)
        variables = {"input": {**given, "file": None}}
        places = {"file": ["variables.input.file"]}
        return self.upload(query, variables, bearer=bearer, places=places, file=given["file"])

    def known(self, found: dict[str, str]) -> dict[str, Any]:
        """What the requests name: by REST's keys, and as GraphQL's ids."""
        order = Order.objects.get(number=found["sent_number"])
        line = order.lines.get()
        lines = [OrderLineInput(order_line_id=line.pk, quantity=1)]
        staff, now = Viewer(permissions=ROLES["order_manager"]), timezone.now()
        rejected = request_return(viewer=staff, number=order.number, lines=lines, now=now)
        reject_return(viewer=staff, return_id=rejected.pk, now=now)
        arrived = Fulfillment.objects.get(pk=decode_id(found["parcel"])[1])
        deliver_fulfillment(viewer=staff, fulfillment_id=arrived.pk, now=now)
        done = Job.objects.create(kind="users.notify_recipient", status="SUCCEEDED").public_id
        imports = {
            "import": ProductImport.objects.get(file_hash=found["file_hash"]),
            "flawed": _import(1, valid_count=1, invalid_count=1),
            "empty": _import(2),
            "committed": _import(3, status="COMMITTED", on_error="SKIP", valid_count=1),
        }
        keys = {
            "mug": Product.objects.get(slug="mug"),
            "lamp": Product.objects.get(slug="lamp"),
            "home": Category.objects.get(slug="home"),
            "media": Media.objects.first(),
            "review": Review.objects.first(),
            "asked": Return.objects.filter(status="REQUESTED").latest("pk"),
            "approved": Return.objects.filter(status="APPROVED").latest("pk"),
            "rejected": rejected,
            "arrived": arrived,
            "parcel": order.fulfillments.get(),
            **imports,
        }
        return {
            **{name: row.pk for name, row in keys.items()},
            **{f"{name}_id": encode_id(type(row).__name__, row.pk) for name, row in keys.items()},
            **{f"{name}_hash": row.file_hash for name, row in imports.items()},
            "nobody": NOBODY,
            "nobody_id": encode_id("Product", NOBODY),
            "nobodys_id": encode_id("Job", NOBODYS),
            "done": done,
            "done_id": encode_id("Job", done),
            "number": found["number"],
            "sent": found["sent_number"],
            "paid": found["paid"],
            "cart": found["cart"],
            "line": line.pk,
        }


def _import(number: int, **fields: Any) -> ProductImport:
    """An import of a file of two rows."""
    hash_ = f"{number}" * 64
    stands = {"status": "VALIDATED", "row_count": 2, **fields}
    return ProductImport.objects.create(file=f"{number}.csv", file_hash=hash_, **stands)


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
