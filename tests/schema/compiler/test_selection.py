"""What an operation selects is what it gets, in its order and under its names."""

from __future__ import annotations

import json

import pytest

from schema import execution
from schema.compiler.ids import encode_id
from schema.execution import GraphQLRequest, execute
from users.viewer import ANONYMOUS


def text_of(document: str, variables=None) -> str:
    """The response as it is sent, white space between JSON's signs aside."""
    body = execute(GraphQLRequest(document, None, variables), viewer=ANONYMOUS).body
    return json.dumps(json.loads(body)["data"], separators=(",", ":"))


class TestSelections:
    def test_keys_keep_the_order_of_the_document(self, shelf):
        assert (
            text_of('{ product(slug: "p-1") { vendor name slug __typename isPublished } }')
            == '{"product":{"vendor":"South","name":"Thing 1","slug":"p-1",'
            '"__typename":"Product","isPublished":true}}'
        )

    def test_aliases_name_the_same_field_twice(self, ask, shelf):
        answer = ask(
            """{
              one: product(slug: "p-1") { title: name }
              two: product(slug: "p-2") { title: name }
              few: products(first: 1, sort: NAME_ASC) { nodes { slug } }
              many: products(first: 2, sort: NAME_ASC) { totalCount nodes { slug } }
            }"""
        )
        assert answer == {
            "one": {"title": "Thing 1"},
            "two": {"title": "Thing 2"},
            "few": {"nodes": [{"slug": "p-0"}]},
            "many": {"totalCount": 30, "nodes": [{"slug": "p-0"}, {"slug": "p-7"}]},
        }

    def test_fragments_merge_into_one_object(self, ask, shelf):
        answer = ask(
            """
            { product(slug: "p-1") { ...A category { slug } ... on Product { name } ...B } }
            fragment A on Product { slug category { name } }
            fragment B on Node { id }
            """
        )
        assert answer == {
            "product": {
                "slug": "p-1",
                "category": {"name": "Clothes", "slug": "clothes"},
                "name": "Thing 1",
                "id": encode_id("Product", shelf[1].pk),
            }
        }

    @pytest.mark.parametrize("shown", [True, False])
    def test_directives_follow_their_variables(self, ask, shelf, shown):
        document = """query($shown: Boolean!) {
          product(slug: "p-1") {
            slug name @include(if: $shown) vendor @skip(if: $shown)
            category { name @skip(if: $shown) slug }
          }
        }"""
        product = ask(document, {"shown": shown})["product"]
        assert list(product) == ["slug", "name" if shown else "vendor", "category"]
        assert list(product["category"]) == (["slug"] if shown else ["name", "slug"])

    def test_an_object_may_have_more_than_fifty_members(self, ask, shelf):
        fields = " ".join(f"n{number}: slug" for number in range(29))
        rest = " ".join(f"m{number}: name" for number in range(29))
        # Aliases are limited to 30 a document, so the wide object is built from below.
        from django.db import connection as database

        from schema.compiler.json import build_object

        pairs = [f"'k{number}', {number}" for number in range(120)]
        with database.cursor() as cursor:
            cursor.execute(f"SELECT {build_object(pairs)}::text")
            wide = json.loads(cursor.fetchone()[0])
        assert wide == {f"k{number}": number for number in range(120)}
        assert list(wide) == [f"k{number}" for number in range(120)]
        assert len(ask(f'{{ product(slug: "p-1") {{ {fields} }} }}')["product"]) == 29
        assert len(ask(f'{{ product(slug: "p-1") {{ {rest} }} }}')["product"]) == 29

    def test_edges_nodes_and_typenames_live_side_by_side(self, ask, shelf):
        answer = ask(
            """{ products(first: 1, sort: NAME_ASC) {
              __typename
              edges { __typename node { __typename slug } }
              again: edges { place: cursor }
              nodes { name }
              pageInfo { __typename more: hasNextPage }
            } }"""
        )["products"]
        place = answer["again"][0].pop("place")
        assert isinstance(place, str)
        assert answer == {
            "__typename": "ProductConnection",
            "edges": [
                {
                    "__typename": "ProductEdge",
                    "node": {"__typename": "Product", "slug": "p-0"},
                }
            ],
            "again": [{}],
            "nodes": [{"name": "Thing 0"}],
            "pageInfo": {"__typename": "PageInfo", "more": True},
        }

    def test_nested_lists_take_their_own_arguments(self, ask, shelf):
        answer = ask(
            """{ product(slug: "p-3") {
              reviews(first: 1) { totalCount nodes { rating } pageInfo { hasNextPage } }
              all: reviews { nodes { rating } }
              none: media(first: 0) { url }
              media(first: 5) { url }
            } }"""
        )["product"]
        assert answer["reviews"] == {
            "totalCount": 3,
            "nodes": [{"rating": 4}],
            "pageInfo": {"hasNextPage": True},
        }
        assert len(answer["all"]["nodes"]) == 3
        assert answer["none"] == []
        assert answer["media"] == [{"url": "https://example.com/3.jpg"}]

    def test_a_cursor_of_one_parents_list_serves_that_list(self, ask, shelf):
        document = """query($after: String) { product(slug: "p-3") {
          reviews(first: 2, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } }
        } }"""
        first = ask(document)["product"]["reviews"]
        second = ask(document, {"after": first["pageInfo"]["endCursor"]})["product"]["reviews"]
        ids = [node["id"] for node in first["nodes"] + second["nodes"]]
        assert len(set(ids)) == 3
        assert second["pageInfo"]["hasNextPage"] is False


