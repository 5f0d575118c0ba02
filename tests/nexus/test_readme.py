"""What the README shows is what a fresh shop answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

from django.test import TestCase
from django.urls import resolve

from catalog.sample import load_sample_catalogue

README = (Path(__file__).parents[2] / "README.md").read_text()


class TestReadme(TestCase):
    def test_its_first_query_has_the_answer_that_stands_there(self) -> None:
        load_sample_catalogue(report=lambda text: None)
        (body,) = re.findall(r"-d '(\{\"query\":.*?\})'\n```", README, re.DOTALL)
        (answer,) = re.findall(r"```json\n(.*?)\n```", README, re.DOTALL)
        response = self.client.post(
            "/graphql", json.loads(body, strict=False), content_type="application/json"
        )
        assert response.content.decode() == answer

    def test_its_rest_routes_are_there(self) -> None:
        key = "00000000-0000-4000-8000-000000000000"
        shown = re.findall("(GET|POST|PATCH|DELETE) (/api/[^`? ]*)", README)
        assert len(shown) > 20
        for method, path in shown:
            for number in ("1", key):
                view = resolve(re.sub("ID|NUMBER|TOKEN", number, path)).func
                known = getattr(view, "actions", None) or vars(view.view_class)
                if method.lower() in known:
                    break
            else:
                raise AssertionError(f"{method} {path}")

    def test_its_rest_calls_are_answered(self) -> None:
        load_sample_catalogue(report=lambda text: None)
        (listing,) = re.findall("curl 'http://127.0.0.1:8000(/api/products/.*?)'", README)
        products = self.client.get(listing).json()["results"]
        assert [set(product) for product in products] == [{"name", "min_price"}] * 2
        (cart,) = re.findall("/api/carts/ .*?-d '(.*?)'", README, re.DOTALL)
        made = self.client.post("/api/carts/", cart, content_type="application/json")
        assert (made.status_code, made.json()["lines"][0]["quantity"]) == (201, 2)
