"""What REST answers, as a GraphQL selection: the fields of a serializer under their own names.

A field stands under the same name in the GraphQL type, in camel case. Where it stands elsewhere,
the serializer's ``reads`` says at which path, in GraphQL's spelling. ``_`` is the member that
stands for its whole object: with ``reads = {"price": "price.amount"}`` the selection says
``price { _: amount }``, and the answer ``"price": "9.90"``.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from graphene.utils.str_converters import to_camel_case
from rest_framework import serializers

# Fields by name, with what of each is wanted; empty: all of it.
Wanted = dict[str, "Wanted"]

SELF = "_"


class UnknownField(Exception):
    """The serializer shows no such field."""


@lru_cache(maxsize=500)
def selection_of(serializer: type[serializers.Serializer], names: str = "") -> str:
    """The GraphQL selection of a serializer's fields, without the braces, in their order.

    Args:
        names: the fields to show, dotted where they stand inside another and divided by commas:
            ``name,variants.price``; all where it is empty.

    Raises:
        UnknownField: with the name that the serializer does not show.
    """
    wanted: Wanted = {}
    for name in names.split(",") if names else ():
        place, shown = wanted, serializer
        for part in name.split("."):
            known = _shown(shown) if shown is not None else {}
            if part not in known:
                raise UnknownField(name)
            place, shown = place.setdefault(part, {}), known[part]
    return _selection(serializer, wanted)


def _selection(serializer: type[serializers.Serializer], wanted: Wanted) -> str:
    reads = getattr(serializer, "reads", {})
    parts = []
    for name, inner in _shown(serializer).items():
        if wanted and name not in wanted:
            continue
        below = "" if inner is None else f" {{ {_selection(inner, wanted.get(name, {}))} }}"
        path = reads.get(name, to_camel_case(name)).split(".")
        parts.append(_aliased(name, path) + below + " }" * (len(path) - 1))
    return " ".join(parts)


@cache
def _shown(serializer: type[serializers.Serializer]) -> dict[str, Any]:
    """The fields that answers show, in order, with the serializer of those that are objects.

    Kept: making a serializer takes a millisecond, and a query string may name thousands of fields.
    """
    shown = {}
    for name, field in serializer().fields.items():
        if not field.write_only:
            inner = getattr(field, "child", field)
            is_object = isinstance(inner, serializers.Serializer)
            shown[name] = type(inner) if is_object else None
    return shown


def _aliased(name: str, path: list[str]) -> str:
    """``price { _: amount``: braces are left open."""
    first = path[0] if path[0] == name else f"{name}: {path[0]}"
    return " { ".join([first, *(f"{SELF}: {part}" for part in path[1:])])
