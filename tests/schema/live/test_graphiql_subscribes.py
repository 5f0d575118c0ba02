"""GraphiQL's page shows what a subscription delivers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.schema.serving import ROOT, node_with
from tests.schema.shop import OPERATIONS, buy

FETCHER = Path(__file__).with_name("graphiql_fetcher.mjs")
PAGE = ROOT / "schema" / "static" / "graphiql_page" / "page.js"


def fetched(address: str, query: str, variables: dict, count: int) -> list[dict]:
    given = {
        "page": str(PAGE),
        "url": f"http://{address}",
        "query": query,
        "variables": variables,
        "count": count,
    }
    finished = subprocess.run(
        [node_with("graphql"), FETCHER, json.dumps(given)],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_until_somebody_stops_it(shop, address):
    token = buy(shop)["order"]["token"]
    *results, last = fetched(address, OPERATIONS["OrderUpdated"], {"token": token, "after": 0}, 2)
    assert [result["data"]["orderUpdated"]["sequence"] for result in results] == [1, 2]
    assert last == {"done": True}


def test_and_queries_as_before(shop, address):
    assert fetched(address, '{ product(slug: "mug") { name } }', {}, 1)[0]["data"] == {
        "product": {"name": "Mug"}
    }
