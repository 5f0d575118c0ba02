"""The compiler's page shows what really becomes of its query."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import get_named_type

from schema import compiler
from schema.compiler.readable import readable
from schema.compiler.selection import Selected, Selection
from schema.compiler.shape import shape_of_variables
from schema.execution import GraphQLRequest, composed, load_document, plan_of
from users.viewer import ANONYMOUS

PAGE = (Path(compiler.__file__).parent / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
QUERY = next(text for language, text in BLOCKS if language == "graphql")
VARIABLES: dict[str, Any] = json.loads(re.search(r"^with `(.*)`", PAGE, re.MULTILINE)[1])


def block(language: str) -> str:
    (text,) = (text for each, text in BLOCKS if each == language)
    return text


def test_the_shape():
    schema, _ = composed()
    document = load_document(schema, QUERY)
    shape = shape_of_variables(schema, document.operation(None), VARIABLES, document.read_variables)
    assert ast.literal_eval(block("python")) == shape


def test_the_selection():
    schema, _ = composed()
    document = load_document(schema, QUERY)
    selection = Selection(schema, document.fragments, VARIABLES)

    def lines(selected: list[Selected], depth: int) -> Iterator[str]:
        for each in selected:
            yield f"{'  ' * depth}{each.key} {each.definition.type}\n"
            type_: Any = get_named_type(each.definition.type)
            if hasattr(type_, "fields"):
                yield from lines(selection.of(type_, each.nodes), depth + 1)

    assert block("") == "".join(lines(selection.root(document.operation(None)), 0))


def test_the_statement_its_values_and_its_cost():
    plan, bindings = plan_of(GraphQLRequest(QUERY, None, VARIABLES), viewer=ANONYMOUS)
    assert block("sql") == readable(plan.sql)
    assert f"executed with `{plan.parameters(bindings)}`" in PAGE
    assert f'{{"cost":{plan.cost}}}' in PAGE
