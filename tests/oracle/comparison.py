"""Both answers to a request, and whether they are the same."""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from graphql import GraphQLError, MiddlewareManager, parse, print_ast
from graphql import execute as execute_plainly

from schema.compiler.document import InvalidDocument, load_document
from schema.execution import GraphQLRequest, execute
from schema.schema import schema
from tests.oracle import (  # noqa: F401 - their resolvers
    accounts,
    actions,
    catalogue,
    imports,
    products,
    sales,
    webhooks,
)
from tests.oracle.fields import Asking, resolve
from tests.oracle.operations import Operation, Request
from tests.oracle.shop import Shop

SCHEMA = schema.graphql_schema
# An object's (key, value) pairs are kept under this name, which tells them from a list.
MEMBERS = "members"
_middleware = MiddlewareManager(resolve)


@dataclass(frozen=True)
class Answer:
    """A response, parsed with its keys in order and its numbers as written.

    Attributes:
        errors: (path, code) of each.
    """

    data: Any
    errors: tuple[tuple[tuple[str | int, ...] | None, str], ...]
    text: str


def answer_of(text: str) -> Answer:
    """A response's JSON text."""
    exact = json.loads(
        text,
        object_pairs_hook=lambda pairs: {MEMBERS: pairs},
        parse_int=_number,
        parse_float=_number,
    )
    errors = [
        (
            None if error.get("path") is None else tuple(error["path"]),
            error.get("extensions", {}).get("code", "BAD_USER_INPUT"),
        )
        for error in json.loads(text).get("errors", [])
    ]
    data = next((value for key, value in exact[MEMBERS] if key == "data"), None)
    return Answer(data, tuple(sorted(errors, key=repr)), text)


def _number(text: str) -> str:
    return f"number {text}"


def compiled(operation: Operation, request: Request) -> Answer:
    """What the compiler answers."""
    asked = GraphQLRequest(operation.document, operation.name, request.variables)
    with transaction.atomic():
        return answer_of(execute(asked, viewer=request.viewer).body.decode())


def expected(shop: Shop, operation: Operation, request: Request) -> Answer:
    """What plain resolvers answer."""
    result: Any = execute_plainly(
        SCHEMA,
        load_document(SCHEMA, operation.document).node,
        variable_values=request.variables,
        operation_name=operation.name,
        context_value=Asking(shop, request.viewer),
        middleware=_middleware,
    )
    for error in result.errors or ():
        # Anything but an error of GraphQL is the oracle's own.
        if not isinstance(error.original_error or error, GraphQLError):
            raise error.original_error
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [error.formatted for error in result.errors]
    return answer_of(json.dumps(body))


def difference(shop: Shop, operation: Operation, request: Request) -> tuple[str | None, bool]:
    """A report of how the answers to a request differ, or None; and whether there is data."""
    try:
        wanted = expected(shop, operation, request)
    except Exception:  # noqa: BLE001 - told with what caused it
        return _report(operation, request, traceback.format_exc(limit=-6), "not asked"), False
    try:
        found = compiled(operation, request)
    except Exception:  # noqa: BLE001 - whatever it is, it is a difference
        return _report(operation, request, wanted.text, traceback.format_exc(limit=-6)), False
    same = (found.data, found.errors) == (wanted.data, wanted.errors)
    if request.misplaces_null and not same:
        # Whether a field may be called at all may be looked at before its arguments or after.
        paths = [[path for path, _ in answer.errors] for answer in (found, wanted)]
        same = found.data == wanted.data and paths[0] == paths[1]
    if same or (found.data is None and _is_refusal(found, operation, request)):
        return None, found.data is not None
    return _report(operation, request, wanted.text, found.text), found.data is not None


def _is_refusal(found: Answer, operation: Operation, request: Request) -> bool:
    """Whether the request asks for what can't be, which is refused before anything is read."""
    if len(found.errors) != 1:
        return False
    ((path, code),) = found.errors
    return (
        (path, code) in operation.refusals
        or (request.misplaces_null and (path, code) == (None, "BAD_USER_INPUT"))
        or '"limit": "max_cost"' in found.text
    )


def _report(operation: Operation, request: Request, wanted: str, found: str) -> str:
    return "\n".join(
        [
            "The answers differ.",
            f"viewer: {request.caller}",
            f"variables: {json.dumps(request.variables, ensure_ascii=False)}",
            f"operation {operation.name or ''}:",
            print_ast(parse(operation.document)),
            f"expected: {wanted}",
            f"compiled: {found}",
        ]
    )


def is_valid(document: str) -> bool:
    """Whether a document keeps the rules of the schema and the limits."""
    try:
        load_document(SCHEMA, document)
    except InvalidDocument:
        return False
    return True
