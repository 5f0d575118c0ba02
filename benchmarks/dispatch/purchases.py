"""What a purchase pays for its background job."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from benchmarks.database import Database
from benchmarks.purchases.goods import stocked
from benchmarks.purchases.load import plan

WARM_UP_PURCHASES = 20


def share_of_enqueue(own: Database, *, seconds: float) -> float:
    """The share of a purchase's time that `enqueue` takes, in a copy of the shop.

    One buyer, in this process and on one connection: all that is left out is HTTP, which would
    only make the share smaller.
    """
    from tasks import dispatch

    spent = 0.0
    enqueue_many = dispatch.enqueue_many

    def timed(*arguments: Any) -> Any:
        nonlocal spent
        began = time.perf_counter()
        try:
            return enqueue_many(*arguments)
        finally:
            spent += time.perf_counter() - began

    with stocked(own) as shop, _connected(shop), patch.object(dispatch, "enqueue_many", timed):
        for _ in range(WARM_UP_PURCHASES):
            _buy()
        spent, began = 0.0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            _buy()
        return spent / (time.perf_counter() - began)


@contextmanager
def _connected(shop: Database) -> Iterator[None]:
    """Have Django use this database meanwhile."""
    from django.db import connection

    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = shop.name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def _buy() -> None:
    given = plan("")
    lines = [{"sku": str(random.randint(*skus)), "quantity": 1} for skus in given["goods"]]
    key = str(uuid.uuid4())
    new = {"lines": lines, "email": "ada@example.com", "idempotencyKey": key}
    token = _send("CartCreate", new)["cart"]["token"]
    changes = {"shippingAddress": given["address"], "shippingMethodId": given["method"]}
    quote = _send("CartUpdate", {"token": token, **changes})["cart"]["quote"]
    _send(
        "Checkout",
        {
            "cartToken": token,
            "idempotencyKey": key,
            "quoteTotal": quote["total"]["amount"],
            "payment": {"provider": "manual", "data": {}},
        },
    )


def _send(name: str, values: dict[str, Any]) -> Any:
    """The payload of a mutation; raises ValueError where something is wrong with it."""
    from django.test import RequestFactory

    from schema.views import graphql_view

    body = {"query": plan("")["documents"][name], "variables": {"input": values}}
    request = RequestFactory().post("/graphql", json.dumps(body), content_type="application/json")
    answer = json.loads(graphql_view(request).content)
    (payload,) = (answer.get("data") or {"": None}).values()
    if not payload or payload["userErrors"]:
        raise ValueError(f"{name} was answered {answer}")
    return payload
