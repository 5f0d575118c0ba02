"""What a query string says about an answer: which page, in which order, which fields.

Cursors are GraphQL's own: the ``endCursor`` and ``startCursor`` of the same list in the same order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django_filters import FilterSet
from django_filters.utils import translate_validation
from rest_framework import serializers
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from nexus.api.reading import Query, Rows
from nexus.api.selection import UnknownField, selection_of
from schema.compiler.filters import Cleaned
from users.validation import MOST_UNKNOWN, validated_by

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100
FIELDS = "Only these fields, such as `id,variants.price`; all where nothing is said."


class PageQuery(serializers.Serializer):
    """What a query string may say about the page."""

    page_size = serializers.IntegerField(
        min_value=1, max_value=MAX_PAGE_SIZE, default=DEFAULT_PAGE_SIZE, help_text="How many."
    )
    after = serializers.CharField(
        required=False, max_length=2_000, help_text="A cursor: the page behind it; see `next`."
    )
    before = serializers.CharField(
        required=False, max_length=2_000, help_text="A cursor: the page before it; see `previous`."
    )
    count = serializers.BooleanField(
        default=False, help_text="Whether to count the rows of all pages together."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One direction at a time."""
        if "after" in attrs and "before" in attrs:
            raise serializers.ValidationError({"before": ["Give `after` or `before`, not both."]})
        return attrs


class SearchQuery(PageQuery):
    """The same where rows can be searched for."""

    search = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=settings.GRAPHQL_LIMITS["max_search_characters"],
        help_text="Words to look for; what matches them best comes first.",
    )


_PAGE, _SEARCH = PageQuery(), SearchQuery()


class Pages(BasePagination):
    """Pages of lists that the read compiler reads.

    A view says in ``orderings`` which names ``?ordering=`` takes, the default first, and what
    GraphQL calls them.
    """

    def query(self, request: Request, view: Any) -> Query:
        """The page that the query string asks for.

        Raises:
            ValidationError: a parameter makes no sense.
        """
        params = request.query_params
        _refuse_unknown(params, view)
        given = validated_by(_query_of(view), params.dict())
        arguments: dict[str, Any] = {
            name: given[name] for name in ("after", "before", "search") if name in given
        }
        arguments["last" if "before" in given else "first"] = given["page_size"]
        if view.orderings:
            arguments["sort"] = _sort(view.orderings, params.get("ordering"))
        filterset = getattr(view, "filterset_class", None)
        if filterset is not None and not params.keys().isdisjoint(filterset.base_filters):
            arguments["filter"] = _cleaned(filterset, params)
        return Query(arguments, view.selection, given["count"])

    def answer(self, request: Request, rows: Rows) -> bytes:
        """The page with links to its neighbours, the rows as PostgreSQL wrote them."""
        address = request.build_absolute_uri()
        head = {
            "next": rows.after and _moved(address, "after", rows.after, without="before"),
            "previous": rows.before and _moved(address, "before", rows.before, without="after"),
            **({} if rows.count is None else {"count": rows.count}),
        }
        return json.dumps(head).encode()[:-1] + b', "results": ' + rows.results + b"}"

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The answer for the documentation."""
        link = {"type": ["string", "null"], "format": "uri"}
        count = {"type": "integer", "description": "Of all pages together, where asked for."}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "count": count, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The query's parameters for the documentation."""
        size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE}
        schemas: dict[str, dict[str, Any]] = {
            "page_size": {**size, "default": DEFAULT_PAGE_SIZE},
            "count": {"type": "boolean", "default": False},
        }
        fields = _query_of(view).fields
        texts = {name: str(field.help_text) for name, field in fields.items()}
        if view.orderings:
            schemas["ordering"] = {"type": "string", "enum": list(view.orderings)}
            default = next(iter(view.orderings))
            texts["ordering"] = f"In which order; {default} where nothing is said."
        texts["fields"] = FIELDS
        return [
            {
                "name": name,
                "in": "query",
                "description": text,
                "schema": schemas.get(name, {"type": "string"}),
            }
            for name, text in texts.items()
        ]


def shown_in(request: Request, serializer: type[serializers.Serializer]) -> str:
    """The selection that ``?fields=`` asks for.

    Raises:
        ValidationError: there is no such field.
    """
    try:
        return selection_of(serializer, request.query_params.get("fields", ""))
    except UnknownField as error:
        message = f"There is no field {error} to show."
        raise serializers.ValidationError({"fields": [message]}) from None


def _refuse_unknown(params: QueryDict, view: Any) -> None:
    """A name that means nothing would list what the client did not want."""
    filters = getattr(getattr(view, "filterset_class", None), "base_filters", {})
    ordering = ["ordering"] if view.orderings else []
    known = [*_query_of(view).fields, *ordering, "fields", *filters]
    if unknown := [name for name in params if name not in known]:
        message = f"There is no such parameter; there are {', '.join(known)}."
        raise serializers.ValidationError({name: [message] for name in unknown[:MOST_UNKNOWN]})


def _query_of(view: Any) -> PageQuery:
    return _SEARCH if view.resource.connection.searched else _PAGE


def _sort(orderings: Mapping[str, str], name: str | None) -> str:
    """What GraphQL calls the wanted order."""
    name = name or next(iter(orderings))
    if name not in orderings:
        message = f"Choose one of: {', '.join(orderings)}."
        raise serializers.ValidationError({"ordering": [message]})
    return orderings[name]


def _cleaned(filterset: type[FilterSet], params: QueryDict) -> Cleaned:
    form = filterset(data=params).form
    if not form.is_valid():
        raise translate_validation(form.errors)
    return Cleaned(form.cleaned_data)


def _moved(address: str, name: str, cursor: str, *, without: str) -> str:
    return replace_query_param(remove_query_param(address, without), name, cursor)
