"""What the OpenAPI document says of all operations alike: errors, examples, who may call.

drf-spectacular calls `complete` last; ``nexus.api.documentation`` tells it of single things.
"""

from __future__ import annotations

import re
from typing import Any

from nexus.api.examples import EXAMPLES, PROBLEM
from nexus.api.problems import MEDIA_TYPE

_TEXT = {"type": "string"}
_PROBLEM = {
    "type": "object",
    "description": "What went wrong, as RFC 9457 has it.",
    "examples": [PROBLEM],
    "required": ["type", "title", "status", "detail", "code", "errors"],
    "properties": {
        "type": {**_TEXT, "format": "uri-reference"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": {**_TEXT, "description": "For people: what is wrong and what to do."},
        "code": {**_TEXT, "description": "For programs; GraphQL's codes.", "example": "INVALID"},
        "required": {**_TEXT, "description": "The permission that the caller lacks."},
        "reason": {**_TEXT, "enum": ["TOKEN_EXPIRED", "TOKEN_INVALID"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {
                        "type": ["string", "null"],
                        "description": "A path, dotted; null for the whole request.",
                        "example": "variants.0.price",
                    },
                    "code": _TEXT,
                    "message": _TEXT,
                },
            },
        },
    },
}

_REFUSALS = {
    "400": ("BadRequest", "The request can't be read, or a value in it is wrong."),
    "401": ("Unauthorized", "Nobody is logged in, or the token is not valid any more."),
    "403": ("Forbidden", "The caller's roles don't permit this."),
    "404": ("NotFound", "There is no such row, or none that the caller may see."),
    "409": ("Conflict", "The state of things forbids it; `code` says which."),
    "412": ("PreconditionFailed", "It was changed since the version that `If-Match` names."),
    "415": ("UnsupportedMediaType", "The body is of another type than this takes."),
    "429": ("TooManyRequests", "Too often; try again later."),
    "default": ("Problem", "It was refused or failed."),
}
_TAG = {"ETag": "This very text; for `If-None-Match`, and for `If-Match` where it is taken."}
_HEADERS = {
    "200": _TAG,
    "201": {"Location": "Where it is to be read.", **_TAG},
    "401": {"WWW-Authenticate": "How to say who asks."},
    "429": {"Retry-After": "After how many seconds to try again."},
}
_REFERENCE = re.compile(r"^#/components/schemas/(.+)$")


def complete(result: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The document with errors and examples, and without what nothing refers to."""
    components = result["components"]
    components["schemas"]["Problem"] = _PROBLEM
    components["responses"] = {
        name: _response(status, text) for status, (name, text) in _REFUSALS.items()
    }
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            # Said outright: nothing is needed.
            operation.setdefault("security", [])
            parameters = operation.get("parameters", [])
            for parameter in parameters:
                if parameter["schema"].get("format") == "date-time":
                    # Left empty, as a form sends it, it is left out.
                    parameter["allowEmptyValue"] = True
                    parameter["example"] = "2026-01-01T00:00:00Z"
            responses = operation["responses"]
            if any(each["name"] == "If-None-Match" for each in parameters):
                responses["200"]["headers"] = _headers("200")
                responses["304"] = {"description": "Nothing has changed."}
            if "201" in responses:
                responses["201"]["headers"] = _headers("201")
            for status in _refusals(path, method, operation):
                reference = {"$ref": f"#/components/responses/{_REFUSALS[status][0]}"}
                responses.setdefault(status, reference)
    for name, example in EXAMPLES.items():
        components["schemas"][name]["examples"] = [example]
    _drop_unused(result)
    return result


def _response(status: str, text: str) -> dict[str, Any]:
    """A refusal, with the headers that come along."""
    schema = {"$ref": "#/components/schemas/Problem"}
    response: dict[str, Any] = {"description": text, "content": {MEDIA_TYPE: {"schema": schema}}}
    return {**response, "headers": _headers(status)} if status in _HEADERS else response


def _headers(status: str) -> dict[str, Any]:
    """The headers that come along with a status."""
    return {name: {"schema": _TEXT, "description": what} for name, what in _HEADERS[status].items()}


def _refusals(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    """The statuses that an operation may refuse with."""
    security = operation["security"]
    applies = {
        "401": bool(security),
        "403": bool(security),
        "404": "{" in path,
        "409": method != "get",
        "412": any(each["name"] == "If-Match" for each in operation.get("parameters", [])),
        "415": "requestBody" in operation,
    }
    return [status for status in _REFUSALS if applies.get(status, True)]


def _drop_unused(result: dict[str, Any]) -> None:
    """Leave out schemas that no operation leads to: halves of those split for reading."""
    schemas = result["components"]["schemas"]
    waiting: list[Any] = [result["paths"], result["components"]["responses"]]
    used: set[str] = set()
    while waiting:
        match waiting.pop():
            case {"$ref": str(reference)} if found := _REFERENCE.match(reference):
                if found[1] not in used:
                    used.add(found[1])
                    waiting.append(schemas[found[1]])
            case dict() as members:
                waiting.extend(members.values())
            case list() as items:
                waiting.extend(items)
    for name in schemas.keys() - used:
        del schemas[name]
