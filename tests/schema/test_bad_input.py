"""Bad requests and bad arguments of reads: a code, an unchanged database, never a failure."""

from __future__ import annotations

import base64

from schema.compiler.ids import encode_id
from tests.schema.shop import (
    OPERATIONS,
    ShopTestCase,
    buy,
    make_user,
    product_id,
    token_of,
)
from users.models import User

BROWSE = OPERATIONS["Browse"]
REGISTER = """mutation {
  userRegister(input: {email: "a@example.com", password: "%s", firstName: "%s"}) {
    userErrors { code }
  }
}"""


class TestBodies(ShopTestCase):
    def test_that_are_no_json_object_of_the_right_members(self) -> None:
        for body in (
            " ",
            "{",
            "null",
            "1",
            '"{ __typename }"',
            "{}",
            '{"query": null}',
            '{"query": 1}',
            '{"query": ["{ __typename }"]}',
            '{"query": "{ __typename }", "variables": []}',
            '{"query": "{ __typename }", "variables": "{}"}',
            '{"query": "{ __typename }", "operationName": 1}',
            '{"query": "{ __typename }", "extensions": 1}',
            '{"query": "{ __typename }"} x',
            '{"query": "{ __typename }", "variables": {"x": NaN}}',
            '{"query": "{ __typename }", "variables": {"x": -Infinity}}',
            '{"query": "{ __typename }", "variables": {"x": 1e400}}',
            '{"query": "{ __typename }", "variables": {"x": "\0"}}',
            '{"query": "{ __typename }", "variables": {"x": "\\u0000"}}',
            '{"query": "{ __typename }", "variables": {"\\u0000": 1}}',
            '{"query": "{ __typename }", "variables": {"x": ["\\ud800"]}}',
            '{"query": "{ __typename } #\\udfff"}',
            "[" * 100_000,
            '{"query": ' * 10_000,
        ):
            with self.subTest(body[:60]):
                self.refused(lambda body=body: self.post(body), "BAD_USER_INPUT", status=400)

    def test_that_are_no_utf_8(self) -> None:
        body = '{"query": "{ __typename } # \N{SKULL}"}'
        for encoding in ("utf-16", "utf-32", "utf-8-sig"):
            with self.subTest(encoding):
                encoded = body.encode(encoding)
                self.refused(lambda it=encoded: self.post(it), "BAD_USER_INPUT", status=400)
        self.refused(lambda: self.post(b'{"query": "\xff"}'), "BAD_USER_INPUT", status=400)

    def test_with_emoji_are_fine(self) -> None:
        name = "Ada \N{SKULL}\N{VARIATION SELECTOR-16}"
        for body in (REGISTER % ("battery horse", name), REGISTER % ("battery h", "\\u{1F480}")):
            assert self.ask(body.replace("a@", f"{len(body)}@")).payload["userErrors"] == []
        assert User.objects.filter(first_name__in=[name, "\N{SKULL}"]).count() == 2


class TestDocuments(ShopTestCase):
    def test_that_are_no_graphql(self) -> None:
        for document in ("", "{", "{}", "query", "{ a(", "\N{SKULL}", "{ a } }", '{ a(b: "', "#"):
            with self.subTest(document):
                self.refused(lambda text=document: self.ask(text), "GRAPHQL_PARSE_FAILED")

    def test_that_the_schema_does_not_know(self) -> None:
        for document in (
            "{ nothing }",
            "{ product(slug: 1) { name } }",
            "{ product { name } }",
            "{ product(slug: null) { name } }",
            '{ product(slug: "a", extra: 1) { name } }',
            '{ product(slug: "a") { nothing } }',
            '{ product(slug: "a") }',
            '{ product(slug: "a") { name { length } } }',
            "{ products(sort: CHEAPEST) { totalCount } }",
            '{ products(sort: "NAME_ASC") { totalCount } }',
            "{ products(filter: {colour: 1}) { totalCount } }",
            "{ products(first: 2147483648) { totalCount } }",
            "{ products(first: 1.0) { totalCount } }",
            f"{{ products(first: {'9' * 5_000}) {{ totalCount }} }}",
            "query ($first: Int!) { products(first: $second) { totalCount } }",
            "query ($first: String) { products(first: $first) { totalCount } }",
            "query ($first: Integer) { products(first: $first) { totalCount } }",
            "query ($unused: Int) { products { totalCount } }",
            "{ ...nothing }",
            "{ __typename @nothing }",
            "mutation { cartCreate { cart { id } } }",
            "mutation { cartCreate(input: {lines: [{sku: 1, quantity: 1}]}) { cart { id } } }",
            "type Query { a: Int }",
            '{ node(id: "a") { name } }',
            '{ node(id: "a") { ... on Money { amount } } }',
        ):
            with self.subTest(document):
                answer = self.ask(document)
                self.refused(lambda text=document: self.ask(text), answer.codes)
                assert set(answer.codes) == {"GRAPHQL_VALIDATION_FAILED"}
                assert "data" not in answer.body

    def test_that_subscribe(self) -> None:
        watch = "subscription { notificationReceived { sequence } }"
        self.refused(lambda: self.ask(watch), "BAD_USER_INPUT")

    def test_that_lack_the_operation(self) -> None:
        two = "query A { __typename } query B { __typename }"
        for operation in (None, "C", ""):
            self.refused(lambda name=operation: self.ask(two, operation=name), "BAD_USER_INPUT")
        assert self.ask(two, operation="B").data == {"__typename": "Query"}

    def test_with_texts_that_no_database_holds(self) -> None:
        for escape in (r"\u0000", r"\u{0}", r"a\u{000000}b"):
            with self.subTest(escape):
                document = REGISTER % ("battery horse", escape)
                self.refused(lambda text=document: self.ask(text), "BAD_USER_INPUT")
                reading = f'{{ product(slug: "{escape}") {{ name }} }}'
                self.refused(lambda text=reading: self.ask(text), "BAD_USER_INPUT")
        for escape in (r"\ud800", r"\u{110000}", r"\x"):
            document = REGISTER % ("battery horse", escape)
            self.refused(lambda text=document: self.ask(text), "GRAPHQL_PARSE_FAILED")