class TestNode:
    def test_answers_any_type_by_its_id(self, ask, shelf):
        document = """query($id: ID!) { node(id: $id) {
          __typename id ... on Product { slug } ... on Variant { sku } ... on Category { slug }
        } }"""
        variant = shelf[1].variants.order_by("pk").first()
        for type_name, key, more in [
            ("Product", shelf[1].pk, {"slug": "p-1"}),
            ("Variant", variant.pk, {"sku": variant.sku}),
            ("Category", shelf[1].category_id, {"slug": "clothes"}),
        ]:
            global_id = encode_id(type_name, key)
            expected = {"__typename": type_name, "id": global_id, **more}
            assert ask(document, {"id": global_id})["node"] == expected

    @pytest.mark.parametrize(
        "global_id",
        [
            "",
            "x",
            "UHJvZHVjdDo=",
            encode_id("Product", "1e5"),
            encode_id("Product", 10**30),
            encode_id("Nothing", 1),
            encode_id("Query", 1),
            encode_id("CartCreatePayload", 1),
            encode_id("Product", 2**62),
            encode_id("Job", "not-a-uuid"),
            "\u00e9",
        ],
    )
    def test_an_id_that_names_nothing_gives_null(self, ask, global_id):
        document = "query($id: ID!) { node(id: $id) { id } }"
        assert ask(document, {"id": global_id}) == {"node": None}

    @pytest.mark.parametrize(
        "type_name", ["CartLine", "FulfillmentLine", "Payment", "ProductOption", "OrderEvent"]
    )
    def test_the_id_of_what_is_no_node_gives_null(self, ask, type_name):
        global_id = encode_id(type_name, 1)
        document = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }"
        assert ask(document, {"id": global_id}) == {"node": None, "nodes": [None]}


