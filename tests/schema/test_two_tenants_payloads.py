"""What changes and events show one customer or guest does not depend on any other's being there.

Each calls every mutation that is there for who buys, with what is the tenant's own and then with
what is another's in its place, and reads all that lies behind the payload; and watches whatever may
be watched. Then again in a shop in which the others never were: but for new ids, tokens and times,
which are nobody else's either, the answers are the same. `test_two_tenants` does it with queries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client, override_settings
from graphql import GraphQLNamedType, GraphQLObjectType, get_named_type

from commerce.models import Order
from schema.authentication import identify
from schema.compiler.ids import encode_id
from schema.execution import GraphQLRequest, composed
from schema.live.operation import Subscribed
from schema.problems import Problem
from tests.schema.permission_rows import MUTATIONS, SUBSCRIPTIONS, Row
from tests.schema.shop import Endpoint, ShopTestCase, product_id
from tests.schema.tenants import CUSTOMERS, GUESTS, Tenant, alone, make_tenants
from tests.schema.test_two_tenants import ADVICE, reachable, typenames
from tests.schema.things import GUESSES
from tests.schema.walking import NO_LIMITS, Select, call_of, everything, fields_of, nearest

SCHEMA, MAPPING = composed()
# New in every answer: whether they are another's is looked up, rather than compared.
NEW_TYPES = {"ID", "DateTime", "JSON"}
NEW_FIELDS = {
    *("token", "refreshToken", "number", "startCursor", "endCursor", "cursor"),
    *("refreshExpiresIn", "revoked", "clientSecret", "redirectUrl"),
}
# An address that has an account is refused to everybody, and with its password lets anybody in.
TOLD = {("userRegister", "email"), ("tokenAuth", "email")}
# Where a row names one of ``things``.
KEY = re.compile(r'"%\(\w+\)s"')
NUMBER = re.compile(r"\bN-\d+")


@dataclass
class Shown:
    """An answer: what is to be the same with and without the others, and what is new in each."""

    same: Any = None
    new: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, answer: Any, root: str) -> Shown:
        """The parts of a response's body."""
        shown = cls()
        data = shown._part(SCHEMA.type_map[root], answer.get("data"))
        shown.same = [data, answer.get("errors")]
        return shown

    def _part(self, type_: GraphQLNamedType, value: Any, name: str = "") -> Any:
        if isinstance(value, list):
            return [self._part(type_, each, name) for each in value]
        if isinstance(value, dict) and isinstance(type_, GraphQLObjectType):
            return {
                key: each
                if key == "__typename"
                else self._part(get_named_type(type_.fields[key].type), each, key)
                for key, each in value.items()
            }
        if value is not None and (type_.name in NEW_TYPES or name in NEW_FIELDS):
            self.new.add(str(value))
            return type_.name
        if isinstance(value, str):
            self.new |= set(NUMBER.findall(value))
            return NUMBER.sub("number", value)
        return value