class TestVariables(ShopTestCase):
    def test_of_a_wrong_type(self) -> None:
        for name, variables in (
            ("ProductPage", {}),
            ("ProductPage", {"slug": None}),
            ("ProductPage", {"slug": 1}),
            ("ProductPage", {"slug": ["mug"]}),
            ("NodeById", {"id": 1.5}),
            ("NodeById", {"id": {}}),
            ("NodeById", {"id": True}),
            ("Browse", {"first": "24"}),
            ("Browse", {"first": 2.5}),
            ("Browse", {"first": 2**31}),
            ("Browse", {"first": 10**400}),
            ("Browse", {"first": True}),
            ("Browse", {"first": [1]}),
            ("Browse", {"after": 1}),
            ("Browse", {"search": {}}),
            ("Browse", {"search": "x" * 1_001}),
            ("Browse", {"search": "x " * 400_000}),
            ("Browse", {"sort": "CHEAPEST"}),
            ("Browse", {"sort": "price_asc"}),
            ("Browse", {"filter": []}),
            ("Browse", {"filter": "mug"}),
            ("Browse", {"filter": {"colour": "red"}}),
            ("Browse", {"filter": {"inStock": "yes"}}),
            ("Browse", {"filter": {"inStock": 1}}),
            ("Browse", {"filter": {"vendor": [None]}}),
            ("Browse", {"filter": {"vendor": [1]}}),
            ("Browse", {"filter": {"ids": [1.5]}}),
            ("Browse", {"filter": {"options": [{"name": "Size"}]}}),
            ("Browse", {"filter": {"options": [{"values": []}]}}),
            ("Browse", {"filter": {"options": "Size:Small"}}),
            ("Browse", {"filter": {"price": "10"}}),
            ("Browse", {"filter": {"price": {"min": "cheap"}}}),
            ("Browse", {"filter": {"price": {"min": ""}}}),
            ("Browse", {"filter": {"price": {"min": "NaN"}}}),
            ("Browse", {"filter": {"price": {"min": "sNaN"}}}),
            ("Browse", {"filter": {"price": {"max": "-Infinity"}}}),
            ("Browse", {"filter": {"price": {"max": "1e400"}}}),
            ("Browse", {"filter": {"price": {"max": "1e-400"}}}),
            ("Browse", {"filter": {"price": {"max": "9" * 31}}}),
            ("Browse", {"filter": {"price": {"min": "1e20"}}}),
            ("Browse", {"filter": {"price": {"max": 10**400}}}),
            ("Browse", {"filter": {"price": {"max": True}}}),
            ("Browse", {"filter": {"price": {"max": ["1"]}}}),
            ("Browse", {"filter": {"createdAfter": "yesterday"}}),
            ("Browse", {"filter": {"createdAfter": ""}}),
            ("Browse", {"filter": {"createdAfter": 0}}),
            ("Browse", {"filter": {"createdAfter": "2026-13-01T00:00:00Z"}}),
            ("Browse", {"filter": {"createdAfter": "2026-02-30T00:00:00Z"}}),
            ("Browse", {"filter": {"createdAfter": "99999-01-01T00:00:00Z"}}),
        ):
            with self.subTest(f"{name} {str(variables)[:80]}"):
                self.refused(
                    lambda name=name, variables=variables: self.ask(OPERATIONS[name], variables),
                    "BAD_USER_INPUT",
                )

    def test_that_are_odd_but_fine(self) -> None:
        for variables, expected in (
            ({"unknown": 1}, 3),
            ({"first": 24.0}, 3),
            ({"search": "\N{SKULL}"}, 0),
            ({"search": "'\"; DROP TABLE x; -- % _ \\ & | ! ( :* <->"}, 0),
            ({"search": "x " * 500}, 0),
            ({"search": "x" * 1_000}, 0),
            ({"search": " \t\n"}, 3),
            ({"filter": {"vendor": ["", "Potters"]}}, None),
            ({"filter": {"vendor": ["Potters' \N{SKULL}"]}}, 0),
            ({"filter": {"category": ""}}, None),
            ({"filter": {"category": "no-such-thing"}}, 0),
            ({"filter": {"category": "no-such-thing", "includeDescendants": True}}, 0),
            ({"filter": {"includeDescendants": True}}, 3),
            ({"filter": {"collection": "no-such-thing"}}, 0),
            ({"filter": {"options": []}}, 3),
            ({"filter": {"options": [{"name": "Size", "values": []}]}}, 3),
            ({"filter": {"options": [{"name": "", "values": ["Small"]}]}}, None),
            ({"filter": {"price": {}}}, 3),
            ({"filter": {"price": {"min": None, "max": None}}}, 3),
            ({"filter": {"price": {"min": -1, "max": 1.5}}}, 0),
            ({"filter": {"price": {"min": "50", "max": "10"}}}, 0),
            ({"filter": {"price": {"min": "1e15"}}}, 0),
            ({"filter": {"price": {"min": "0.000000001"}}}, 3),
            ({"filter": {"ids": []}}, 3),
            ({"filter": {"ids": ["garbage", "", encode_id("Product", 2**62)]}}, 0),
            ({"filter": {"ids": [1]}}, 0),
            ({"filter": {"createdAfter": "2026-01-01T00:00:00"}}, 3),
            ({"filter": {"createdAfter": "0001-01-01T00:00:00Z"}}, 3),
            ({"filter": {"createdAfter": "0001-01-01T00:00:00+14:00"}}, None),
            ({"filter": {"createdAfter": "0001-01-01T00:00:00"}}, 3),
            ({"filter": {"createdAfter": "9999-12-31T23:59:59.999999Z"}}, 0),
            ({"filter": {"createdAfter": "9999-12-31T23:59:59-14:00"}}, None),
        ):
            with self.subTest(str(variables)[:80]):
                answer = self.ask(BROWSE, variables)
                assert answer.status == 200
                if expected is None:  # Either is right: an error of the client's, or no match.
                    assert set(answer.codes) <= {"BAD_USER_INPUT"}
                else:
                    assert answer.data["products"]["totalCount"] == expected

    def test_an_id_of_another_type_finds_nothing(self) -> None:
        mug = product_id("mug")
        key = base64.b64decode(mug).decode().partition(":")[2]
        foreign = encode_id("Category", key)
        answer = self.ask(BROWSE, {"filter": {"ids": [foreign]}})
        assert answer.data["products"]["totalCount"] == 0

    def test_of_unknown_things_give_null_without_an_error(self) -> None:
        for name, variables in (
            ("ProductPage", {"slug": "no-such-thing"}),
            ("NodeById", {"id": "no-such-thing"}),
            ("Cart", {"token": "no-such-thing"}),
            ("Cart", {"token": ""}),
            ("Cart", {"token": 1}),
            ("OrderByToken", {"token": "no-such-thing"}),
            ("OrderByNumber", {"number": "no-such-thing"}),
            ("Job", {"id": "no-such-thing"}),
        ):
            with self.subTest(name):
                (value,) = self.refused(
                    lambda name=name, variables=variables: self.ask(OPERATIONS[name], variables),
                    [],
                ).data.values()
                assert value is None


