"""REST shows what GraphQL shows, field by field, and refuses what it refuses with the same code."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

import pytest
from graphql import MiddlewareManager, parse, validate
from graphql import execute as execute_plainly

from nexus.api.reading import Query, Resource
from nexus.api.selection import selection_of
from nexus.api.urls import router
from schema.compiler.ids import decode_id, encode_id
from schema.execution import composed
from tests.oracle import accounts, actions, catalogue, database, products, sales  # noqa: F401
from tests.oracle.comparison import SCHEMA
from tests.oracle.fields import Asking, resolve
from tests.oracle.session import viewers_of
from tests.oracle.shop import Shop
from users.viewer import Viewer

RESOURCES = [view.resource for _, view, _ in router.registry if hasattr(view, "resource")]
BY_TYPE = pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: each.type_name)
_middleware = MiddlewareManager(resolve)


@BY_TYPE
def test_what_a_serializer_shows_is_a_graphql_selection(resource: Resource) -> None:
    """So a field that GraphQL does not have can't be shown."""
    document = f"fragment Row on {resource.type_name} {{ {selection_of(resource.serializer)} }}"
    query = f"{{ node(id: 1) {{ ...Row }} }} {document}"
    assert validate(SCHEMA, parse(query)) == []


@pytest.mark.compiler
@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_rest_shows_what_plain_resolvers_of_graphql_answer(seed: int) -> None:
    """Every row of a generated database, to everybody, in all fields of its serializer."""
    database.fill(Random(seed))
    shop = Shop()
    compared = 0
    for resource in RESOURCES:
        key = "public_id" if resource.type_name == "Job" else "pk"
        rows = shop.rows(composed()[1].models[resource.type_name])
        ids = {row.pk: encode_id(resource.type_name, getattr(row, key)) for row in rows}
        for name, viewer in viewers_of(shop, Random(seed)).items():
            wanted = _by_graphql(resource, list(ids.values()), shop, viewer)
            for pk, expected in zip(ids, wanted, strict=True):
                found = json.loads(resource.row(viewer, pk=pk) or b"null")
                assert found == expected, f"{resource.type_name} {pk} for {name}"
                compared += expected is not None
            if resource.listed_by:
                _compare_list(resource, wanted, viewer)
    assert compared > 500


def _compare_list(resource: Resource, wanted: list[Any], viewer: Viewer) -> None:
    """A list holds every row that the viewer can see by itself, and no other."""
    if resource.listed_by.startswith("viewer.") and not viewer.is_authenticated:
        return
    shown = selection_of(resource.serializer)
    rows = resource.rows(viewer, Query({"first": 100}, shown, counted=True))
    listed = json.loads(rows.results)
    visible = [row for row in wanted if row is not None]
    assert rows.count == len(listed) == len(visible)
    assert sorted(map(repr, listed)) == sorted(map(repr, visible))


def _by_graphql(resource: Resource, ids: list[str], shop: Shop, viewer: Viewer) -> list[Any]:
    """What plain resolvers answer of these rows, in REST's form."""
    row = f"... on {resource.type_name} {{ {selection_of(resource.serializer)} }}"
    query = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ {row} }} }}"
    result: Any = execute_plainly(
        SCHEMA,
        parse(query),
        variable_values={"ids": ids},
        context_value=Asking(shop, viewer),
        middleware=_middleware,
    )
    assert not result.errors, result.errors
    return [_as_rest(row) for row in result.data["nodes"]]


def _as_rest(value: Any, name: str = "") -> Any:
    """GraphQL's answer in REST's form: keys for opaque ids, and ``_`` for its whole object."""
    if isinstance(value, dict):
        if value.keys() == {"_"}:
            return _as_rest(value["_"], name)
        return {key: _as_rest(member, key) for key, member in value.items()}
    if isinstance(value, list):
        return [_as_rest(item, name) for item in value]
    if isinstance(value, str) and re.fullmatch("id|.*_id", name):
        type_name, key = decode_id(value)
        assert type_name in SCHEMA.type_map
        return int(key) if key.isdigit() else key
    return value
