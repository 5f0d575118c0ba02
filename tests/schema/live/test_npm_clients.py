"""The clients that storefronts use: npm's graphql-sse and graphql-ws."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.schema.serving import node_with
from tests.schema.shop import OPERATIONS, buy, make_user, token_of

CLIENT = Path(__file__).with_name("npm_client.mjs")
ORDER = OPERATIONS["OrderUpdated"]


@pytest.fixture(params=["sse", "ws"])
def client(request, address) -> Iterator[Callable]:
    """Starts a client by either transport that ends after so many results."""
    node = node_with(f"graphql-{request.param}")
    started = []

    def start(query: str, count: int, variables: dict, token: str = "") -> subprocess.Popen:
        given = {
            "transport": request.param,
            "address": address,
            "query": query,
            "count": count,
            "variables": variables,
            "token": token,
        }
        process = subprocess.Popen(
            [node, CLIENT, json.dumps(given)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def finish(process: subprocess.Popen) -> list[dict]:
    # Not `communicate`: it overlooks what a test that read a line has in the file's buffer.
    results = [json.loads(line) for line in process.stdout]
    assert process.wait(timeout=30) == 0, process.stderr.read()
    return results


def test_gets_what_was_and_what_comes_and_goes(shop, client):
    order = buy(shop)["order"]
    process = client(ORDER, 3, {"token": order["token"], "after": 0})
    first = json.loads(process.stdout.readline())
    shop.call("OrderCancel", token=order["token"])

    results = [first, *finish(process)]

    updates = [result["data"]["orderUpdated"] for result in results]
    assert [update["sequence"] for update in updates] == [1, 2, 3]
    assert updates[2]["order"]["status"] == "CANCELLED"


def test_is_answered_queries_and_mutations(shop, client):
    token = token_of(make_user())
    (viewer,) = finish(client("{ viewer { email } }", 9, {}, token))
    assert viewer["data"] == {"viewer": {"email": "ada@example.com"}}
    (made,) = finish(client("mutation { cartCreate(input: {}) { cart { version } } }", 9, {}))
    assert made["data"]["cartCreate"]["cart"]["version"] == 1


def test_is_told_errors(shop, client):
    process = client("subscription { notificationReceived { sequence } }", 1, {})
    output, errors = process.communicate(timeout=30)
    assert "UNAUTHENTICATED" in output + errors
