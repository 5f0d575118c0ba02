"""What Django REST framework's serializers find wrong, as the refusals of our services."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from rest_framework import serializers

from tasks.errors import Rejected

# The API's code for each of Django REST framework's; all others are INVALID.
CODES = {
    "required": "REQUIRED",
    "null": "REQUIRED",
    "blank": "REQUIRED",
    "empty": "REQUIRED",
    "does_not_exist": "NOT_FOUND",
    "unique": "ALREADY_EXISTS",
}


# How many names that nothing has a refusal tells.
MOST_UNKNOWN = 10


def validated(serializer: serializers.BaseSerializer) -> dict[str, Any]:
    """The serializer's cleaned values.

    Raises:
        ValidationError: of a :class:`Rejected` for each error.
    """
    if serializer.is_valid():
        return serializer.validated_data
    raise ValidationError(rejections(serializer.errors))


def validated_body(serializer: serializers.BaseSerializer) -> dict[str, Any]:
    """`validated`, of what a client wrote: a name that nothing has may be one misspelt.

    Fields that are only read may come back: clients send what they got, changed.

    Raises:
        ValidationError: of a :class:`Rejected` for each error.
    """
    refuse_unknown(serializer, serializer.initial_data)
    return validated(serializer)


def refuse_unknown(serializer: serializers.BaseSerializer, given: Any) -> None:
    """Refuse names that a serializer does not have, at any depth.

    Raises:
        ValidationError: ``INVALID`` for each, the first `MOST_UNKNOWN` of them.
    """
    # Each is told at some length, and a body may hold a hundred thousand.
    if unknown := list(islice(_unknown(serializer, given, ()), MOST_UNKNOWN)):
        raise ValidationError(unknown)


def _unknown(field: Any, given: Any, path: tuple[str, ...]) -> Iterator[Rejected]:
    match field, given:
        case serializers.Serializer(), Mapping():
            for name, value in given.items():
                if name in field.fields:
                    yield from _unknown(field.fields[name], value, (*path, _camel_case(name)))
                else:
                    names = ", ".join(
                        name for name, each in field.fields.items() if _is_taken(each)
                    )
                    message = f"There is no such field; there are {names}."
                    yield Rejected("INVALID", message, field=".".join((*path, str(name))))
        case ((serializers.ListSerializer() | serializers.ListField()), list()):
            for index, item in enumerate(given):
                yield from _unknown(field.child, item, (*path, str(index)))


def _is_taken(field: serializers.Field) -> bool:
    return not field.read_only


def validated_by(serializer: serializers.Serializer, given: Mapping[str, Any]) -> dict[str, Any]:
    """The cleaned values of ``given``, by a serializer made once for all requests.

    Making one takes Django REST framework several times as long as using it. Nothing of a request
    stays in it.

    Raises:
        ValidationError: of a :class:`Rejected` for each error.
    """
    try:
        return serializer.run_validation(dict(given))
    except serializers.ValidationError as error:
        raise ValidationError(rejections(error.detail)) from error


def rejections(errors: Any, path: tuple[str, ...] = ()) -> list[Rejected]:
    """A serializer's ``errors`` as a flat list, each with its full path in the API's names."""
    if isinstance(errors, Mapping):
        items = [(() if key == "non_field_errors" else (key,), errors[key]) for key in errors]
    elif isinstance(errors, list) and not all(isinstance(e, str) for e in errors):
        items = [((index,), error) for index, error in enumerate(errors)]
    else:
        details = errors if isinstance(errors, list) else [errors]
        return [
            Rejected(CODES.get(detail.code, "INVALID"), str(detail), field=".".join(path))
            for detail in details
        ]
    return [
        rejection
        for key, error in items
        for rejection in rejections(error, (*path, *(_camel_case(str(part)) for part in key)))
    ]


def _camel_case(name: str) -> str:
    """``compare_at_price`` as the API writes it: ``compareAtPrice``."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)
