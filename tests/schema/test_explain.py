"""``manage.py explain``."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Category
from catalog.services.categories import create_category
from commerce.models import Cart
from users.models import User

CATEGORY = "query One($slug: String!) { category(slug: $slug) { name } }"
VIEWER = "{ viewer { email } jobs { totalCount } }"
MUTATION = """
mutation { cartCreate(input: { lines: [] }) { cart { version } userErrors { code } } }
"""


@pytest.fixture
def explain(db, tmp_path: Path) -> Any:
    def run(document: str, **options: Any) -> str:
        path, output = tmp_path / "document.graphql", StringIO()
        path.write_text(document)
        call_command("explain", str(path), **{"stdout": output} | options)
        return output.getvalue()

    return run


def test_shows_the_sql_its_values_and_the_plan(explain):
    create_category(name="Chairs", slug="chairs")
    text = explain(CATEGORY, variables='{"slug": "chairs"}')
    assert text.startswith("-- query: cost 1\n-- $1 text: 'chairs'\nSELECT (\n")
    assert 'FROM "catalog_category"' in text
    assert "cost=" in text
    assert "actual" not in text


def test_ends_quietly_where_nobody_reads_on(explain):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as output:
        explain(CATEGORY, variables='{"slug": "chairs"}', stdout=output)


def test_can_run_it_for_true_times(explain):
    text = explain(CATEGORY, variables='{"slug": "chairs"}', analyze=True)
    assert "actual" in text
    assert "Execution Time" in text


def test_plans_for_an_account(explain):
    User.objects.create_user("ada@example.com")
    text = explain(VIEWER, email="ADA@example.com")
    assert "-- refused:" in text
    assert '"users_user"' in text
    assert '"users_user"' not in explain(VIEWER)


def test_a_mutation_is_planned_but_not_performed(explain):
    assert '"commerce_cart"' in explain(MUTATION, analyze=True)
    assert not Cart.objects.exists()


def test_what_asks_nothing_of_the_database_says_so(explain):
    assert "asks the database nothing" in explain("{ __typename }")


def test_reads_standard_input(explain, capsys):
    with mock.patch("sys.stdin", StringIO("{ __typename }")):
        call_command("explain", "-")
    assert "-- query" in capsys.readouterr().out


def test_changes_nothing(explain):
    before = list(Category.objects.values())
    explain(CATEGORY, variables='{"slug": "chairs"}', analyze=True)
    assert list(Category.objects.values()) == before


@pytest.mark.parametrize(
    ("document", "options", "message"),
    [
        ("{ nothing }", {}, "Cannot query field"),
        ("{", {}, "Syntax Error"),
        (CATEGORY, {}, "slug"),
        (CATEGORY, {"variables": "{"}, "not JSON"),
        (CATEGORY, {"operation": "Other"}, "Other"),
        (VIEWER, {"email": "nobody@example.com"}, "nobody@example.com"),
        ("{ products(first: 1000) { totalCount } }", {}, "at most 100"),
    ],
)
def test_says_what_is_wrong(explain, document, options, message):
    with pytest.raises(CommandError, match=message):
        explain(document, **options)


def test_a_file_that_is_not_there_is_named(db):
    with pytest.raises(CommandError, match="nowhere"):
        call_command("explain", "nowhere.graphql")
