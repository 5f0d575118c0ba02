"""What the README shows is what a fresh shop answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

from django.test import TestCase

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
