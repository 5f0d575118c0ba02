"""Pages that neither skip nor repeat rows, and cost the same however deep they are.

A view says how its list can be ordered: ``get_orderings()`` answers expressions by the name that
``?ordering=`` takes, the default first; a dash in front of the name means descending. Rows that
are equal there go by primary key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import F, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from rest_framework import serializers
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100

_signer = signing.Signer(salt="nexus.api.pagination")


class PageQuery(serializers.Serializer):
    """What a query string may say about the page."""

    page_size = serializers.IntegerField(
        min_value=1,
        max_value=MAX_PAGE_SIZE,
        default=DEFAULT_PAGE_SIZE,
        help_text="How many at most.",
    )
    cursor = serializers.CharField(
        required=False, max_length=2_000, help_text="From `next` or `previous` of another page."
    )


class KeysetPagination(BasePagination):
    """Pages by the sort key and primary key of the row where they begin or end."""

    next: str | None = None
    previous: str | None = None

    def paginate_queryset(  # type: ignore[override]  # lists have no keys
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any]:
        """The rows of the page that the query string asks for."""
        query = PageQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        size: int = query.validated_data["page_size"]
        orderings: Mapping[str, Any] = view.get_orderings()
        name = _ordering(orderings, request)
        queryset = queryset.annotate(sort_key=_expression(orderings[name]))
        tag = f"{view.basename}:{name}"
        is_backward, place = False, None
        if "cursor" in query.validated_data:
            is_backward, place = _decode(query.validated_data["cursor"], tag, queryset)
        descending = name.startswith("-") != is_backward
        if place is not None:
            beyond = TupleLessThan if descending else TupleGreaterThan
            queryset = queryset.filter(beyond(Tuple("sort_key", "pk"), place))
        order = [F(key).desc() if descending else F(key).asc() for key in ("sort_key", "pk")]
        rows = list(queryset.order_by(*order)[: size + 1])
        page = rows[:size]
        if is_backward:
            page.reverse()
        has_more = len(rows) > size
        if page and (has_more or is_backward):
            self.next = self._link(request, tag, page[-1], is_backward=False)
        if page and (has_more if is_backward else place is not None):
            self.previous = self._link(request, tag, page[0], is_backward=True)
        return page

    def get_paginated_response(self, data: Any) -> Response:
        """The page with links to its neighbours."""
        return Response({"next": self.next, "previous": self.previous, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The same for the documentation."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The query's parameters for the documentation."""
        size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE}
        schemas: dict[str, dict[str, Any]] = {
            "page_size": {**size, "default": DEFAULT_PAGE_SIZE},
            "cursor": {"type": "string"},
            "ordering": {"type": "string", "enum": list(view.orderings)},
        }
        texts = {name: str(field.help_text) for name, field in PageQuery().fields.items()}
        texts["ordering"] = f"In which order; {next(iter(view.orderings))} where nothing is said."
        return [
            {"name": name, "in": "query", "description": texts[name], "schema": schema}
            for name, schema in schemas.items()
        ]

    def _link(self, request: Request, tag: str, row: Model, *, is_backward: bool) -> str:
        key = row.sort_key  # type: ignore[attr-defined]
        text = key.isoformat() if isinstance(key, datetime) else str(key)
        cursor = _signer.sign_object([tag, is_backward, text, row.pk])
        return replace_query_param(request.build_absolute_uri(), "cursor", cursor)


def _ordering(orderings: Mapping[str, Any], request: Request) -> str:
    """The name of the wanted order."""
    name = request.query_params.get("ordering", next(iter(orderings)))
    if name not in orderings:
        message = f"Choose one of: {', '.join(orderings)}."
        raise serializers.ValidationError({"ordering": [message]})
    return name


def _expression(key: Any) -> Any:
    return F(key) if isinstance(key, str) else key


def _decode(cursor: str, tag: str, queryset: QuerySet[Any]) -> tuple[bool, tuple[Any, Any]]:
    """Whether a cursor leads backwards, and the keys of the row that it stands at."""
    sort_key = queryset.query.annotations["sort_key"].output_field
    try:
        found, is_backward, text, pk = _signer.unsign_object(cursor)
        if found == tag:
            return is_backward, (sort_key.to_python(text), pk)
    except (signing.BadSignature, ValueError, ValidationError):
        pass
    message = "The cursor is damaged or belongs to another list or order."
    raise serializers.ValidationError({"cursor": [message]})
