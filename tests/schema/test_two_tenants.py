"""What one customer or guest is shown does not depend on any other's being there.

Each asks for every field of the schema with every argument, then again in a shop in which the
others never were: the answers are the same, byte by byte. So no id, cursor, relation, filter, sort,
search or count tells anything of somebody else's rows. The documents come from the schema, so that
a new type or field takes part by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, override_settings
from graphql import GraphQLField, GraphQLObjectType, get_named_type

from schema.execution import composed
from tests.schema.shop import Endpoint, ShopTestCase
from tests.schema.tenants import CUSTOMERS, GUESTS, NAMES, Tenant, alone, make_tenants
from tests.schema.walking import (
    CURSORS,
    KEYS,
    NO_LIMITS,
    QUERY,
    Chain,
    chains,
    document,
    leaves,
    node_types,
    split,
    values_of,
)
from users.viewer import ANONYMOUS, Viewer

SCHEMA, MAPPING = composed()

# What the shop shows to everybody, or to its staff alone: nobody who buys owns any of it.
SHARED = {
    "Category",
    "Collection",
    "Media",
    "Product",
    "ProductOption",
    "SelectedOption",
    "ShippingMethod",
    "Variant",
}
STAFFS = {
    "ImportRow",
    "ImportRowError",
    "OrderNote",
    "ProductImport",
    "ProductImportUpdate",
    "Stock",
    "StockMovement",
    "Voucher",
    "WebhookDelivery",
    "WebhookEndpoint",
}
# Only accounts have them; guests have the rest.
ACCOUNTS_ALONE = {"Address", "Message", "Notification", "NotificationUpdate", "Review", "User"}
# Who was given one of these may look with it: they are random, and passed on at one's own risk.
CAPABILITIES = {
    ("job", "id"): "job id",
    ("order", "token"): "order token",
    ("cart", "token"): "cart token",
}
ADVICE = "make a row of it for each tenant in tests/schema/tenants.py"


def roots_for(viewer: Viewer) -> list[str]:
    """The root fields that a viewer may call."""
    return [
        name for name in QUERY.fields if MAPPING.declared("Query", name).permission.allows(viewer)
    ]


def reachable(fields: Iterable[GraphQLField]) -> set[str]:
    """The object types behind these fields, but for the staff's."""
    found: set[str] = set()
    waiting = [get_named_type(field.type) for field in fields]
    while waiting:
        type_ = waiting.pop()
        if not isinstance(type_, GraphQLObjectType) or type_.name in found:
            continue
        if type_.name.removesuffix("Edge") in STAFFS:
            continue
        found.add(type_.name)
        waiting += [get_named_type(field.type) for field in type_.fields.values()]
    return found


def typenames(answer: Any) -> set[str]:
    """The types of all objects in an answer."""
    if isinstance(answer, list):
        return set().union(*map(typenames, answer))
    if isinstance(answer, dict):
        own = {answer["__typename"]} if "__typename" in answer else set()
        return own.union(*map(typenames, answer.values()))
    return set()


