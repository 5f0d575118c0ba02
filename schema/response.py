"""The JSON text of a response, put together from what PostgreSQL and Python gave."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from schema.compiler.statement import Plan
from schema.problems import Problem

_JSON = json.JSONEncoder(separators=(",", ":"))


def members_of(plan: Plan, columns: Sequence[bytes | None]) -> dict[str, bytes | None]:
    """The JSON of a plan's pieces by response key: columns and what was known before."""
    return {key: columns[piece] if isinstance(piece, int) else piece for key, piece in plan.pieces}


def object_of(members: dict[str, bytes | None]) -> bytes:
    """The JSON object, PostgreSQL's bytes spliced in as they are."""
    pairs = [
        f'"{key}":'.encode() + (b"null" if value is None else value)
        for key, value in members.items()
    ]
    return b"{" + b",".join(pairs) + b"}"


def body_of(
    data: bytes, problems: list[dict[str, Any]], extensions: dict[str, Any] | None = None
) -> bytes:
    """The whole response: data, and what there is of errors and extensions."""
    body = b'{"data":' + data
    if problems:
        body += b',"errors":' + json.dumps(problems).encode()
    if extensions:
        body += b',"extensions":' + _JSON.encode(extensions).encode()
    return body + b"}"


def extensions_of(cost: int, nexus: dict[str, Any] | None = None) -> dict[str, Any]:
    """The response's extensions: what is not null or zero."""
    extensions = {"cost": cost, "nexus": nexus}
    return {name: value for name, value in extensions.items() if value}


def refusal(problems: Iterable[Problem]) -> bytes:
    """The response to a request that is not executed."""
    return json.dumps({"errors": [problem.formatted() for problem in problems]}).encode()