class TestFilters(ShopTestCase):
    def test_of_staff_with_invalid_values(self) -> None:
        bearer = token_of(make_user(role="admin"))
        for name, given in (
            ("StaffOrders", {"status": ["LOST"]}),
            ("StaffOrders", {"status": ["confirmed"]}),
            ("StaffOrders", {"status": [None]}),
            ("StaffOrders", {"placedAfter": "soon"}),
            ("StaffOrders", {"email": 1}),
            ("Jobs", {"status": ["LOST"]}),
            ("Jobs", {"kind": [1]}),
        ):
            with self.subTest(f"{name} {given}"):
                self.refused(
                    lambda name=name, given=given: self.send(name, bearer=bearer, filter=given),
                    "BAD_USER_INPUT",
                )

    def test_of_staff_with_odd_values_find_nothing(self) -> None:
        bearer = token_of(make_user(role="admin"))
        buy(self)
        for given in (
            {"email": "%"},
            {"email": "x" * 10_000},
            {"search": "\\"},
            {"search": "_"},
            {"search": "\N{SKULL}"},
            {"placedAfter": "9999-12-31T23:59:59Z"},
            {"placedBefore": "0001-01-01T00:00:00Z"},
        ):
            with self.subTest(str(given)[:60]):
                orders = self.send("StaffOrders", bearer=bearer, filter=given).data["orders"]
                assert orders["totalCount"] == 0

    def test_that_are_refused_name_their_field(self) -> None:
        answer = self.ask(BROWSE, {"filter": {"category": "x" * 251}})
        (extensions,) = answer.errors
        assert extensions["code"] == "BAD_USER_INPUT"
        assert list(extensions["fields"]) == ["category"]