# The walk takes longer than a token lives, and on a busy machine than other tests may.
@pytest.mark.timeout(900)
@override_settings(GRAPHQL_LIMITS=NO_LIMITS, ACCESS_TOKEN_LIFETIME=timedelta(hours=2))
class TestTwoTenants(ShopTestCase):
    tenants: dict[str, Tenant]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cache.clear()
        shop = Endpoint()
        shop.client = Client()
        cls.tenants = make_tenants(shop)

    def test_have_rows_of_every_type_that_somebody_may_own(self) -> None:
        for name, model in MAPPING.models.items():
            if name in STAFFS:
                continue
            owned = [tenant for tenant in NAMES if model in self.tenants[tenant].rows]
            owners = CUSTOMERS if name in ACCOUNTS_ALONE else NAMES
            expected = [] if name in SHARED else list(owners)
            assert owned == expected, (
                f"{name}: rows of {owned}, expected of {expected}. If somebody who buys may own "
                f"one, {ADVICE}; else name the type in SHARED or STAFFS here."
            )
            assert model._default_manager.exists(), f"There is no {name}: {ADVICE}."

    def test_the_first_customer_sees_nothing_of_others(self) -> None:
        self.sees_nothing_of_others("ada")

    def test_the_second_customer_sees_nothing_of_others(self) -> None:
        self.sees_nothing_of_others("bea")

    def test_the_first_guest_sees_nothing_of_others(self) -> None:
        self.sees_nothing_of_others("guest1")

    def test_the_second_guest_sees_nothing_of_others(self) -> None:
        self.sees_nothing_of_others("guest2")

    def sees_nothing_of_others(self, name: str) -> None:
        is_guest = name in GUESTS
        viewer = ANONYMOUS if is_guest else Viewer(user_id=1)
        roots = ["cart", "order"] if is_guest else roots_for(viewer)
        wanted = reachable(QUERY.fields[root] for root in roots)
        seen = self.walk(self.tenants[name], viewer)
        missing = wanted - seen
        assert not missing, f"{name} was shown no {sorted(missing)}: {ADVICE}."
        never = STAFFS | (ACCOUNTS_ALONE - {"Review"} if is_guest else set())
        assert not seen & never, "This is shown to nobody who asks like that."

    def test_would_be_told_of_a_leak(self) -> None:
        """The comparison that the tests above rest on does see what changes."""
        ada, bea = (self.tenants[name] for name in CUSTOMERS)
        order = "query($key: ID) { order(token: $key) { number } }"
        variables = {"key": bea.keys["order token"][0]}
        before = self.answer(ada, order, variables)
        with alone(ada, self.tenants):
            assert self.answer(ada, order, variables) != before
        assert self.answer(ada, order, variables) == before

    def walk(self, tenant: Tenant, viewer: Viewer) -> set[str]:
        """Ask everything twice; the types that were shown."""
        asked = [*self.everything(tenant, viewer), *self.lookups(tenant, viewer)]
        asked += self.arguments(tenant, viewer)
        answers = [self.answer(tenant, *each) for each in asked]
        with alone(tenant, self.tenants):
            for each, answer in zip(asked, answers, strict=True):
                again = self.answer(tenant, *each)
                assert again == answer, f"{tenant.name} is told of others by {each}"
        return set().union(*(typenames(json.loads(answer).get("data")) for answer in answers))

    def answer(self, tenant: Tenant, query: str, variables: dict[str, Any]) -> str:
        return self.ask(query, variables, bearer=tenant.bearer).text

    def everything(self, tenant: Tenant, viewer: Viewer) -> list[tuple[str, dict[str, Any]]]:
        """Every field behind every root field; by the tenant's own keys where one is wanted."""
        asked: list[tuple[str, dict[str, Any]]] = []
        for name in roots_for(viewer):
            field = QUERY.fields[name]
            type_ = get_named_type(field.type)
            keys = sorted(KEYS & field.args.keys())
            if not isinstance(type_, GraphQLObjectType):
                continue
            for selection in split(type_):
                if not keys:
                    asked.append((f"{{ {name} {{ {selection} }} }}", {}))
                for key in keys:
                    head = f"query($key: {field.args[key].type})"
                    query = f"{head} {{ {name}({key}: $key) {{ {selection} }} }}"
                    asked += [(query, {"key": value}) for value in self.own(tenant, name, key)]
        ids = [
            value
            for each in self.tenants.values()
            for value in each.keys["id"] + each.keys["job id"]
        ]
        for type_ in node_types():
            for selection in split(type_):
                query = (
                    f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {type_.name} "
                    f"{{ {selection} }} }} }}"
                )
                asked += [(query, {"ids": ids[at : at + 100]}) for at in range(0, len(ids), 100)]
        return asked

    def own(self, tenant: Tenant, root: str, key: str) -> list[str]:
        """What of a tenant's own fits an argument."""
        kind = CAPABILITIES.get((root, key), key)
        shop = {"slug": ["mug", "home", "summer"]}
        return tenant.keys.get(kind, shop.get(key, []))

    def lookups(self, tenant: Tenant, viewer: Viewer) -> list[tuple[str, dict[str, Any]]]:
        """Every root field that finds a row by a key, with all that the others have."""
        asked = []
        for name in roots_for(viewer):
            field = QUERY.fields[name]
            for key in KEYS & field.args.keys():
                type_ = get_named_type(field.type)
                selection = (
                    leaves(type_) if isinstance(type_, GraphQLObjectType) else "__typename id"
                )
                wanted = field.args[key].type
                values = self.foreign(tenant, name, key)
                if key == "ids":
                    query = f"query($v: {wanted}) {{ {name}({key}: $v) {{ {selection} }} }}"
                    asked += [
                        (query, {"v": values[at : at + 100]}) for at in range(0, len(values), 100)
                    ]
                    continue
                for start in range(0, len(values), 20):
                    part = values[start : start + 20]
                    variables = {f"v{at}": value for at, value in enumerate(part)}
                    declared = ", ".join(f"$v{at}: {wanted}" for at in range(len(part)))
                    calls = " ".join(
                        f"a{at}: {name}({key}: $v{at}) {{ {selection} }}" for at in range(len(part))
                    )
                    asked.append((f"query({declared}) {{ {calls} }}", variables))
        return asked

    def foreign(self, tenant: Tenant, root: str, key: str) -> list[str]:
        """What others have, but for what may be passed on."""
        capability = CAPABILITIES.get((root, key), "")
        values = []
        for other in self.tenants.values():
            # A customer's cart is the customer's: its token opens it to nobody else.
            passes_on = root != "cart" or other.bearer is None
            allowed = other.keys.get(capability, []) if passes_on else []
            if other is not tenant:
                values += [value for value in other.values if value not in allowed]
        return values

    def arguments(self, tenant: Tenant, viewer: Viewer) -> list[tuple[str, dict[str, Any]]]:
        """Every field that takes arguments, with values of each kind for each of them."""
        texts = [text for other in self.tenants.values() for text in other.values]
        asked: list[tuple[str, dict[str, Any]]] = []
        for chain in chains(roots_for(viewer)):
            keys = self.own(tenant, chain.names[0], chain.key) if chain.key else [""]
            for key in keys[:1]:
                variables = {"key": key} if chain.key else {}
                for name, argument in chain.field.args.items():
                    if name in KEYS:
                        continue
                    if name in CURSORS:
                        values = self.cursors(chain)
                    else:
                        values = list(values_of(argument.type, texts[::11]))
                    query = document(chain, name)
                    asked += [(query, {**variables, "v": value}) for value in values]
        return asked

    def cursors(self, chain: Chain) -> list[str]:
        """Cursors that anybody is given by a field."""
        found: list[str] = []
        for other in self.tenants.values():
            keys = self.own(other, chain.names[0], chain.key) if chain.key else [""]
            for key in keys[:1]:
                query = document(chain)
                answer = self.ask(query, {"key": key} if chain.key else {}, bearer=other.bearer)
                found += _cursors(answer.body.get("data"))
        return sorted(set(found))[:4]


def _cursors(answer: Any) -> list[str]:
    if isinstance(answer, list):
        return [cursor for each in answer for cursor in _cursors(each)]
    if isinstance(answer, dict):
        own = [answer["endCursor"]] if answer.get("endCursor") else []
        return own + [cursor for each in answer.values() for cursor in _cursors(each)]
    return []