class TestNodes:
    DOCUMENT = """query($ids: [ID!]!) { nodes(ids: $ids) {
      __typename id ... on Product { name } ... on Variant { sku }
    } }"""

    def test_answers_rows_of_several_types_in_the_order_of_the_ids(self, ask, shelf):
        variant = shelf[2].variants.order_by("pk").first()
        ids = [
            encode_id("Variant", variant.pk),
            encode_id("Product", shelf[5].pk),
            "nonsense",
            encode_id("Product", shelf[1].pk),
            encode_id("Product", 2**62),
            encode_id("Product", shelf[5].pk),
        ]
        found = ask(self.DOCUMENT, {"ids": ids})["nodes"]
        assert [node and node["id"] for node in found] == [*ids[:2], None, ids[3], None, ids[5]]
        assert found[0]["sku"] == variant.sku
        assert found[1]["name"] == "Thing 5"

    def test_one_plan_serves_all_lists_of_the_same_types(self, ask, shelf):
        ask(self.DOCUMENT, {"ids": [encode_id("Product", shelf[1].pk)]})
        made = len(execution.plans)
        many = [encode_id("Product", product.pk) for product in shelf]
        assert len(ask(self.DOCUMENT, {"ids": many})["nodes"]) == 30
        assert len(execution.plans) == made

    def test_a_hidden_row_is_as_an_unknown_one(self, ask, shelf):
        shelf[3].is_published = False
        shelf[3].save()
        hidden = encode_id("Product", shelf[3].pk)
        assert ask(self.DOCUMENT, {"ids": [hidden]}) == {"nodes": [None]}

    def test_no_ids_give_no_rows_and_too_many_are_refused(self, ask):
        assert ask(self.DOCUMENT, {"ids": []}) == {"nodes": []}
        assert ask(self.DOCUMENT, {"ids": ["x"]}) == {"nodes": [None]}
        ask(self.DOCUMENT, {"ids": [encode_id("Product", 1)]})
        answer = ask(self.DOCUMENT, {"ids": [encode_id("Product", 1)] * 101})
        assert answer["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


class TestResolvedFields:
    def test_are_filled_in_wherever_they_stand_and_the_rest_stays(self, ask, shelf):
        shelf[1].description = "<p>Warm &amp; soft.</p><p>Knitted in the north of the country.</p>"
        shelf[1].save()
        answer = ask(
            """query($few: Int!) {
              product(slug: "p-1") {
                name short: summary(length: $few) summary variants { product { summary } }
              }
              products(filter: {ids: []}, first: 2, sort: NAME_ASC) {
                edges { node { slug summary } } nodes { summary(length: 4) }
              }
              missing: product(slug: "none") { summary }
            }""",
            {"few": 14},
        )
        assert answer["product"]["short"] == "Warm & soft…"
        full = "Warm & soft. Knitted in the north of the country."
        assert answer["product"]["summary"] == full
        assert answer["product"]["variants"] == [{"product": {"summary": full}}] * 2
        assert answer["products"]["edges"][0] == {"node": {"slug": "p-0", "summary": "cool silk"}}
        assert answer["products"]["nodes"] == [{"summary": "coo…"}, {"summary": "war…"}]
        assert answer["missing"] is None

    def test_leave_what_other_types_have_under_the_same_keys(self, ask, shelf):
        product, category = shelf[0], shelf[1].category
        document = """query($ids: [ID!]!) { nodes(ids: $ids) {
          ... on Product { text: summary }
          ... on Variant { up: product { text: summary } }
          ... on Category { text: name }
          ... on Review { id }
        } }"""
        ids = [
            encode_id("Category", category.pk),
            encode_id("Product", product.pk),
            encode_id("Variant", product.variants.order_by("pk").first().pk),
            encode_id("Review", shelf[1].reviews.first().pk),
        ]
        assert ask(document, {"ids": ids})["nodes"] == [
            {"text": "Clothes"},
            {"text": "cool silk"},
            {"up": {"text": "cool silk"}},
            {"id": ids[3]},
        ]

    def test_take_a_null_argument_as_none(self, ask, shelf):
        document = 'query($few: Int) { product(slug: "p-0") { summary(length: $few) } }'
        assert ask(document, {"few": None}) == {"product": {"summary": "cool silk"}}

    def test_cost_no_further_statement(self, ask, shelf, django_assert_num_queries):
        document = "{ products(first: 100) { nodes { slug summary } } }"
        ask(document)
        with django_assert_num_queries(1):
            assert len(ask(document)["products"]["nodes"]) == 30


class TestSelectedOptions:
    def test_leave_out_an_option_that_the_variant_has_no_value_for(self, ask, shelf):
        for position, name in enumerate(("Size", "Color")):
            shelf[1].options.create(name=name, values=["S", "L"], position=position)
        document = '{ product(slug: "p-1") { variants { selectedOptions { name value } } } }'
        assert ask(document)["product"]["variants"] == [
            {"selectedOptions": [{"name": "Size", "value": "S"}]},
            {"selectedOptions": [{"name": "Size", "value": "L"}]},
        ]
