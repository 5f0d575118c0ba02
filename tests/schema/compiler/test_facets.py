"""Facets: what each further choice of a filter would leave."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from catalog.models import Category, ProductOption
from tests.catalog.factories import make_product

FACETS = """
query Facets($search: String, $filter: ProductFilter) {
  products(first: 0, search: $search, filter: $filter) {
    totalCount facets { name label values { value label count } }
  }
}
"""


@pytest.fixture
def shirts():
    """Shirts in sizes and colours, at prices by size; some sold out, one without options."""
    category = Category.objects.create(name="Shirts", slug="shirts", path="")
    made = []
    for number in range(8):
        product = make_product(
            slug=f"shirt-{number}",
            vendor=["North", "South"][number % 2],
            tags=["wool", "new"] if number % 3 else ["cotton"],
            category=category if number % 4 else None,
            variants=[
                {
                    "options": {"Size": size, "Colour": colour},
                    "price": price,
                    "stock": (number + len(colour)) % 3,
                }
                for size, price in (("S", "10"), ("M", "20"), ("L", "30"))
                for colour in ("red", "blue")[: 1 + number % 2]
            ],
        )
        ProductOption.objects.create(
            product=product, name="Size", position=0, values=["S", "M", "L"]
        )
        ProductOption.objects.create(
            product=product, name="Colour", position=1, values=["red", "blue"]
        )
        made.append(product)
    made.append(make_product(slug="plain", vendor="", tags=[], variants=[{"price": "20"}]))
    make_product(slug="hidden", vendor="North", is_published=False)
    return made


def matching(product, given, leave_out: str | None):
    """The product's variants that meet the conditions on variants, those on one option aside."""
    price = given.get("price", {})
    for variant in product.variants.select_related("stock"):
        available = variant.stock.on_hand > variant.stock.allocated
        options = [option for option in given.get("options", []) if option["name"] != leave_out]
        if (
            Decimal(price.get("min", 0)) <= variant.price <= Decimal(price.get("max", 999))
            and given.get("inStock") in (None, available)
            and all(variant.options.get(each["name"]) in each["values"] for each in options)
        ):
            yield variant


def passes(product, given, leave_out: str | None = None) -> bool:
    """Whether a product meets the conditions on products, one aside."""
    has = {
        "vendor": {product.vendor},
        "tags": set(product.tags),
        "category": {product.category.slug if product.category else None},
    }
    wanted = {
        "vendor": given.get("vendor"),
        "tags": given.get("tags"),
        "category": [given["category"]] if "category" in given else None,
    }
    return all(
        name == leave_out or values is None or has[name] & set(values)
        for name, values in wanted.items()
    )


def expected(products, given) -> dict[str, dict[str, int]]:
    """The facets, counted one by one."""

    def count(name, values_of) -> Counter:
        left = [
            product
            for product in products
            if passes(product, given, name) and any(matching(product, given, None))
        ]
        return Counter(value for product in left for value in values_of(product))

    facets = {
        "category": count("category", lambda each: [each.category.slug] if each.category else []),
        "vendor": count("vendor", lambda each: [each.vendor] if each.vendor else []),
        "tags": count("tags", lambda each: each.tags),
    }
    for name in ("Colour", "Size"):
        facets[f"options.{name}"] = Counter(
            value
            for product in products
            if passes(product, given)
            for value in {each.options.get(name) for each in matching(product, given, name)}
            if value is not None
        )
    return {name: dict(counts) for name, counts in facets.items() if counts}


FILTERS = [
    {},
    {"vendor": ["North"]},
    {"tags": ["cotton"], "vendor": ["South", "North"]},
    {"category": "shirts"},
    {"options": [{"name": "Size", "values": ["S"]}]},
    {"options": [{"name": "Size", "values": ["S", "M"]}, {"name": "Colour", "values": ["red"]}]},
    {"price": {"min": "15", "max": "25"}, "options": [{"name": "Size", "values": ["M"]}]},
    {"price": {"max": "15"}, "options": [{"name": "Size", "values": ["L"]}]},
    {"inStock": True},
    {"inStock": True, "price": {"min": "25"}, "vendor": ["North"]},
    {"options": [{"name": "Nothing", "values": ["x"]}]},
]


class TestFacets:
    @pytest.mark.parametrize("given", FILTERS, ids=str)
    def test_each_leaves_its_own_filter_out_and_keeps_the_others(self, ask, shirts, given):
        facets = ask(FACETS, {"filter": given})["products"]["facets"]
        found = {
            facet["name"]: {value["value"]: value["count"] for value in facet["values"]}
            for facet in facets
        }
        assert found == expected(shirts, given)

    def test_the_most_frequent_value_comes_first_under_its_label(self, ask, shirts):
        facets = ask(FACETS)["products"]["facets"]
        assert [facet["name"] for facet in facets] == [
            "category",
            "vendor",
            "tags",
            "options.Colour",
            "options.Size",
        ]
        assert facets[0] == {
            "name": "category",
            "label": "Category",
            "values": [{"value": "shirts", "label": "Shirts", "count": 6}],
        }
        assert [value["value"] for value in facets[2]["values"]] == ["new", "wool", "cotton"]
        assert facets[4]["label"] == "Size"

    def test_a_search_narrows_every_facet(self, ask, shirts):
        answer = ask(FACETS, {"search": "plain"})["products"]
        assert answer == {"totalCount": 1, "facets": []}

    def test_aliases_and_typenames_are_answered(self, ask, shirts):
        answer = ask(
            """{ products(first: 0, filter: {vendor: ["North"]}) { facets {
              __typename path: name a: values { n: count } b: values { __typename value }
            } } }"""
        )["products"]["facets"][1]
        assert answer == {
            "__typename": "Facet",
            "path": "vendor",
            "a": [{"n": 4}, {"n": 4}],
            "b": [
                {"__typename": "FacetValue", "value": "North"},
                {"__typename": "FacetValue", "value": "South"},
            ],
        }

    def test_facets_of_staff_count_hidden_products(self, ask, shirts):
        from users.viewer import Viewer

        staff = Viewer(user_id=1, permissions=frozenset({"catalog.change_product"}))
        vendors = ask(FACETS, viewer=staff)["products"]["facets"][1]["values"]
        assert {value["value"]: value["count"] for value in vendors} == {"North": 5, "South": 4}
