"""REST shows what GraphQL shows, field by field, and refuses what it refuses with the same code."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib import import_module
from pkgutil import iter_modules
from random import Random
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    MiddlewareManager,
    parse,
    validate,
)
from graphql import execute as execute_plainly

from nexus import api, webhooks
from nexus.api.reading import Query, Resource
from nexus.api.selection import selection_of
from schema.compiler.ids import decode_id
from schema.execution import composed
from tests.oracle import database
from tests.oracle.comparison import SCHEMA
from tests.oracle.fields import Asking, resolve
from tests.oracle.session import viewers_of
from tests.oracle.shop import Shop
from users.viewer import Viewer


def _resources() -> list[Resource]:
    """Whatever REST shows, at a route of its own or in another's answer, and webhooks send."""
    names = [f"{api.__name__}.{module.name}" for module in iter_modules(api.__path__)]
    modules = [webhooks, *map(import_module, names)]
    values = [value for module in modules for value in vars(module).values()]
    found = [getattr(value, "resource", value) for value in values]
    found = [each for each in found if isinstance(each, Resource)]
    # Of those that show the same, the one that can be listed as well.
    found.sort(key=lambda each: each.listed_by)
    return list({(each.type_name, each.serializer): each for each in found}.values())


RESOURCES = _resources()
BY_TYPE = pytest.mark.parametrize(
    "resource", RESOURCES, ids=lambda each: f"{each.type_name}-{each.serializer.__name__}"
)
# Rows of every type by its name: not all of them can be asked for in the shop's own schema.
ROOT = GraphQLObjectType(
    "Root",
    {
        each.type_name: GraphQLField(GraphQLList(SCHEMA.type_map[each.type_name]))
        for each in RESOURCES
    },
)
ROWS = GraphQLSchema(ROOT)


def _resolved(next_: Any, source: Any, info: Any, **arguments: Any) -> Any:
    if info.parent_type is ROOT:
        return next_(source, info)
    return resolve(next_, source, info, **arguments)


_middleware = MiddlewareManager(_resolved)


@BY_TYPE
def test_what_a_serializer_shows_is_a_graphql_selection(resource: Resource) -> None:
    """So a field that GraphQL does not have can't be shown."""
    query = f"{{ {resource.type_name} {{ {selection_of(resource.serializer)} }} }}"
    assert validate(ROWS, parse(query)) == []


@pytest.mark.compiler
@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_rest_shows_what_plain_resolvers_of_graphql_answer(seed: int) -> None:
    """Every row of a generated database, to everybody, in all fields of its serializer."""
    database.fill(Random(seed))
    shop = Shop()
    compared: Counter[Resource] = Counter()
    for resource in RESOURCES:
        keys = [row.pk for row in shop.rows(composed()[1].models[resource.type_name])]
        for name, viewer in viewers_of(shop, Random(seed)).items():
            wanted = _by_graphql(resource, keys, shop, viewer)
            for pk, expected in zip(keys, wanted, strict=True):
                found = json.loads(resource.row(viewer, pk=pk) or b"null")
                assert found == expected, f"{resource.type_name} {pk} for {name}"
                compared[resource] += expected is not None
            if resource.listed_by:
                _compare_list(resource, wanted, viewer)
    assert [each for each in RESOURCES if not compared[each]] == []
    assert compared.total() > 500


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


def _by_graphql(resource: Resource, keys: list[int], shop: Shop, viewer: Viewer) -> list[Any]:
    """What plain resolvers answer of these rows, in REST's form."""
    asking = Asking(shop, viewer)
    model = composed()[1].models[resource.type_name]
    result: Any = execute_plainly(
        ROWS,
        parse(f"{{ {resource.type_name} {{ {selection_of(resource.serializer)} }} }}"),
        root_value={resource.type_name: [asking.see(model, pk) for pk in keys]},
        context_value=asking,
        middleware=_middleware,
    )
    assert not result.errors, result.errors
    return [_as_rest(row) for row in result.data[resource.type_name]]


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
