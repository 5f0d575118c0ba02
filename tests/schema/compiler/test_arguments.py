"""Arguments and conditions that a document allows and a request's variables spoil."""

from __future__ import annotations

import pytest


@pytest.mark.compiler
class TestNullWhereADefaultWasMeant:
    """A variable with a default may stand for a non-null argument; an explicit null then fails."""

    @pytest.mark.parametrize(
        "document",
        [
            'query Q($v: String = "p-1") { product(slug: $v) { name } }',
            'query Q($v: ID = "x") { nodes(ids: [$v]) { id } }',
            "query Q($v: Boolean = true) { categories { totalCount @include(if: $v) } }",
            "query Q($v: Boolean = true) { ... @skip(if: $v) { categories { totalCount } } }",
        ],
    )
    def test_is_refused(self, ask, document):
        answer = ask(document, {"v": None})
        assert answer["data"] is None
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]

    def test_leaves_the_default_to_requests_that_give_none(self, ask, shelf):
        document = 'query Q($v: String = "p-1") { product(slug: $v) { slug } }'
        assert ask(document) == {"product": {"slug": "p-1"}}
