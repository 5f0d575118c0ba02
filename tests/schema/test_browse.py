"""Lists of products: filters, orders, pages and facets, as a storefront asks for them."""

from __future__ import annotations

from typing import Any

from catalog.models import Product
from tests.catalog.factories import make_product
from tests.schema.shop import (
    LONG_AGO,
    Answer,
    ShopTestCase,
    money,
    product_id,
)


def slugs(answer: Answer) -> list[str]:
    return [edge["node"]["slug"] for edge in answer.data["products"]["edges"]]


class TestBrowse(ShopTestCase):
    def browse(self, **variables: Any) -> list[str]:
        answer = self.send("Browse", **variables)
        found = slugs(answer)
        assert answer.data["products"]["totalCount"] == len(found)
        return found

    def test_answers_a_page_whole(self) -> None:
        answer = self.send("Browse", sort="NAME_DESC", filter={"category": "shirts"})
        connection = answer.data["products"]
        cursors = [edge["cursor"] for edge in connection["edges"]]
        assert all(cursors)
        self.same(
            answer.data,
            {
                "products": {
                    "totalCount": 2,
                    "edges": [
                        {
                            "cursor": cursors[0],
                            "node": {
                                "id": product_id("wool-shirt"),
                                "slug": "wool-shirt",
                                "name": "Wool Shirt",
                                "priceRange": {"min": money("80.00"), "max": money("80.00")},
                                "availability": "OUT_OF_STOCK",
                                "category": {"name": "Shirts", "slug": "shirts"},
                                "media": [],
                            },
                        },
                        {
                            "cursor": cursors[1],
                            "node": {
                                "id": product_id("ocean-blue-shirt"),
                                "slug": "ocean-blue-shirt",
                                "name": "Ocean Blue Shirt",
                                "priceRange": {"min": money("50.00"), "max": money("55.50")},
                                "availability": "IN_STOCK",
                                "category": {"name": "Shirts", "slug": "shirts"},
                                "media": [{"url": "https://example.com/front.jpg", "alt": "Front"}],
                            },
                        },
                    ],
                    "pageInfo": {
                        "hasNextPage": False,
                        "hasPreviousPage": False,
                        "startCursor": cursors[0],
                        "endCursor": cursors[1],
                    },
                }
            },
        )

    def test_says_what_it_cost(self) -> None:
        assert self.send("Browse", first=2).body["extensions"]["cost"] > 2

    def test_without_variables_has_the_newest_first(self) -> None:
        assert self.browse() == ["mug", "wool-shirt", "ocean-blue-shirt"]

    def test_by_each_variable(self) -> None:
        blue, wool, mug = "ocean-blue-shirt", "wool-shirt", "mug"
        for variables, expected in (
            ({"search": "shirt"}, [wool, blue]),
            ({"search": "OBS-1"}, [blue]),
            ({"search": "nothing like it"}, []),
            ({"search": ""}, [mug, wool, blue]),
            ({"filter": {}}, [mug, wool, blue]),
            ({"filter": None, "sort": None, "after": None, "search": None}, [mug, wool, blue]),
            ({"filter": {"category": "clothing"}}, []),
            ({"filter": {"category": "clothing", "includeDescendants": True}}, [wool, blue]),
            ({"filter": {"category": "home", "includeDescendants": False}}, [mug]),
            ({"filter": {"price": {"min": "55.50"}}}, [wool, blue]),
            ({"filter": {"price": {"max": "50.00"}}}, [mug, blue]),
            ({"filter": {"price": {"min": "50.01", "max": "55.49"}}}, []),
            ({"filter": {"inStock": True}}, [mug, blue]),
            ({"filter": {"inStock": False}}, [wool]),
            ({"filter": {"vendor": ["Potters", "Weavers"]}}, [mug, wool]),
            ({"filter": {"vendor": "Potters"}}, [mug]),
            ({"filter": {"tags": ["wool", "kitchen"]}}, [mug, wool]),
            ({"filter": {"options": [{"name": "Size", "values": ["Medium"]}]}}, [blue]),
            ({"filter": {"options": [{"name": "Size", "values": ["Huge"]}]}}, []),
            ({"filter": {"ids": [product_id(mug), product_id("lamp")]}}, [mug]),
            ({"filter": {"createdAfter": LONG_AGO.isoformat()}}, [mug, wool]),
            ({"filter": {"isPublished": True}}, [mug, wool, blue]),
            ({"filter": {"isPublished": False}}, []),
            ({"filter": {"collection": "summer"}}, [blue]),
            ({"sort": "NEWEST"}, [mug, wool, blue]),
            ({"sort": "NAME_ASC"}, [mug, blue, wool]),
            ({"sort": "NAME_DESC"}, [wool, blue, mug]),
            ({"sort": "PRICE_ASC"}, [mug, blue, wool]),
            ({"sort": "PRICE_DESC"}, [wool, blue, mug]),
            ({"sort": "RATING"}, [blue, mug, wool]),
            ({"sort": "RELEVANCE"}, [mug, wool, blue]),
        ):
            with self.subTest(variables):
                assert self.browse(**variables) == expected

    def test_by_all_variables_together(self) -> None:
        everything = {
            "category": "clothing",
            "includeDescendants": True,
            "price": {"min": "10.00", "max": "99.00"},
            "inStock": True,
            "vendor": ["Partners"],
            "tags": ["men"],
            "options": [{"name": "Size", "values": ["Small", "Medium"]}],
            "ids": [product_id("ocean-blue-shirt")],
            "createdAfter": "2026-01-01T00:00:00Z",
            "isPublished": True,
            "collection": "summer",
        }
        found = self.browse(first=24, search="shirt", filter=everything, sort="PRICE_ASC")
        assert found == ["ocean-blue-shirt"]
        assert self.browse(search="shirt", filter=everything | {"vendor": ["Weavers"]}) == []

    def test_asks_price_stock_and_options_of_one_and_the_same_variant(self) -> None:
        small = {"options": [{"name": "Size", "values": ["Small"]}]}
        assert self.browse(filter=small | {"price": {"min": "55.00"}}) == []
        assert self.browse(filter=small | {"price": {"max": "50.00"}, "inStock": True}) == [
            "ocean-blue-shirt"
        ]

    def test_values_of_one_filter_are_not_answered_to_another(self) -> None:
        for vendor, expected in (("Potters", "mug"), ("Weavers", "wool-shirt")):
            assert self.browse(filter={"vendor": [vendor]}) == [expected]
            assert self.browse(search=expected[:4]) == [expected]

    def test_the_first_none_are_a_count(self) -> None:
        connection = self.send("Browse", first=0).data["products"]
        assert (connection["totalCount"], connection["edges"]) == (3, [])
        assert connection["pageInfo"]["endCursor"] is None


