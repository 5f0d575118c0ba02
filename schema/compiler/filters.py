"""Filters: a FilterSet validates each request's values and shapes the plan once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from graphene.utils.str_converters import to_camel_case
from graphql import (
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    get_named_type,
    get_nullable_type,
)

from schema.compiler.ids import row_key
from schema.compiler.selection import Selected
from schema.compiler.slots import Bindings, Slot, cast_of
from schema.problems import Problem

if TYPE_CHECKING:
    from schema.compiler.plan import Planner


class Cleaned(dict[str, Any]):
    """A filter whose values its FilterSet has cleaned, as REST does with a query string's."""


class ShapeChanged(Exception):
    """Cleaning made values given that were not, or the reverse: the plan does not fit them."""


def cleaned_filter(
    planner: Planner, filterset: Any, selected: Selected, rows: QuerySet, path: tuple[str, ...]
) -> dict[str, Any]:
    """The cleaned values of the ``filter`` argument, slots in place of those left open.

    A list may have the filters as arguments of its own instead. The FilterSet's form cleans the
    values of every request; the plan is made with the slots.
    """
    definition, node = selected.definition, selected.nodes[0]
    listed = get_named_type(planner.object_type(definition.type).fields["nodes"].type).name

    def flat(arguments: dict[str, Any]) -> dict[str, Any] | None:
        if "filter" in definition.args:
            value = arguments.get("filter")
            if value is None or isinstance(value, Cleaned):
                return value
            return flatten(value, definition.args["filter"].type, listed)
        own = {
            name: _plain(arguments[name], get_nullable_type(definition.args[name].type), listed)
            for name in filterset.base_filters
            if arguments.get(name) is not None
        }
        return own or None

    if flat(planner.arguments(selected)) is None:
        return {}

    def clean(bindings: Bindings) -> dict[str, Any]:
        given = flat(bindings.arguments(definition, node))
        if isinstance(given, Cleaned):
            return given
        form = filterset(data=given, queryset=rows).form
        if not form.is_valid():
            raise invalid_filter(form, path)
        return form.cleaned_data

    sample = clean(planner.bindings)
    shape = shape_of(sample)

    def clean_alike(bindings: Bindings) -> dict[str, Any]:
        cleaned = clean(bindings)
        if shape_of(cleaned) != shape:
            raise ShapeChanged
        return cleaned

    return _slots(sample, planner.derived(clean_alike))


def apply_filter(filterset: Any, cleaned: dict[str, Any], rows: QuerySet) -> QuerySet:
    """``rows`` narrowed by cleaned values, by the FilterSet's own rules."""
    if not cleaned:
        return rows
    narrowed = filterset(data={}, queryset=rows)
    narrowed.form.cleaned_data = cleaned
    return narrowed.filter_queryset(rows)


def flatten(value: Any, type_: GraphQLInputType, listed: str, prefix: str = "") -> dict[str, Any]:
    """A filter input as a FilterSet's flat data: ``{"price": {"min": 1}}`` is ``price_min``.

    Ids are those of ``listed``, the type of the list's rows.
    """
    named: Any = get_named_type(type_)
    flat: dict[str, Any] = {}
    for name, member in named.fields.items():
        key = member.out_name or name
        if key not in value or value[key] is None:
            continue
        inner = get_nullable_type(member.type)
        if isinstance(inner, GraphQLInputObjectType):
            flat |= flatten(value[key], inner, listed, f"{prefix}{key}_")
        else:
            flat[f"{prefix}{key}"] = _plain(value[key], inner, listed)
    return flat


def _plain(value: Any, type_: Any, listed: str) -> Any:
    """Ids as keys, enums as their values, lists item by item."""
    if isinstance(type_, GraphQLList):
        return [_plain(item, get_nullable_type(type_.of_type), listed) for item in value]
    if get_named_type(type_) is GraphQLID:
        return row_key(value, listed)
    return getattr(value, "value", value)


def shape_of(value: Any) -> Any:
    """What of cleaned values decides the plan: which are given, booleans, how many objects."""
    if isinstance(value, dict):
        return tuple((key, shape_of(item)) for key, item in value.items())
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return tuple(shape_of(item) for item in value)
    if value is None or isinstance(value, bool):
        return value
    return cast_of(value), value in ("", [])


def _slots(value: Any, read: Callable[[Bindings], Any]) -> Any:
    """Cleaned values with slots in place of the ones that the plan leaves open."""
    if isinstance(value, dict):
        return {key: _slots(item, _member(read, key)) for key, item in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_slots(item, _member(read, at)) for at, item in enumerate(value)]
    if value is None or isinstance(value, bool) or value in ("", []):
        return value
    return Slot(read, cast_of(value))


def _member(read: Callable[[Bindings], Any], key: Any) -> Callable[[Bindings], Any]:
    return lambda bindings: read(bindings)[key]


def invalid_filter(form: Any, path: tuple[str, ...]) -> Problem:
    """The form's errors, by the input's field names."""
    fields = {
        to_camel_case(name): [str(message) for message in messages]
        for name, messages in form.errors.items()
    }
    name, messages = next(iter(fields.items()))
    return Problem(
        "BAD_USER_INPUT", f"filter.{name}: {messages[0]}", path=list(path), fields=fields
    )
