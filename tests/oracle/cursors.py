"""The real cursors of a shop's rows, collected from the compiler's own pages.

The oracle does not make cursors: it knows which row each belongs to, and what follows that row.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from catalog.models import ImportRow, ProductImport
from commerce.models import OrderEvent
from schema.catalog.sorts import PRODUCT_SORTS
from schema.compiler.ids import encode_id
from schema.execution import GraphQLRequest, execute
from tasks.models import Job
from tests.oracle.shop import Shop
from users.viewer import Viewer

SEARCHED = """query Searched($search: String) {
  products(first: 100, search: $search) { edges { cursor node { id } } }
}"""
SORTED = """query Sorted($sort: ProductSort) {
  products(first: 100, sort: $sort) { edges { cursor node { id } } }
  collections(first: 100) { nodes {
    products(first: 100, sort: $sort) { edges { cursor node { id } } }
  } }
}"""
LISTS = """{
  products(first: 100) { nodes {
    reviews(first: 100) { edges { cursor node { id } } }
    variants(first: 10) { stockMovements(first: 20) { edges { cursor node { id } } } }
  } }
  categories(first: 100) { edges { cursor node { id } } }
  collections(first: 100) { edges { cursor node { id } } }
  jobs(first: 100) { edges { cursor node { id } } }
  vouchers(first: 100) { edges { cursor node { id } } }
  webhookEndpoints(first: 100) { edges { cursor node { id
    deliveries(first: 100) { edges { cursor node { id } } }
  } } }
  newest: orders(first: 100) {
    edges { cursor node { id events(first: 100) { edges { cursor node { sequence } } } } }
  }
  oldest: orders(first: 100, sort: OLDEST) { edges { cursor node { id } } }
}"""
IMPORT = """query Import($id: ID!) {
  productImport(id: $id) { rows(first: 100) { edges { cursor node { line } } } }
}"""
OWN = """{ viewer {
  messages(first: 100) { edges { cursor node { id } } }
  notifications(first: 100) { edges { cursor node { id } } }
} }"""


def collect(shop: Shop, everything: Viewer, viewers: list[Viewer], terms: list[str]) -> None:
    """Ask for all lists and keep their cursors in ``shop.cursors``.

    Args:
        everything: a viewer who may see all shared rows.
        viewers: those whose own rows matter too.
        terms: the searches whose orders matter too.
    """
    jobs = {str(job.public_id): job.pk for job in shop.rows(Job)}
    events = {(event.order_id, event.sequence): event.pk for event in shop.rows(OrderEvent)}

    def keep(name: str, connection: Mapping[str, Any]) -> None:
        known = shop.cursors.setdefault(name, {})
        for edge in connection["edges"]:
            key = key_of(edge["node"])
            known[jobs[key] if key in jobs else int(key)] = edge["cursor"]

    for name, connection in _sorted(everything):
        keep(name, connection)
    for term in terms:
        answer = _ask(SEARCHED, everything, search=term)
        keep(f"ProductConnection:RELEVANCE:{term}", answer["products"])
    answer = _ask(LISTS, everything)
    for name, connection in _of_products(answer["products"]["nodes"]):
        keep(name, connection)
    keep("CategoryConnection:NAME_ASC", answer["categories"])
    keep("CollectionConnection:NAME_ASC", answer["collections"])
    keep("JobConnection:NEWEST", answer["jobs"])
    keep("VoucherConnection:NEWEST", answer["vouchers"])
    keep("WebhookEndpointConnection:NEWEST", answer["webhookEndpoints"])
    for edge in answer["webhookEndpoints"]["edges"]:
        keep("WebhookDeliveryConnection:NEWEST", edge["node"]["deliveries"])
    keep("OrderConnection:NEWEST", answer["newest"])
    keep("OrderConnection:OLDEST", answer["oldest"])
    of_events = shop.cursors.setdefault("OrderEventConnection:OLDEST", {})
    for order in _nodes(answer["newest"]):
        for edge in order["events"]["edges"]:
            of_events[events[int(key_of(order)), edge["node"]["sequence"]]] = edge["cursor"]
    shop.cursors["ImportRowConnection:LINE"] = _of_import_rows(shop, everything)
    for viewer in viewers:
        if viewer.user_id is not None:
            own = _ask(OWN, viewer)["viewer"]
            keep("MessageConnection:NEWEST", own["messages"])
            keep("NotificationConnection:NEWEST", own["notifications"])
    for name, known in shop.cursors.items():
        assert len(set(known.values())) == len(known), f"Two rows of {name} share a cursor."


def _of_import_rows(shop: Shop, everything: Viewer) -> dict[int, str]:
    cursors = {}
    rows = {(row.product_import_id, row.line): row.pk for row in shop.rows(ImportRow)}
    for product_import in shop.rows(ProductImport):
        answer = _ask(IMPORT, everything, id=encode_id("ProductImport", product_import.pk))
        for edge in answer["productImport"]["rows"]["edges"]:
            cursors[rows[product_import.pk, edge["node"]["line"]]] = edge["cursor"]
    return cursors


def key_of(node: Mapping[str, Any]) -> str:
    """The key in a node's id."""
    return base64.b64decode(node["id"]).decode().partition(":")[2]


def _sorted(everything: Viewer) -> Iterator[tuple[str, Any]]:
    """Lists of products in each order, each with the order's name."""
    for sort in PRODUCT_SORTS:
        if sort != "RELEVANCE":
            answer = _ask(SORTED, everything, sort=sort)
            yield f"ProductConnection:{sort}", answer["products"]
            for collection in answer["collections"]["nodes"]:
                yield f"CollectionProductConnection:{sort}", collection["products"]


def _of_products(products: list[Any]) -> Iterator[tuple[str, Any]]:
    """The connections below products, each with the name of its order."""
    for product in products:
        yield "ReviewConnection:NEWEST", product["reviews"]
        for variant in product["variants"]:
            yield "StockMovementConnection:NEWEST", variant["stockMovements"]


def _nodes(connection: Mapping[str, Any]) -> Iterator[Any]:
    return (edge["node"] for edge in connection["edges"])


def _ask(document: str, viewer: Viewer, **variables: Any) -> Any:
    answer = json.loads(execute(GraphQLRequest(document, None, variables), viewer=viewer).body)
    assert "errors" not in answer, answer
    return answer["data"]
