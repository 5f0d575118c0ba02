"""Plans: what they share between requests and what they must not."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from catalog.filters import ProductFilterSet
from catalog.models import Collection, Product
from schema import execution
from schema.compiler.ids import encode_id
from tests.catalog.factories import make_product
from users.viewer import ANONYMOUS, Viewer

LIST = """
query List($filter: ProductFilter, $search: String) {
  products(first: 100, filter: $filter, search: $search, sort: NAME_ASC) { nodes { slug } }
}
"""


def slugs(answer) -> set[str]:
    return {node["slug"] for node in answer["products"]["nodes"]}


def by_orm(data) -> set[str]:
    filterset = ProductFilterSet(data=data, queryset=Product.objects.visible_to(ANONYMOUS))
    assert filterset.is_valid(), filterset.errors
    return set(filterset.qs.values_list("slug", flat=True))


# Each filter with two values: the plan is made with the first and run with the second.
FILTERS = [
    ({"vendor": ["North"]}, {"vendor": ["South", "North"]}, None),
    ({"vendor": ["Nobody's"]}, {"vendor": ["South"]}, None),
    ({"tags": ["new"]}, {"tags": ["sale", "%", "'"]}, None),
    (
        {"price": {"min": "1.00", "max": "2.00"}},
        {"price": {"min": "2.50", "max": "4.50"}},
        {"price_min": Decimal("2.50"), "price_max": Decimal("4.50")},
    ),
    ({"price": {"min": "9999"}}, {"price": {"min": "3"}}, {"price_min": Decimal(3)}),
    ({"category": "nothing"}, {"category": "clothes"}, None),
    (
        {"category": "nothing", "includeDescendants": True},
        {"category": "clothes", "includeDescendants": True},
        {"category": "clothes", "include_descendants": True},
    ),
    ({"collection": "winter"}, {"collection": "summer"}, None),
    (
        {"options": [{"name": "Size", "values": ["XL"]}]},
        {"options": [{"name": "Size", "values": ["S", "L"]}]},
        None,
    ),
    (
        {"options": [{"name": "Size", "values": ["S"]}], "inStock": True, "price": {"max": "9"}},
        {"options": [{"name": "Size", "values": ["L"]}], "inStock": True, "price": {"max": "3"}},
        {
            "options": [{"name": "Size", "values": ["L"]}],
            "in_stock": True,
            "price_max": Decimal(3),
        },
    ),
    (
        {"createdAfter": "2031-01-01T00:00:00Z"},
        {"createdAfter": "2001-01-01T00:00:00Z"},
        {"created_after": datetime(2001, 1, 1, tzinfo=UTC)},
    ),
    ({"inStock": True}, {"inStock": False}, {"in_stock": False}),
    ({"isPublished": False}, {"isPublished": True}, {"is_published": True}),
]


class TestFilters:
    @pytest.mark.parametrize(("planned", "run", "data"), FILTERS, ids=lambda each: str(each)[:40])
    def test_a_plan_made_for_one_value_answers_for_another(self, ask, shelf, planned, run, data):
        summer = Collection.objects.create(name="Summer", slug="summer")
        summer.products.set(shelf[:8])
        expected = by_orm(run if data is None else data)
        assert expected, "the filter finds something"
        ask(LIST, {"filter": planned})
        assert slugs(ask(LIST, {"filter": run})) == expected

    def test_ids_are_global_and_unknown_ones_find_nothing(self, ask, shelf):
        known = [encode_id("Product", shelf[3].pk), encode_id("Product", shelf[5].pk)]
        assert slugs(ask(LIST, {"filter": {"ids": ["nonsense"]}})) == set()
        assert slugs(ask(LIST, {"filter": {"ids": [*known, "nonsense"]}})) == {"p-3", "p-5"}

    def test_two_values_of_a_kind_share_one_plan(self, ask, shelf):
        ask(LIST, {"filter": {"vendor": ["North"]}})
        made = len(execution.plans)
        ask(LIST, {"filter": {"vendor": ["South", "East"]}})
        assert len(execution.plans) == made

    def test_blank_values_narrow_nothing_whatever_was_planned_before(self, ask, shelf):
        assert len(slugs(ask(LIST, {"filter": {"category": "clothes"}}))) == 24
        assert len(slugs(ask(LIST, {"filter": {"category": "   "}}))) == 30
        assert len(slugs(ask(LIST, {"filter": {"category": ""}}))) == 30
        assert len(slugs(ask(LIST, {"filter": {"vendor": []}}))) == 30

    def test_a_search_binds_its_term(self, ask, shelf):
        assert len(slugs(ask(LIST, {"search": "wool"}))) == 15
        assert len(slugs(ask(LIST, {"search": "silk"}))) == 15
        assert slugs(ask(LIST, {"search": "' | :* \\ %"})) == set()

    def test_values_in_the_document_are_as_good_as_variables(self, ask, shelf):
        document = '{ products(first: 50, filter: {vendor: ["South"]}) { nodes { slug } } }'
        assert slugs(ask(document)) == by_orm({"vendor": ["South"]})


class TestViewers:
    def test_a_plan_of_staff_is_never_run_for_customers(self, ask):
        make_product(slug="secret", is_published=False)
        staff = Viewer(user_id=1, permissions=frozenset({"catalog.change_product"}))
        assert slugs(ask(LIST, viewer=staff)) == {"secret"}
        assert slugs(ask(LIST)) == set()
        assert slugs(ask(LIST, viewer=Viewer(user_id=1))) == set()

    def test_a_plan_of_one_customer_is_run_with_the_other_ones_id(self, ask, django_user_model):
        document = "{ viewer { email } }"
        for name in ("ada", "bob"):
            user = django_user_model.objects.create(email=f"{name}@example.com")
            viewer = Viewer(user_id=user.pk)
            assert ask(document, viewer=viewer) == {"viewer": {"email": user.email}}
        assert len(execution.plans) == 1


class TestCache:
    def test_forgets_the_plan_used_least_recently(self):
        from schema.compiler.plans import Recent
        from schema.compiler.statement import Plan

        plans = Recent(size=2)
        kept, used, third = Plan(), Plan(), Plan()
        plans.put("kept", kept)
        plans.put("used", used)
        assert plans.get("kept") is kept
        plans.put("third", third)
        assert plans.get("used") is None
        assert plans.get("kept") is kept
        assert plans.get("third") is third

    def test_page_sizes_and_texts_do_not_multiply_plans_without_bound(self, ask, shelf):
        document = "query($s: String!) { product(slug: $s) { name } }"
        for number in range(20):
            ask(document, {"s": f"p-{number}"})
        assert len(execution.plans) == 1