class TestPages(ShopTestCase):
    BACKWARD = """query ($last: Int, $before: String, $sort: ProductSort) {
      products(last: $last, before: $before, sort: $sort) {
        edges { cursor node { slug } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }"""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        for number in range(4):
            # Twins in every order but by id.
            make_product(f"twin-{number}", name="Twin", created_at=LONG_AGO)

    def test_run_forwards_to_the_end_in_every_order(self) -> None:
        for sort in ("NEWEST", "NAME_ASC", "NAME_DESC", "PRICE_ASC", "PRICE_DESC", "RATING"):
            whole = slugs(self.send("Browse", first=100, sort=sort))
            assert len(whole) == 7
            seen: list[str] = []
            after = None
            while True:
                answer = self.send("Browse", first=2, sort=sort, after=after)
                page = answer.data["products"]["pageInfo"]
                assert page["hasPreviousPage"] is (after is not None)
                seen += slugs(answer)
                if not page["hasNextPage"]:
                    break
                after = page["endCursor"]
            assert seen == whole

    def test_run_backwards_to_the_start(self) -> None:
        for sort in ("NEWEST", "NAME_ASC", "PRICE_DESC"):
            whole = slugs(self.send("Browse", first=100, sort=sort))
            seen: list[str] = []
            before = None
            while True:
                answer = self.ask(self.BACKWARD, {"last": 3, "before": before, "sort": sort})
                page = answer.data["products"]["pageInfo"]
                assert page["hasNextPage"] is (before is not None)
                seen = slugs(answer) + seen
                if not page["hasPreviousPage"]:
                    break
                before = page["startCursor"]
            assert seen == whole

    def test_of_a_search_run_forwards_too(self) -> None:
        seen: list[str] = []
        after = None
        for _ in range(4):
            answer = self.send("Browse", first=1, search="twin", after=after)
            seen += slugs(answer)
            after = answer.data["products"]["pageInfo"]["endCursor"]
        assert sorted(seen) == [f"twin-{number}" for number in range(4)]

    def test_a_cursor_outlives_its_row(self) -> None:
        whole = slugs(self.send("Browse", first=100))
        answer = self.send("Browse", first=2)
        Product.objects.filter(slug=whole[1]).delete()
        after = answer.data["products"]["pageInfo"]["endCursor"]
        assert slugs(self.send("Browse", first=2, after=after)) == whole[2:4]

    def test_fit_between_two_cursors(self) -> None:
        edges = self.send("Browse", first=100).data["products"]["edges"]
        query = """query ($after: String, $before: String) {
          products(after: $after, before: $before) { edges { node { slug } } }
        }"""
        answer = self.ask(query, {"after": edges[0]["cursor"], "before": edges[4]["cursor"]})
        assert slugs(answer) == [edge["node"]["slug"] for edge in edges[1:4]]


