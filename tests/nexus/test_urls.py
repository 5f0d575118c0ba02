"""The addresses that a browser asks for by itself."""

from __future__ import annotations

import re

from django.test import TestCase

from users.models import User


class TestFirstSteps(TestCase):
    def test_the_root_leads_to_graphiql(self) -> None:
        response = self.client.get("/", headers={"Accept": "text/html"}, follow=True)
        assert response.redirect_chain == [("/graphql", 302)]
        assert "graphiql" in response.content.decode()

    def test_a_browser_is_told_that_there_is_no_icon(self) -> None:
        assert self.client.get("/favicon.ico").status_code == 204

    def test_the_admin_is_named_nexus_and_views_a_page_that_exists(self) -> None:
        self.client.force_login(User.objects.create_superuser("root@example.com", "x"))
        page = self.client.get("/admin/").content.decode()
        assert "| Nexus</title>" in page
        assert "Django administration" not in page
        link = re.search(r'href="([^"]+)">View site', page)
        assert link
        site = self.client.get(link[1], headers={"Accept": "text/html"}, follow=True)
        assert site.status_code == 200
