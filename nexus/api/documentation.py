"""What drf-spectacular can't see for itself."""

from __future__ import annotations

from typing import Any

from django import forms
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from drf_spectacular.utils import OpenApiParameter

from catalog.filters import OptionsFilter, TrueOrFalseFilter
from nexus.api.headers import IF_NONE_MATCH
from nexus.api.pagination import FIELDS
from nexus.api.resources import RowViewSet
from tasks.filters import ListFilter
from users.viewer import ANONYMOUS

_TEXT = {"type": "string"}
_FIELDS = OpenApiParameter("fields", description=FIELDS)


class Operation(AutoSchema):
    """One operation's part of the document."""

    def get_auth(self) -> list[dict[str, Any]]:
        """How to say who asks; that nobody says so is a way as well, where guests may call."""
        permissions: Any = self.view.get_permissions()
        for_guests = all(each.allows(ANONYMOUS) for each in permissions)
        return [*super().get_auth(), *([{}] if for_guests else [])]

    def get_override_parameters(self) -> list[Any]:
        """What any answer with an ETag can be asked with."""
        parameters = list(super().get_override_parameters())
        if self.method == "GET" and isinstance(self.view, RowViewSet):
            parameters.append(IF_NONE_MATCH)
            if not self._is_list_view():
                parameters.append(_FIELDS)
        return parameters


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
