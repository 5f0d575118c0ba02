"""What an operation selects is what it gets, in its order and under its names."""

from __future__ import annotations

import json

import pytest

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
