"""Golden SQL: what each named operation compiles to, so that a change of it shows in review.

``UPDATE_GOLDEN=1 make test ARGS="-k golden"`` writes the files anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path

import pytest
from graphql import parse, print_ast

from schema.compiler.cursor import cursor_of
from schema.compiler.json import text_literal
from schema.compiler.readable import readable
from schema.compiler.run import run
from schema.compiler.slots import Bindings
from schema.compiler.statement import Plan, select
from schema.execution import GraphQLRequest, plan_of
from schema.pool import Pool
from tests.schema.compiler.binding import checked_parameters
from users.roles import ROLES
from users.viewer import ANONYMOUS, Viewer

GOLDEN = Path(__file__).parent / "golden"
TEXT = (GOLDEN / "operations.graphql").read_text()
OPERATIONS = {node.name.value: print_ast(node) for node in parse(TEXT).definitions}
NOTES = {name: note for note, name in re.findall(r"^# (.*)\nquery (\w+)", TEXT, re.MULTILINE)}


def viewer_and_variables(name: str):
    role, _, variables = NOTES.get(name, "").partition("{")
    variables = json.loads("{" + variables) if variables else {}
    if "after" in variables:
        variables["after"] = cursor(*variables["after"])
    match role.strip():
        case "":
            return ANONYMOUS, variables
        case "customer":
            return Viewer(user_id=7), variables
        case role:
            return Viewer(user_id=8, permissions=ROLES[role]), variables


def cursor(tag: str, *keys: str) -> str:
    """A cursor of a list and order, as the shop signs it."""
    sql, slots = select([cursor_of(tag, [text_literal(key) for key in keys])])
    return run(Plan(sql=sql, slots=slots), Bindings({}, ANONYMOUS))[0]


@pytest.mark.parametrize("name", OPERATIONS)
def test_golden(name):
    viewer, variables = viewer_and_variables(name)
    plan, _ = plan_of(GraphQLRequest(OPERATIONS[name], None, variables), viewer=viewer)
    lines = [f"-- cost {plan.cost}", *(f"-- ${n} {s.cast}" for n, s in enumerate(plan.slots, 1))]
    text = "\n".join([*lines, readable(plan.sql)])
    path = GOLDEN / f"{name}.sql"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert path.read_text() == text


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_event_loop_reads_it_as_a_thread_does(name):
    viewer, variables = viewer_and_variables(name)
    plan, bindings = plan_of(GraphQLRequest(OPERATIONS[name], None, variables), viewer=viewer)
    values = checked_parameters(plan, bindings)
    row = asyncio.run(Pool(connections=1, waiting=0).fetch(plan.sql, values))
    assert row is not None
    assert list(row) == run(plan, bindings)


def test_there_are_thirty_and_no_file_is_left_over():
    assert len(OPERATIONS) >= 30
    assert {path.stem for path in GOLDEN.glob("*.sql")} == set(OPERATIONS)
