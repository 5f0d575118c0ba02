"""What is too much is refused at once, by the name of the limit; nothing is read or changed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

from django.conf import settings
from django.test import override_settings
from graphql import get_introspection_query

from schema.compiler import document
from schema.execution import plans
from schema.schema import schema
from tests.schema.shop import OPERATIONS, Answer, ShopTestCase, make_user, token_of

LIMITS = settings.GRAPHQL_LIMITS
# Of processor time. Refusing takes milliseconds, even where a busy machine makes hundreds of them;
# what is validated or planned before it is refused takes several seconds.
SECONDS = 1.0
CATEGORY = '{ category(slug: "home") %s }'


def nested(depth: int, inner: str = "{ name }") -> str:
    """A category's parent's parent ..., so many fields deep with the category itself."""
    return CATEGORY % ("{ parent " * (depth - 2) + inner + " }" * (depth - 2))


def chain(fragments: int, fields: str) -> str:
    """Fragments of which each asks for ``fields`` with the next one in them."""
    definitions = [
        f"fragment F{at} on Category {{ {fields % {'next': f'F{at + 1}'}} }}"
        for at in range(fragments)
    ]
    last = f"fragment F{fragments} on Category {{ name }}"
    return " ".join([CATEGORY % "{ ...F0 }", *definitions, last])


def listed(count: int) -> str:
    return ", ".join(['"x"'] * count)


# Documents by the limit that each goes beyond by a little or by much, without `GRAPHQL_LIMITS`
# being touched.
DOCUMENTS: dict[str, list[str]] = {
    "max_document_bytes": [
        "{ __typename } #" + "x" * LIMITS["max_document_bytes"],
        "{ __typename } #" + "\N{SKULL}" * (LIMITS["max_document_bytes"] // 4),
    ],
    "max_tokens": [
        "{ " + "a: b " * (LIMITS["max_tokens"] // 3) + "}",
        " ".join(f"query A{at} {{ __typename }}" for at in range(1_000)),
        "{ product(slug: [" + "1 " * LIMITS["max_tokens"] + "]) { name } }",
    ],
    "max_depth": [
        nested(LIMITS["max_depth"] + 1),
        nested(1_000),
        chain(LIMITS["max_depth"], "parent { ...%(next)s }"),
        "{ products { " + "... { " * 900 + "totalCount" + " }" * 900 + " } }",
        "{ product(slug: " + "[" * 900 + "]" * 900 + ") { name } }",
    ],
    "max_introspection_depth": [
        "{ __schema { types { fields { type " + "{ ofType " * 20 + "{ name }" + " }" * 24,
    ],
    "max_aliases": [
        CATEGORY % ("{" + " ".join(f"a{at}: name" for at in range(31)) + "}"),
        CATEGORY % ("{" + " ".join(f"a{at}: name" for at in range(490)) + "}"),
    ],
    "max_directives": [
        "{ __typename " + "@include(if: true) " * (LIMITS["max_directives"] + 1) + "}",
        "{ __typename " + "@nothing " * 1_500 + "}",
        CATEGORY
        % ("{ " + "... @skip(if: true) @include(if: true) { id } " * 10 + "name @skip(if: true) }"),
    ],
    "max_root_fields": [
        "{ " + " ".join(f"a{at}: __typename" for at in range(LIMITS["max_root_fields"] + 1)) + " }",
        "{ ...A ...B } "
        + " ".join(
            f"fragment {name} on Query {{ "
            + " ".join(f"{name}{at}: __typename" for at in range(6))
            + " }"
            for name in "AB"
        ),
    ],
    "max_mutations": [
        "mutation { "
        + " ".join(
            f"a{at}: cartCreate(input: {{}}) {{ cart {{ id }} }}"
            for at in range(LIMITS["max_mutations"] + 1)
        )
        + " }",
    ],
    "max_auth_mutations": [
        'mutation { a: tokenAuth(email: "a", password: "b") { token } '
        'b: tokenAuth(email: "a", password: "c") { token } }',
        'mutation { ...A a: verifyToken(token: "x") { payload } } '
        'fragment A on Mutation { revokeToken(refreshToken: "x") { revoked } }',
    ],
    "max_variables": [
        "query ("
        + ", ".join(f"$a{at}: Int" for at in range(LIMITS["max_variables"] + 1))
        + ") { __typename }",
    ],
    "max_list_items": [
        f"{{ nodes(ids: [{listed(251)}]) {{ id }} }}",
        f"{{ products(filter: {{vendor: [{listed(251)}]}}) {{ totalCount }} }}",
        f"query ($ids: [ID!]! = [{listed(1_000)}]) {{ nodes(ids: $ids) {{ id }} }}",
        f"{{ __typename @include(if: [[{listed(251)}]]) }}",
    ],
    "max_repeats": [
        # Twenty-three kilobytes of the same field cost standard validation seconds.
        CATEGORY % ("{ " + "name " * 3_900 + "}"),
        "{ " + "__typename " * 2_900 + "}",
        CATEGORY % ("{ " + "... { name } " * 900 + "}"),
        CATEGORY % ("{ " + "parent { name } " * 900 + "}"),
        CATEGORY % ("{ " + "...A " * 20 + "}") + " fragment A on Category { name }",
    ],
    "max_spreads": [
        CATEGORY % ("{ " + " ".join(f"...F{at}" for at in range(300)) + " }")
        + " "
        + " ".join(f"fragment F{at} on Category {{ name }}" for at in range(300)),
    ],
    "max_fields": [
        # A kilobyte each that stands for billions of fields.
        chain(9, "parent { ...%(next)s } children { ...%(next)s } ancestors { ...%(next)s }"),
        chain(60, "...%(next)s ... { ...%(next)s }"),
        chain(9, "a: parent { ...%(next)s } parent { ...%(next)s }"),
        chain(9, "parent { ...%(next)s } children { ...%(next)s }").replace("...F0", "name"),
    ],
}


class TestDocuments(ShopTestCase):
    def test_beyond_a_limit_are_refused_before_they_are_validated(self) -> None:
        too_late = mock.patch.object(document, "validate", side_effect=AssertionError)
        for limit, documents in DOCUMENTS.items():
            for text in documents:
                with self.subTest(f"{limit} {text[:60]}"), too_late:
                    self.refused_quickly(lambda text=text: self.ask(text), limit)

    def test_at_a_limit_are_answered(self) -> None:
        for text in (
            "{ __typename } #" + "x" * (LIMITS["max_document_bytes"] - 16),
            nested(LIMITS["max_depth"]),
            chain(LIMITS["max_depth"] - 2, "parent { ...%(next)s }"),
            CATEGORY
            % ("{" + " ".join(f"a{at}: name" for at in range(LIMITS["max_aliases"])) + "}"),
            "{ __typename " + "@include(if: true) @skip(if: false) " + "}",
            "{ " + " ".join(f"a{at}: __typename" for at in range(LIMITS["max_root_fields"])) + "}",
            "mutation { "
            + " ".join(
                f"a{at}: cartCreate(input: {{}}) {{ cart {{ id }} }}"
                for at in range(LIMITS["max_mutations"])
            )
            + " }",
            f"{{ products(filter: {{vendor: [{listed(250)}]}}) {{ totalCount }} }}",
            CATEGORY % ("{ " + "name " * 10 + "}"),
            get_introspection_query(),
        ):
            with self.subTest(text[:60]):
                assert self.ask(text).data

    def test_with_fragments_in_a_circle_are_invalid(self) -> None:
        for text in (
            "{ ...A } fragment A on Query { ...A }",
            "{ ...A } fragment A on Query { ...B } fragment B on Query { ...C } "
            "fragment C on Query { ...A }",
            CATEGORY % "{ ...A } fragment A on Category { parent { ...A } children { ...A } }",
            "{ __typename } fragment A on Query { ...A }",
        ):
            with self.subTest(text):
                answer, seconds = timed(lambda text=text: self.ask(text))
                assert set(answer.codes) == {"GRAPHQL_VALIDATION_FAILED"}
                assert seconds < SECONDS

    def test_just_within_the_limits_take_no_long_time_to_validate(self) -> None:
        for text in (
            CATEGORY % f"{{ {'parent { ' * 2}{'parent { name } ' * 10}{' }' * 3}",
            CATEGORY % ("{ " + ("parent { " + "parent { name } " * 10 + "} ") * 10 + "}"),
            "{ __typename } fragment A on Category { "
            + ("parent { " + "parent { name slug } " * 10 + "} ") * 10
            + "}",
            "{ product(slug: " + "a " * 1_000 + ") { name } }",
        ):
            with self.subTest(text[:60]):
                _, seconds = timed(lambda text=text: self.ask(text))
                assert seconds < 2 * SECONDS

    def test_each_setting_is_tested(self) -> None:
        elsewhere = {
            "max_body_bytes",
            "max_upload_bytes",
            "max_upload_files",
            "max_search_characters",
            "max_subscriptions",
            "max_page_size",
            "max_cost",
        }
        assert LIMITS.keys() - elsewhere <= DOCUMENTS.keys()

    def test_introspection_beside_them_lets_no_deep_fields_through(self) -> None:
        levels = LIMITS["max_depth"]
        deep = CATEGORY % ("{ parent " * levels + "{ name }" + " }" * levels)
        beside = deep.replace(
            "{ category", "{ __schema @skip(if: true) { queryType { name } } category", 1
        )
        for text in (deep, beside):
            answer = self.ask(text)
            assert answer.errors == [{"code": "LIMIT_EXCEEDED", "limit": "max_depth"}], answer.text

    def test_every_mutation_on_tokens_or_passwords_counts_as_one_on_accounts(self) -> None:
        mutations = schema.graphql_schema.mutation_type
        assert mutations is not None
        sensitive = {
            name
            for name, field in mutations.fields.items()
            if {"password", "token", "refreshToken"} & field.args.keys() or name == "userRegister"
        }
        assert sensitive <= document.authenticating_mutations(schema.graphql_schema)

    def refused_quickly(self, ask: Callable[[], Answer], limit: str, status: int = 200) -> None:
        answer, seconds = timed(ask)
        assert answer.status == status
        assert answer.errors == [{"code": "LIMIT_EXCEEDED", "limit": limit}], answer.text[:300]
        assert "data" not in answer.body
        assert seconds < SECONDS


class TestRequests(ShopTestCase):
    def test_with_a_body_beyond_the_limit(self) -> None:
        body = json.dumps({"query": "{ __typename }", "padding": "x" * LIMITS["max_body_bytes"]})
        answer, seconds = timed(lambda: self.post(body))
        assert answer.status == 413
        assert answer.errors == [{"code": "LIMIT_EXCEEDED", "limit": "max_body_bytes"}]
        assert seconds < SECONDS

    def test_with_a_url_beyond_the_limit(self) -> None:
        query = {"query": "{ __typename }", "x": "x" * LIMITS["max_body_bytes"]}
        response = self.client.get("/graphql", query, headers={"Accept": "application/json"})
        assert response.status_code == 414
        (error,) = response.json()["errors"]
        assert error["extensions"] == {"code": "LIMIT_EXCEEDED", "limit": "max_body_bytes"}

    def test_with_several_operations_at_once(self) -> None:
        for body in ("[]", '[{"query": "{ __typename }"}]'):
            answer = self.refused(lambda body=body: self.post(body), "LIMIT_EXCEEDED", status=400)
            assert "data" not in answer.body

    def test_with_a_list_in_a_variable_beyond_the_limit(self) -> None:
        for variables in (
            {"filter": {"vendor": ["x"] * 251}},
            {"filter": {"options": [{"name": "Size", "values": ["x"] * 10_000}]}},
            {"unknown": [[[0] * 100_000]]},
        ):
            answer = self.refused(
                lambda it=variables: self.ask(OPERATIONS["Browse"], it), "LIMIT_EXCEEDED"
            )
            assert answer.errors[0]["limit"] == "max_list_items"
        at_the_limit = self.ask(OPERATIONS["Browse"], {"filter": {"vendor": ["x"] * 250}})
        assert at_the_limit.data["products"]["totalCount"] == 0

    def test_with_variables_nested_deeply(self) -> None:
        for depth in (100, 500, 900, 5_000, 100_000):
            text = json.dumps({"query": OPERATIONS["Browse"], "variables": {"x": "?"}})
            body = text.replace('"?"', "[" * depth + "]" * depth)
            answer, seconds = timed(lambda body=body: self.post(body))
            assert answer.status in (200, 400)
            assert set(answer.codes) <= {"BAD_USER_INPUT", "LIMIT_EXCEEDED"}
            assert seconds < 2 * SECONDS


class TestCost(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        # Settings do not change in a shop that runs; plans know of none.
        plans.clear()

    DEAR = """{
      products(first: 100) { nodes { reviews(first: 100) { nodes {
        id
      } } variants { product { variants { product { variants { id } } } } } } }
    }"""

    def test_beyond_the_limit_is_refused_with_what_it_would_be(self) -> None:
        before = self.ask("{ products(first: 100) { nodes { media { url } } } }")
        assert before.body["extensions"]["cost"] == 100 + 100 * 10
        answer, seconds = timed(lambda: self.ask(self.DEAR))
        (extensions,) = answer.errors
        assert extensions == {"code": "LIMIT_EXCEEDED", "limit": "max_cost"}
        assert seconds < 4 * SECONDS

    @override_settings(GRAPHQL_LIMITS=LIMITS | {"max_cost": 10})
    def test_follows_the_setting(self) -> None:
        for name, variables in (("Browse", {"first": 11}), ("Categories", {})):
            answer = self.ask(OPERATIONS[name], variables)
            assert answer.errors == [{"code": "LIMIT_EXCEEDED", "limit": "max_cost"}]

    def test_of_a_page_size_in_a_variable_is_that_of_the_request(self) -> None:
        costs = [
            self.send("Browse", first=first).body["extensions"]["cost"] for first in (1, 10, 100)
        ]
        assert costs[0] < costs[1] < costs[2]


class TestIntrospection(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        plans.clear()

    @override_settings(GRAPHQL_INTROSPECTION=False)
    def test_that_is_off_tells_neither_schema_nor_names(self) -> None:
        for text in (
            "{ __schema { types { name } } }",
            '{ __type(name: "Product") { fields { name } } }',
            '{ product(slug: "mug") { name } again: __schema { queryType { name } } }',
            "{ ...A } fragment A on Query { __schema { queryType { name } } }",
            get_introspection_query(),
        ):
            with self.subTest(text[:60]):
                answer = self.refused(lambda text=text: self.ask(text), "FORBIDDEN")
                assert "fields" not in answer.text
                assert '"types"' not in answer.text
        for text in (
            '{ product(slug: "mug") { nam } }',
            "{ prodcts { totalCount } }",
            "{ products(serch: 1) { totalCount } }",
            "{ products(sort: PRICE_ASK) { totalCount } }",
            "query ($f: ProductFilte) { products(filter: $f) { totalCount } }",
            "{ products(filter: {vendr: 1}) { totalCount } }",
        ):
            with self.subTest(text):
                answer = self.ask(text + " # nothing is told")
                assert set(answer.codes) == {"GRAPHQL_VALIDATION_FAILED"}
                assert "Did you mean" not in answer.text
        for variables in ({"filter": {"vendr": 1}}, {"sort": "PRICE_ASK"}):
            answer = self.ask(OPERATIONS["Browse"], variables)
            assert set(answer.codes) == {"BAD_USER_INPUT"}
            assert "Did you mean" not in answer.text

    @override_settings(GRAPHQL_INTROSPECTION=False)
    def test_that_is_off_still_names_types(self) -> None:
        answer = self.ask('{ __typename product(slug: "mug") { __typename } }')
        assert answer.data == {"__typename": "Query", "product": {"__typename": "Product"}}

    @override_settings(GRAPHQL_INTROSPECTION=True)
    def test_that_is_on_tells_both(self) -> None:
        names = self.ask("{ __schema { types { name } } }").data["__schema"]["types"]
        assert {"name": "Product"} in names
        assert "Did you mean 'name'?" in self.ask('{ product(slug: "mug") { nam } }').text

    def test_of_mutations_is_refused_where_it_is_none(self) -> None:
        bearer = token_of(make_user())
        answer = self.ask("mutation { __typename }", bearer=bearer)
        assert answer.data == {"__typename": "Mutation"}


def timed(ask: Callable[[], Answer]) -> tuple[Any, float]:
    """An answer and the seconds of processor time that it took."""
    start = time.process_time()
    answer = ask()
    return answer, time.process_time() - start
