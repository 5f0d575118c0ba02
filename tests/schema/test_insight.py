"""What staff see of a request in development."""

from __future__ import annotations

import json
from typing import Any

from django.test import TestCase, override_settings
from django.utils import timezone

from catalog.services.categories import create_category
from tests.schema.shop import PASSWORD
from users.models import User
from users.services.sessions import log_in

QUERY = '{ category(slug: "chairs") { name } }'
MOVE = """
mutation {
  addressCreate(input: { name: "Ada", street: "High Street 1", city: "Leeds", country: "GB" }) {
    address { city }
    userErrors { code }
  }
}
"""


class TestInsight(TestCase):
    def setUp(self) -> None:
        create_category(name="Chairs", slug="chairs")

    def extensions(self, document: str, *, is_staff: bool) -> dict[str, Any]:
        user = User.objects.create_user("ada@example.com", PASSWORD, is_superuser=is_staff)
        tokens = log_in(email=user.email, password=PASSWORD, address=None, now=timezone.now())
        response = self.client.post(
            "/graphql",
            {"query": document},
            "application/json",
            headers={"authorization": f"Bearer {tokens.token}"},
        )
        return json.loads(response.content).get("extensions", {})

    @override_settings(DEBUG=True)
    def test_staff_see_the_sql_of_a_query_and_what_it_cost(self) -> None:
        extensions = self.extensions(QUERY, is_staff=True)
        seen = extensions["nexus"]
        assert list(seen) == ["sql", "statements", "ms", "cost"]
        assert len(seen["sql"]) == 1
        assert seen["sql"][0].startswith("SELECT ")
        assert '"catalog_category"' in seen["sql"][0]
        assert seen["statements"] == 2  # who asks, and what is asked
        assert 0 < seen["ms"] < 10_000
        assert seen["cost"] == extensions["cost"] == 1

    @override_settings(DEBUG=True)
    def test_the_statements_of_a_mutation_count_its_transaction(self) -> None:
        seen = self.extensions(MOVE, is_staff=True)["nexus"]
        assert len(seen["sql"]) == 1  # the payload
        # Who asks, BEGIN or SAVEPOINT, the change, its end, and the payload at least.
        assert seen["statements"] >= 5

    @override_settings(DEBUG=True)
    def test_customers_see_nothing_of_it(self) -> None:
        assert "nexus" not in self.extensions(QUERY, is_staff=False)

    def test_nobody_sees_it_in_production(self) -> None:
        assert "nexus" not in self.extensions(QUERY, is_staff=True)
