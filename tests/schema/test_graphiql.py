from __future__ import annotations

import re
from pathlib import Path

from graphql import parse, validate

from schema.schema import schema

SAMPLES = Path(__file__).resolve().parents[2] / "schema/static/graphiql_page/samples.js"


class TestSamples:
    def test_every_sample_is_a_valid_operation(self) -> None:
        documents = re.findall(r"query: `(.*?)`", SAMPLES.read_text(), re.DOTALL)
        assert len(documents) >= 5
        for document in documents:
            assert validate(schema.graphql_schema, parse(document)) == [], document
