"""What drf-spectacular can't see for itself."""

from __future__ import annotations

from typing import Any

from django import forms
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object

from catalog.filters import OptionsFilter, TrueOrFalseFilter
from nexus.api.problems import MEDIA_TYPE
from tasks.filters import ListFilter

_TEXT = {"type": "string"}
_PROBLEM = {
    "type": "object",
    "description": "What went wrong, as RFC 9457 has it.",
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


class TokenScheme(OpenApiAuthenticationExtension):
    """``users.rest.TokenAuthentication`` in the documentation."""

    target_class = "users.rest.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """A bearer token."""
        return build_bearer_security_scheme_object("Authorization", "Bearer", "JWT")


class BrowserScheme(SessionScheme):
    """``users.rest.SessionAuthentication`` likewise: a browser's cookie."""

    target_class = "users.rest.SessionAuthentication"
    priority = 1


class FilterScheme(DjangoFilterExtension):
    """Our own kinds of filters, which belong to no column of a model."""

    priority = 1

    def _get_schema_from_model_field(
        self, auto_schema: Any, filter_field: Any, model: Any
    ) -> dict[str, Any]:
        match filter_field:
            case TrueOrFalseFilter():
                return {"type": "boolean"}
            case OptionsFilter():
                pair = {**_TEXT, "pattern": "^[^:]+:.+$", "example": "Size:Small"}
                return {"type": "array", "items": pair}
            case ListFilter():
                item = filter_field.extra.get("item")
                kind = "integer" if isinstance(item, forms.IntegerField) else "string"
                return {"type": "array", "items": {"type": kind}}
        return super()._get_schema_from_model_field(auto_schema, filter_field, model)


def add_problems(result: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Say of every operation how it answers errors."""
    result["components"]["schemas"]["Problem"] = _PROBLEM
    answer = {
        "description": "It was refused or failed.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = answer
    return result