# The walk takes longer than a token lives, and on a busy machine than other tests may.
@pytest.mark.timeout(900)
@override_settings(GRAPHQL_LIMITS=NO_LIMITS, ACCESS_TOKEN_LIFETIME=timedelta(hours=2))
class TestPayloads(ShopTestCase):
    tenants: dict[str, Tenant]
    shops: dict[str, str]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cache.clear()
        shop = Endpoint()
        shop.client = Client()
        cls.tenants = make_tenants(shop, with_things=True)
        cls.shops = {"product": product_id("ocean-blue-shirt"), "boss": "staff@example.com"}

    def test_show_the_first_customer_nothing_of_others(self) -> None:
        self.shows_nothing_of_others("ada")

    def test_show_the_second_customer_nothing_of_others(self) -> None:
        self.shows_nothing_of_others("bea")

    def test_show_the_first_guest_nothing_of_others(self) -> None:
        self.shows_nothing_of_others("guest1")

    def test_show_the_second_guest_nothing_of_others(self) -> None:
        self.shows_nothing_of_others("guest2")

    def shows_nothing_of_others(self, name: str) -> None:
        tenant = self.tenants[name]
        calls = [each for name in fields_of("Mutation") for each in self.calls(tenant, name)]
        shown = [self.change(tenant, *call) for call in calls]
        with alone(tenant, self.tenants):
            again = [self.change(tenant, *call) for call in calls]
        foreign = self.values_of_others(tenant)
        for call, one, other in zip(calls, shown, again, strict=True):
            assert one.same == other.same, f"{name} is told of others by {call}"
            assert not foreign & one.new, f"{name} is shown {foreign & one.new} by {call}"
        wanted = reachable(
            # A new account has nothing yet.
            fields_of("Mutation")[name]
            for name, *_ in calls
            if name != "userRegister"
        )
        missing = wanted - typenames([each.same for each in shown])
        assert not missing, f"{name} was shown no {sorted(missing)}: {ADVICE}."

    def test_work_on_what_is_ones_own(self) -> None:
        """Otherwise the tests above would prove nothing."""
        for tenant in self.tenants.values():
            for name, row in MUTATIONS.items():
                own = self.own(tenant, row.arguments)
                if not self.may(tenant, row) or own is None:
                    continue
                with self.subTest(f"{tenant.name} {name}"):
                    data, errors = self.change(tenant, name, own, nearest).same
                    assert errors is None
                    assert not data[name].pop("userErrors", None)
                    assert all(value is not None for value in data[name].values()), data

    def calls(self, tenant: Tenant, name: str) -> Iterator[tuple[str, str, Select]]:
        """A mutation with the tenant's own things, and with another's in place of each."""
        row = MUTATIONS[name]
        if not self.may(tenant, row):
            return
        for arguments in filter(None, (row.arguments, row.of_another)):
            own = self.own(tenant, arguments)
            if own is None:
                # Only a guest lacks something: an account.
                assert tenant.name in GUESTS, f"{tenant.name} can't call {name}: {ADVICE}."
                continue
            yield name, own, everything
            for other in self.others(tenant):
                for thing in sorted(other.things.keys() - GUESSES.keys()):
                    # A guest's cart is open to whoever has its token.
                    passes_on = thing == "cart" and other.name in GUESTS
                    if f"%({thing})s" in arguments and not passes_on and (name, thing) not in TOLD:
                        swapped = self.shops | tenant.things | {thing: other.things[thing]}
                        yield name, arguments % swapped, nearest

    def may(self, tenant: Tenant, row: Row) -> bool:
        """Whether it is there for who buys; all others are denied, as the matrix has it."""
        return ("customer" if tenant.name in CUSTOMERS else "anonymous") in row.callers

    def own(self, tenant: Tenant, arguments: str) -> str | None:
        """The arguments with what is the tenant's own; None where there is no such thing."""
        try:
            return arguments % (self.shops | tenant.things)
        except KeyError:
            return None

    def others(self, tenant: Tenant) -> list[Tenant]:
        return [each for each in self.tenants.values() if each is not tenant]

    def change(self, tenant: Tenant, name: str, arguments: str, select: Select) -> Shown:
        """What a mutation shows; undone again."""
        # Wrong passwords are counted there.
        cache.clear()
        call = call_of("Mutation", name, arguments, select)
        # No atomic block: refreshToken wants to be the outermost one.
        before = transaction.savepoint()
        answer = self.ask(f"mutation {{ {call} }}", bearer=tenant.bearer)
        transaction.savepoint_rollback(before)
        return Shown.of(answer.body, "Mutation")

    def values_of_others(self, tenant: Tenant) -> set[str]:
        """Every id, token and number that another has."""
        values = set()
        for other in self.others(tenant):
            values |= {other.things[name] for name in other.things.keys() - {"email", "password"}}
            for kind in ("cart token", "order token", "number"):
                values |= set(other.keys[kind])
            for type_name, model in MAPPING.models.items():
                rows = model._default_manager.filter(pk__in=other.rows.get(model, ()))
                key = "public_id" if hasattr(model, "public_id") else "pk"
                values |= {
                    encode_id(type_name, value) for value in rows.values_list(key, flat=True)
                }
        return values

    def test_events_are_ones_own(self) -> None:
        for tenant in self.tenants.values():
            watched = list(self.watched(tenant))
            shown = [self.events(tenant, *each) for each in watched]
            with alone(tenant, self.tenants):
                assert [self.events(tenant, *each) for each in watched] == shown, tenant.name
            roots = [name for name, row in SUBSCRIPTIONS.items() if self.may(tenant, row)]
            assert {name for name, _ in watched} == set(roots)
            wanted = reachable(fields_of("Subscription")[name] for name in roots)
            missing = wanted - typenames([json.loads(event) for each in shown for event in each])
            assert not missing, f"{tenant.name} was shown no {sorted(missing)}: {ADVICE}."

    def watched(self, tenant: Tenant) -> Iterator[tuple[str, str]]:
        """Every subscription with each of the tenant's own things, and with whatever others have.

        Of one that takes no key, with an empty one.
        """
        orders = Order.objects.filter(pk__in=tenant.rows[Order])
        values = [*tenant.things.values(), *orders.values_list("token", flat=True)]
        for other in self.others(tenant):
            values += [other.things[thing] for thing in other.things.keys() - GUESSES.keys()]
        for name in fields_of("Subscription"):
            row = SUBSCRIPTIONS[name]
            if self.may(tenant, row):
                for value in values if KEY.search(row.arguments) else [""]:
                    yield name, value

    def events(self, tenant: Tenant, name: str, key: str) -> list[str]:
        """All that a subscription has delivered until now, or why it doesn't begin."""
        caller = identify(
            authorization=f"Bearer {tenant.bearer}" if tenant.bearer else "", cookie=""
        )
        call = call_of(
            "Subscription", name, KEY.sub("$key", SUBSCRIPTIONS[name].arguments), everything
        )
        head = "subscription($key: ID!)" if key else "subscription"
        request = GraphQLRequest(f"{head} {{ {call} }}", variables={"key": key} if key else {})
        try:
            subscribed = Subscribed(request, caller, None)
        except Problem as problem:
            return [json.dumps(problem.formatted())]
        events = []
        while (event := subscribed.read(caller)) is not None:
            events.append(event.body.decode())
        return events
