"""Fields of serializers: amounts, what null clears, and what lists must not have twice."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import empty

from catalog.money import STORED_DIGITS, refuse_too_fine

MAX_INTEGER = 2**31 - 1
MAX_LIST = 250


class NullClears:
    """A field that null clears: it then has the value ``cleared``."""

    def __init__(self, *, cleared: Any, **options: Any) -> None:
        super().__init__(allow_null=True, **options)  # type: ignore[call-arg]
        self.cleared = cleared

    def run_validation(self, data: Any = empty) -> Any:
        """The cleared value for null; else as ever."""
        if data is None:
            return copy(self.cleared)
        return super().run_validation(data)  # type: ignore[misc]


class Text(NullClears, serializers.CharField):
    """A text."""


class Number(NullClears, serializers.IntegerField):
    """A whole number."""


class Money(serializers.DecimalField):
    """An amount in the shop's currency, not below zero and with no more digits than that has."""

    default_validators = [refuse_too_fine]

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=12, decimal_places=STORED_DIGITS, min_value=0, **options)


class Flag(NullClears, serializers.BooleanField):
    """Yes or no."""

    def get_value(self, dictionary: Any) -> Any:
        """What is said. An empty form says nothing, where the framework would read a no."""
        return dictionary.get(self.field_name, empty)


class Texts(NullClears, serializers.ListField):
    """Short texts, such as slugs."""

    def __init__(self, *, longest: int, **options: Any) -> None:
        child = serializers.CharField(max_length=longest)
        super().__init__(child=child, max_length=MAX_LIST, **options)


class Rows(NullClears, serializers.ListSerializer):
    """Parts of something."""


def refuse_twice(values: Sequence[Any], *, member: str | None = None) -> None:
    """Refuse what a list has twice, each at its place; what is None or blank is nothing.

    Args:
        values: of the list's items, in order.
        member: the name of the items' member that has the value; None: the item itself.

    Raises:
        ValidationError: ``unique``.
    """
    errors: dict[str, Any] = {}
    seen: set[Any] = set()
    for index, value in enumerate(values):
        if value and value in seen:
            errors[str(index)] = [_twice(value)] if member is None else {member: [_twice(value)]}
        seen.add(value)
    if errors:
        raise serializers.ValidationError(errors)


def _twice(value: Any) -> ErrorDetail:
    """That a value is there already."""
    return ErrorDetail(f"{value} is there twice.", "unique")
