"""Connections: every order, forwards and backwards, gives each row once."""

from __future__ import annotations

import base64

import pytest

from schema.catalog.sorts import PRODUCT_SORTS
from schema.compiler.cursor import decode_cursor

PAGE = """
query Page($first: Int, $after: String, $last: Int, $before: String, $sort: ProductSort,
           $search: String) {
  products(first: $first, after: $after, last: $last, before: $before, sort: $sort,
           search: $search) {
    totalCount
    edges { cursor node { slug priceRange { min { amount } } averageRating name } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


def walk(ask, *, backward: bool = False, size: int = 7, **variables) -> list[str]:
    """All slugs, page by page, in the order of the list."""
    slugs: list[str] = []
    cursor = None
    while True:
        page = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        connection = ask(PAGE, {**page, **variables})["products"]
        found = [edge["node"]["slug"] for edge in connection["edges"]]
        slugs = found + slugs if backward else slugs + found
        info = connection["pageInfo"]
        assert info["startCursor"] == connection["edges"][0]["cursor"]
        assert info["endCursor"] == connection["edges"][-1]["cursor"]
        assert info["hasPreviousPage" if not backward else "hasNextPage"] is (cursor is not None)
        if not info["hasPreviousPage" if backward else "hasNextPage"]:
            return slugs
        cursor = info["startCursor" if backward else "endCursor"]


@pytest.mark.parametrize("sort", PRODUCT_SORTS)
class TestEveryOrder:
    def test_gives_each_row_once_forwards_and_backwards(self, ask, shelf, sort):
        search = "thing" if sort == "RELEVANCE" else None
        forward = walk(ask, sort=sort, search=search)
        assert sorted(forward) == sorted(product.slug for product in shelf)
        assert walk(ask, sort=sort, search=search, backward=True) == forward
        assert walk(ask, sort=sort, search=search, size=1) == forward
        assert walk(ask, sort=sort, search=search, size=30) == forward

    def test_refuses_the_cursor_of_another_order(self, ask, shelf, sort):
        other = "NAME_ASC" if sort != "NAME_ASC" else "NAME_DESC"
        page = ask(PAGE, {"first": 1, "sort": other})["products"]
        answer = ask(
            PAGE,
            {
                "first": 1,
                "after": page["pageInfo"]["endCursor"],
                "sort": sort,
                "search": "thing" if sort == "RELEVANCE" else None,
            },
        )
        assert answer["errors"][0]["extensions"]["code"] == "INVALID_CURSOR"
        assert answer["errors"][0]["path"] == ["products"]


class TestOrders:
    def test_price_runs_from_the_cheapest_to_the_dearest(self, ask, shelf):
        edges = ask(PAGE, {"first": 100, "sort": "PRICE_ASC"})["products"]["edges"]
        prices = [
            float((e["node"]["priceRange"] or {"min": {"amount": 0}})["min"]["amount"])
            for e in edges
        ]
        assert prices == sorted(prices)

    def test_what_has_no_price_is_the_cheapest_in_both_directions(self, ask, shelf):
        rising = ask(PAGE, {"first": 100, "sort": "PRICE_ASC"})["products"]["edges"]
        falling = ask(PAGE, {"first": 100, "sort": "PRICE_DESC"})["products"]["edges"]
        slugs = [edge["node"]["slug"] for edge in rising]
        assert slugs[:2] == ["p-4", "p-9"]
        assert [edge["node"]["slug"] for edge in falling] == slugs[::-1]

    def test_rating_puts_the_best_first_and_the_unrated_last(self, ask, shelf):
        edges = ask(PAGE, {"first": 100, "sort": "RATING"})["products"]["edges"]
        ratings = [edge["node"]["averageRating"] or 0 for edge in edges]
        assert ratings == sorted(ratings, reverse=True)
        assert ratings[0] > 0

    def test_a_row_inserted_before_the_cursor_does_not_shift_the_next_page(self, ask, shelf):
        from tests.catalog.factories import make_product

        first = ask(PAGE, {"first": 5})["products"]
        make_product(slug="latest")
        following = ask(PAGE, {"first": 5, "after": first["pageInfo"]["endCursor"]})["products"]
        slugs = [edge["node"]["slug"] for edge in following["edges"]]
        assert slugs == [product.slug for product in reversed(shelf)][5:10]


class TestCursors:
    def test_any_changed_character_is_an_error(self, ask, shelf):
        cursor = ask(PAGE, {"first": 3})["products"]["pageInfo"]["endCursor"]
        for at in range(0, len(cursor), 5):
            changed = "A" if cursor[at] != "A" else "B"
            damaged = cursor[:at] + changed + cursor[at + 1 :]
            answer = ask(PAGE, {"first": 3, "after": damaged})
            assert answer["errors"][0]["extensions"]["code"] == "INVALID_CURSOR", at

    @pytest.mark.parametrize("cursor", ["", "x", "====", "é", "bnVsbA==", "W10="])
    def test_what_is_no_cursor_is_an_error(self, ask, shelf, cursor):
        answer = ask(PAGE, {"first": 3, "after": cursor})
        assert answer["errors"][0]["extensions"]["code"] == "INVALID_CURSOR"
        assert answer["data"] is None

    def test_is_looked_at_even_where_only_a_count_is_asked_for(self, ask, shelf):
        answer = ask('{ products(after: "x") { totalCount } }')
        assert answer["errors"][0]["extensions"]["code"] == "INVALID_CURSOR"

    def test_one_made_up_without_the_key_is_refused(self):
        forged = base64.b64encode(b'0123456789["ProductConnection:products:NEWEST", "a", "1"]')
        with pytest.raises(ValueError, match="damaged"):
            decode_cursor(forged.decode(), "ProductConnection:products:NEWEST", ("text", "bigint"))


class TestSizes:
    def test_first_0_gives_counts_only(self, ask, shelf):
        connection = ask(PAGE, {"first": 0})["products"]
        assert connection["totalCount"] == 30
        assert connection["edges"] == []
        assert connection["pageInfo"]["hasNextPage"] is True

    def test_a_page_of_nothing_has_no_cursors(self, ask):
        connection = ask(PAGE, {"first": 5})["products"]
        assert connection == {
            "totalCount": 0,
            "edges": [],
            "pageInfo": {
                "hasNextPage": False,
                "hasPreviousPage": False,
                "startCursor": None,
                "endCursor": None,
            },
        }

    def test_an_empty_page_with_rows_behind_it_has_no_cursors(self, ask, shelf):
        info = ask(PAGE, {"first": 0})["products"]["pageInfo"]
        assert (info["startCursor"], info["endCursor"]) == (None, None)
        info = ask(PAGE, {"last": 0})["products"]["pageInfo"]
        assert (info["startCursor"], info["endCursor"]) == (None, None)

    @pytest.mark.parametrize(
        "selected", ["hasPreviousPage", "__typename", "hasNextPage @include(if: false)"]
    )
    def test_what_needs_no_row_is_told_once(self, ask, shelf, selected):
        info = ask(f"{{ products(first: 2) {{ pageInfo {{ {selected} }} }} }}")["products"]
        assert info["pageInfo"] in ({"hasPreviousPage": False}, {"__typename": "PageInfo"}, {})

    def test_what_precedes_a_page_is_known_without_its_rows(self, ask, shelf):
        cursor = ask(PAGE, {"first": 3})["products"]["pageInfo"]["endCursor"]
        document = """query Q($cursor: String) {
          behind: products(after: $cursor) { pageInfo { hasPreviousPage } }
          ahead: products(last: 2, before: $cursor) { pageInfo { hasNextPage } }
        }"""
        assert ask(document, {"cursor": cursor}) == {
            "behind": {"pageInfo": {"hasPreviousPage": True}},
            "ahead": {"pageInfo": {"hasNextPage": True}},
        }

    @pytest.mark.parametrize(
        ("page", "code"),
        [
            ({"first": -1}, "BAD_USER_INPUT"),
            ({"last": -1}, "BAD_USER_INPUT"),
            ({"first": 101}, "LIMIT_EXCEEDED"),
            ({"last": 101}, "LIMIT_EXCEEDED"),
            ({"first": 1, "last": 1}, "BAD_USER_INPUT"),
        ],
    )
    def test_impossible_pages_are_refused(self, ask, page, code):
        assert ask(PAGE, page)["errors"][0]["extensions"]["code"] == code

    def test_without_a_size_a_page_is_twenty(self, ask, shelf):
        assert len(ask(PAGE)["products"]["edges"]) == 20
