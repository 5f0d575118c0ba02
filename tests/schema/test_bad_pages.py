"""Pages that can't be: their size, their cursor, their ids."""

from __future__ import annotations

import base64
import json
from typing import Any

from schema.compiler.ids import encode_id
from tests.schema.shop import (
    OPERATIONS,
    SKULL,
    ShopTestCase,
    buy,
    contents,
    make_user,
    product_id,
    token_of,
)

BROWSE = OPERATIONS["Browse"]


class TestManyIds(ShopTestCase):
    QUERY = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    def test_that_name_nothing_are_null_each(self) -> None:
        mug = product_id("mug")
        ids = ["", "garbage", mug, product_id("lamp"), SKULL, encode_id("Product", 2**70), mug]
        shown = self.ask(self.QUERY, {"ids": ids}).data["nodes"]
        assert shown == [None, None, {"id": mug}, None, None, None, {"id": mug}]

    def test_that_are_no_list_of_ids(self) -> None:
        for ids in (None, [None], [1.5], {}, [[]]):
            self.refused(lambda ids=ids: self.ask(self.QUERY, {"ids": ids}), "BAD_USER_INPUT")

    def test_that_are_too_many(self) -> None:
        assert self.ask(self.QUERY, {"ids": ["x"] * 100}).data["nodes"] == [None] * 100
        for count in (101, 251):
            ids = ["x"] * count
            self.refused(lambda ids=ids: self.ask(self.QUERY, {"ids": ids}), "LIMIT_EXCEEDED")


class TestPageSizes(ShopTestCase):
    def test_out_of_bounds(self) -> None:
        for arguments, code in (
            ("first: -1", "BAD_USER_INPUT"),
            ("last: -1", "BAD_USER_INPUT"),
            ("first: -2147483648", "BAD_USER_INPUT"),
            ("first: 1, last: 1", "BAD_USER_INPUT"),
            ("first: 101", "LIMIT_EXCEEDED"),
            ("last: 101", "LIMIT_EXCEEDED"),
            ("first: 2147483647", "LIMIT_EXCEEDED"),
        ):
            with self.subTest(arguments):
                document = f"{{ products({arguments}) {{ nodes {{ name }} }} }}"
                answer = self.refused(lambda text=document: self.ask(text), code)
                assert answer.body["errors"][0]["path"] == ["products"]

    def test_out_of_bounds_deeper_in(self) -> None:
        for inner, code in (
            ("media(first: -1) { url }", "BAD_USER_INPUT"),
            ("media(first: 101) { url }", "LIMIT_EXCEEDED"),
            ("reviews(first: 101) { totalCount }", "LIMIT_EXCEEDED"),
            ("reviews(last: -1) { nodes { title } }", "BAD_USER_INPUT"),
        ):
            with self.subTest(inner):
                document = f"{{ products {{ edges {{ node {{ {inner} }} }} }} }}"
                answer = self.refused(lambda text=document: self.ask(text), code)
                path = answer.body["errors"][0]["path"]
                assert path == ["products", "edges", "node", inner.partition("(")[0]]

    def test_out_of_bounds_in_a_variable_whatever_came_before(self) -> None:
        assert len(self.ask(BROWSE, {"first": 2}).data["products"]["edges"]) == 2
        assert len(self.ask(BROWSE, {"first": 100}).data["products"]["edges"]) == 3
        for first, code in (
            (-1, "BAD_USER_INPUT"),
            (-500, "BAD_USER_INPUT"),
            (101, "LIMIT_EXCEEDED"),
            (500, "LIMIT_EXCEEDED"),
            (-501, "BAD_USER_INPUT"),
        ):
            self.refused(lambda first=first: self.ask(BROWSE, {"first": first}), code)

    def test_where_the_client_leaves_it_open(self) -> None:
        assert len(self.ask(BROWSE, {"first": None}).data["products"]["edges"]) == 3


class TestCursors(ShopTestCase):
    def cursor(self, **variables: Any) -> str:
        return self.ask(BROWSE, variables).data["products"]["pageInfo"]["startCursor"]

    def refused_cursor(self, cursor: str, **variables: Any) -> None:
        answer = self.refused(
            lambda: self.ask(BROWSE, {**variables, "after": cursor}), "INVALID_CURSOR"
        )
        (error,) = answer.body["errors"]
        assert error["path"] == ["products"]
        assert error["extensions"] == {"code": "INVALID_CURSOR", "argument": "after"}

    def test_of_another_list(self) -> None:
        categories = "{ categories { edges { cursor } } }"
        edges = self.ask(categories).data["categories"]["edges"]
        self.refused_cursor(edges[0]["cursor"])
        self.refused_cursor(edges[0]["cursor"], sort="NAME_ASC")

    def test_of_another_order(self) -> None:
        self.refused_cursor(self.cursor(sort="NAME_ASC"), sort="NAME_DESC")
        self.refused_cursor(self.cursor(sort="PRICE_ASC"), sort="RATING")
        self.refused_cursor(self.cursor(), search="shirt")

    def test_that_were_tampered_with(self) -> None:
        cursor = self.cursor()
        before = contents()
        for at in range(len(cursor)):
            for other in {"A", "b", "/"} - {cursor[at]}:
                forged = cursor[:at] + other + cursor[at + 1 :]
                assert self.ask(BROWSE, {"after": forged}).codes == ["INVALID_CURSOR"], forged
        assert contents() == before

    def test_that_decode_to_the_same_but_are_not(self) -> None:
        for sort in ("NAME_ASC", "PRICE_ASC", "NEWEST"):
            cursor = self.cursor(sort=sort)
            for forged in (f"{cursor}=", f"{cursor}\n", f" {cursor}", f"{cursor}A", cursor[:-1]):
                self.refused_cursor(forged, sort=sort)

    def test_that_were_made_up(self) -> None:
        place = ["ProductConnection:products:NEWEST", "2026-01-01", "1"]
        for cursor in (
            "",
            "garbage",
            "\N{SKULL}",
            "1",
            base64.b64encode(json.dumps(place).encode()).decode(),
            base64.b64encode(b"0123456789" + json.dumps(place).encode()).decode(),
            base64.b64encode(b"arrayconnection:1").decode(),
            base64.b64encode(b"\xff" * 40).decode(),
            "A" * 100_000,
        ):
            with self.subTest(cursor[:40]):
                self.refused_cursor(cursor)

    def test_in_a_list_inside_another(self) -> None:
        inner = """query ($after: String) {
          product(slug: "ocean-blue-shirt") { reviews(after: $after) { nodes { title } } }
        }"""
        answer = self.refused(lambda: self.ask(inner, {"after": self.cursor()}), "INVALID_CURSOR")
        assert answer.body["errors"][0]["path"] == ["product", "reviews"]

    def test_of_one_customer_open_nothing_of_anothers(self) -> None:
        mine, hers = token_of(make_user()), token_of(make_user("bea@example.com"))
        buy(self, bearer=hers)
        query = """query ($after: String, $before: String) {
          viewer { orders(after: $after, before: $before) { edges { cursor node { number } } } }
        }"""
        (edge,) = self.ask(query, bearer=hers).data["viewer"]["orders"]["edges"]
        for variables in ({"after": edge["cursor"]}, {"before": edge["cursor"]}):
            assert self.ask(query, variables, bearer=mine).data["viewer"]["orders"]["edges"] == []
