"""Questions about the schema, beside others."""

from __future__ import annotations

import pytest


@pytest.mark.compiler
class TestIntrospection:
    def test_stands_beside_fields_whose_variables_are_no_texts(self, ask, shelf):
        document = """query Q($sort: ProductSort, $filter: ProductFilter, $type: String!) {
          __type(name: $type) { name }
          products(sort: $sort, filter: $filter, first: 1) { nodes { slug } }
        }"""
        variables = {"sort": "NAME_ASC", "filter": {"ids": []}, "type": "Product"}
        answer = ask(document, variables)
        assert answer["__type"] == {"name": "Product"}
        assert answer["products"]["nodes"] == [{"slug": "p-0"}]

    def test_answers_each_request_for_itself(self, ask):
        document = "query Q($type: String!) { __type(name: $type) { name } }"
        for name in ("Product", "Order"):
            assert ask(document, {"type": name}) == {"__type": {"name": name}}
        assert ask(document, {"type": "Nothing"}) == {"__type": None}
