"""What ``manage.py check`` finds wrong with the schema before a client does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
)

from schema.compiler import mapping as reads
from schema.execution import composed
from schema.mutation import MutationField


@register
def check_schema(**kwargs: Any) -> list[CheckMessage]:
    """Every field can be read, is guarded and is described."""
    schema, mapping = composed()
    found: list[str] = []
    for name, type_ in schema.type_map.items():
        if name.startswith("__"):
            continue
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            found += _undescribed(type_)
        if isinstance(type_, GraphQLObjectType):
            for field_name, definition in type_.fields.items():
                where = f"{name}.{field_name}"
                found += [
                    f"{where} {problem}"
                    for problem in _problems(mapping, name, field_name, definition)
                ]
    return [Error(problem, id="schema.E001") for problem in found]


def _undescribed(type_: Any) -> Iterator[str]:
    if not type_.description:
        yield f"{type_.name} has no description."
    for name, field in type_.fields.items():
        if not field.description:
            yield f"{type_.name}.{name} has no description."
        for argument_name, argument in getattr(field, "args", {}).items():
            if not argument.description:
                yield f"{type_.name}.{name}({argument_name}:) has no description."


def _problems(
    mapping: reads.Mapping, type_name: str, field_name: str, definition: Any
) -> Iterator[str]:
    """What is wrong with a field of an object type."""
    declared = mapping.declared(type_name, field_name)
    read = mapping.read(type_name, field_name)
    if type_name == "Mutation":
        if not isinstance(declared, MutationField):
            yield "is not declared by @mutation."
    elif type_name == "Query":
        if getattr(declared, "permission", None) is None:
            yield "has no permission; declare AllowAny() where everybody may call it."
    elif (model := mapping.models.get(type_name)) is not None:
        if read is None:
            yield "has no mapping; declare it by column(), to_one(), to_many() ..."
        yield from _misread(mapping, model, type_name, field_name, definition)


def _misread(
    mapping: reads.Mapping, model: Any, type_name: str, field_name: str, definition: Any
) -> Iterator[str]:
    """What is wrong with how a field of a row is read."""
    read = mapping.read(type_name, field_name)
    required = isinstance(definition.type, GraphQLNonNull)
    match read:
        case reads.Column(source) if source is None or isinstance(source, str):
            path = source or mapping.python_name(type_name, field_name)
            if required and _nullable(model, path):
                yield f"is non-null but {path} may be null."
        case reads.ToOne(relation, part):
            end: Any = model._meta.get_field(relation)
            if required and (not part or getattr(end, "null", True)):
                yield "is non-null but the row may be missing or hidden."
            yield from _guard(end.related_model, part)
        case reads.ToMany(relation, _, part) | reads.Connected(relation, part=part):
            if relation is not None:
                yield from _guard(model._meta.get_field(relation).related_model, part)
        case reads.Embedded(sources):
            wanted: Any = get_named_type(definition.type)
            names = {mapping.python_name(wanted.name, name) for name in wanted.fields}
            if missing := names - set(sources):
                yield f"leaves out {sorted(missing)}."


def _nullable(model: type[models.Model], path: str) -> bool:
    """Whether a path of columns may give null; annotations are taken at their word."""
    current: Any = model
    for name in path.split("__"):
        try:
            field = current._meta.get_field(name)
        except FieldDoesNotExist:
            return False
        if field.null or (field.one_to_one and not field.concrete):
            return True
        current = field.related_model
    return False


def _guard(model: Any, part: bool) -> Iterator[str]:
    if not part and not hasattr(model._default_manager, "visible_to"):
        yield f"reads {model.__name__}, which has no visible_to, and is no part of its parent."
