"""A purchase, from a client's requests to the background job, on a shop that ``make run`` runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from graphql import parse, print_ast
from graphql.utilities import separate_operations

from tests.nexus.test_make_run import FIRST_RUN_SECONDS, ROOT, Shop, free_port, run_shop

__all__ = ["free_port", "run_shop"]

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]

OPERATIONS = {
    name: print_ast(document)
    for name, document in separate_operations(
        parse((ROOT / "tests/schema/operations/storefront.graphql").read_text())
    ).items()
} | {
    "Job": print_ast(
        separate_operations(parse((ROOT / "tests/schema/operations/staff.graphql").read_text()))[
            "Job"
        ]
    )
}
FIXTURES = Path(__file__).parents[1] / "catalog" / "fixtures"
ADDRESS = {
    "name": "Ada Byron",
    "street": "1 Analytical Way",
    "city": "London",
    "postalCode": "N1 9GU",
    "country": "GB",
    "phone": "",
}


class Client:
    """Sends operations as they are written; knows a token once it has logged in."""

    def __init__(self, shop: Shop) -> None:
        self.url = f"{shop.url}/graphql"
        self.token: str | None = None

    def send(self, name: str, variables: dict[str, Any] | None = None) -> Any:
        """The data of one operation; it must have no errors of any kind."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        body = {"query": OPERATIONS[name], "operationName": name, "variables": variables}
        response = requests.post(self.url, json=body, headers=headers, timeout=10)
        answer = response.json()
        assert "errors" not in answer, answer
        (data,) = answer["data"].values()
        assert not (isinstance(data, dict) and data.get("userErrors")), data
        return data


def import_file(shop: Shop, name: str) -> None:
    """Import one of the catalogue's files, as a shop's owner does."""
    imported = subprocess.run(
        [sys.executable, "manage.py", "import_products", str(FIXTURES / name)],
        cwd=ROOT,
        env=shop.environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert " created" in imported.stdout, imported.stdout + imported.stderr


def buyable(client: Client, slug: str) -> list[dict[str, Any]]:
    """The variants of a product's page that are in stock."""
    variants = client.send("ProductPage", {"slug": slug})["variants"]
    return [each for each in variants if each["availability"] != "OUT_OF_STOCK"]


def buy(client: Client, **variant: str) -> dict[str, Any]:
    """Buy one of a variant, by sku or variantId: the order, once its job has confirmed it."""
    lines = [{**variant, "quantity": 1}]
    key = os.urandom(16).hex()
    cart = client.send(
        "CartCreate",
        {"input": {"lines": lines, "email": "ada@example.com", "idempotencyKey": f"c{key}"}},
    )["cart"]
    token = cart["token"]
    cart = client.send("CartLinesSet", {"input": {"token": token, "lines": lines}})["cart"]
    cart = client.send("CartUpdate", {"input": {"token": token, "shippingAddress": ADDRESS}})[
        "cart"
    ]
    method = cart["shippingMethods"][0]["id"]
    cart = client.send("CartUpdate", {"input": {"token": token, "shippingMethodId": method}})[
        "cart"
    ]
    assert cart["requirements"] == []
    placed = client.send(
        "Checkout",
        {
            "input": {
                "cartToken": token,
                "idempotencyKey": key,
                "quoteTotal": cart["quote"]["total"]["amount"],
                "payment": {"provider": "manual", "data": {}},
            }
        },
    )
    (job,) = placed["jobs"]
    deadline = time.monotonic() + 3
    while (state := client.send("Job", {"id": job["id"]}))["status"] != "SUCCEEDED":
        assert time.monotonic() < deadline, state
        time.sleep(0.05)
    order = client.send("OrderByToken", {"token": placed["order"]["token"]})
    assert order["status"] == "CONFIRMED"
    assert order["totals"]["total"] == cart["quote"]["total"]
    return order


def test_imported_goods_are_bought_and_confirmed_in_the_background(run_shop):
    shop = run_shop()
    shop.await_ready(FIRST_RUN_SECONDS)
    for name in ("shop.csv", "blank_skus.csv"):
        import_file(shop, name)
    guest = Client(shop)
    found = guest.send("Browse", {"first": 5, "search": "breton"})
    assert found["edges"][0]["node"]["slug"] == "breton-top"
    sku = buyable(guest, "breton-top")[0]["sku"]
    assert [line["sku"] for line in buy(guest, sku=sku)["lines"]] == [sku]
    # Without SKUs: one of several variants, and the only one of a product without options.
    for slug, count, name in (
        ("rain-cape", 3, "Rain Cape (Short / Moss)"),
        ("tea-towel", 1, "Tea Towel"),
    ):
        variants = buyable(guest, slug)
        assert [each["sku"] for each in variants] == [None] * count
        (line,) = buy(guest, variantId=variants[0]["id"])["lines"]
        assert (line["name"], line["sku"]) == (name, None)

    ada = Client(shop)
    account = {"email": "ada@example.com", "password": "correct horse battery"}
    ada.send("Register", {"input": {**account, "firstName": "Ada", "lastName": "Byron"}})
    ada.token = ada.send("Login", account)["token"]
    buy(ada, sku=sku)
    ada.send("MessageSend", {"input": {"recipientEmail": "staff@example.com", "body": "Hello?"}})
    assert ada.send("Viewer")["notifications"]["unreadCount"] == 1

    staff = Client(shop)
    login = {"email": "staff@example.com", "password": "nexus-demo-password"}
    staff.token = staff.send("Login", login)["token"]
    deadline = time.monotonic() + 3
    while not (unread := staff.send("Viewer")["notifications"])["unreadCount"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert unread["edges"][0]["node"]["body"] == "Hello?"
    assert "Subject: Your order N-100001 is confirmed" in shop.output