class TestFacets(ShopTestCase):
    def facets(self, **variables: Any) -> dict[str, dict[str, int]]:
        """Counts by value by facet."""
        facets = self.send("Facets", **variables).data["products"]["facets"]
        return {
            facet["name"]: {value["value"]: value["count"] for value in facet["values"]}
            for facet in facets
        }

    def test_answer_counts_whole(self) -> None:
        self.same(
            self.send("Facets", search="mug").data,
            {
                "products": {
                    "totalCount": 1,
                    "facets": [
                        {
                            "name": name,
                            "label": label,
                            "values": [{"value": value, "label": shown, "count": 1}],
                        }
                        for name, label, value, shown in (
                            ("category", "Category", "home", "Home"),
                            ("vendor", "Vendor", "Potters", "Potters"),
                            ("tags", "Tags", "kitchen", "kitchen"),
                        )
                    ],
                }
            },
        )

    def test_count_what_can_be_found(self) -> None:
        assert self.facets() == {
            "category": {"shirts": 2, "home": 1},
            "vendor": {"Partners": 1, "Potters": 1, "Weavers": 1},
            "tags": {"men": 2, "kitchen": 1, "wool": 1},
            "options.Size": {"Medium": 1, "Small": 1},
        }

    def test_leave_out_their_own_filter_alone(self) -> None:
        everything = self.facets()
        by_vendor = self.facets(filter={"vendor": ["Partners"]})
        assert by_vendor["vendor"] == everything["vendor"]
        assert by_vendor["category"] == {"shirts": 1}
        by_size = self.facets(filter={"options": [{"name": "Size", "values": ["Small"]}]})
        assert by_size["options.Size"] == everything["options.Size"]
        assert by_size["vendor"] == {"Partners": 1}
        by_category = self.facets(filter={"category": "clothing", "includeDescendants": True})
        assert by_category["category"] == everything["category"]
        assert by_category["tags"] == {"men": 2, "wool": 1}

    def test_hold_price_and_option_of_one_variant(self) -> None:
        dear = self.facets(filter={"price": {"min": "55.00"}})
        assert dear["options.Size"] == {"Medium": 1}
