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

from schema.compiler import readings as reads
from schema.compiler.mapping import Mapping
from schema.execution import composed
from schema.live.fields import Live
from schema.mutation import MutationField

ROOTS = ("Query", "Mutation", "Subscription")


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


def _problems(mapping: Mapping, type_name: str, field_name: str, definition: Any) -> Iterator[str]:
    """What is wrong with a field of an object type."""
    declared = mapping.declared(type_name, field_name)
    read = mapping.read(type_name, field_name)
    model = mapping.models.get(type_name)
    if type_name == "Mutation" and not isinstance(declared, MutationField):
        yield "is not declared by @mutation."
    elif type_name in ROOTS and getattr(declared, "permission", None) is None:
        yield "has no permission; declare AllowAny() where everybody may call it."
    if type_name == "Query" and read is None:
        yield "has no mapping; declare it by one() or connection()."
    if type_name == "Subscription" and not isinstance(read, Live):
        yield "is not declared by live()."
    if model is not None and read is None:
        yield "has no mapping; declare it by column(), to_one(), to_many() ..."
    if model is not None:
        yield from _misread(mapping, model, type_name, field_name, definition)
    yield from _unguarded(mapping, read, definition)


def _misread(
    mapping: Mapping, model: Any, type_name: str, field_name: str, definition: Any
) -> Iterator[str]:
    """What is wrong with how a field of a row is read."""
    required = isinstance(definition.type, GraphQLNonNull)
    match mapping.read(type_name, field_name):
        case reads.Column(source) if source is None or isinstance(source, str):
            path = source or mapping.python_name(type_name, field_name)
            if required and _nullable(model, path):
                yield f"is non-null but {path} may be null."
        case reads.ToOne(relation, part):
            end = model._meta.get_field(relation)
            if required and (not part or getattr(end, "null", True)):
                yield "is non-null but the row may be missing or hidden."
        case reads.Embedded(sources):
            wanted: Any = get_named_type(definition.type)
            names = {mapping.python_name(wanted.name, name) for name in wanted.fields}
            if missing := names - set(sources):
                yield f"leaves out {sorted(missing)}."


def _unguarded(mapping: Mapping, read: Any, definition: Any) -> Iterator[str]:
    """Whether a field reads rows that nobody guards."""
    match read:
        case reads.RelatedCount(node):
            model = node()._meta.model
        case reads.ToOne(part=False) | reads.ToMany(part=False) | reads.Connected(part=False):
            model = _rows_of(mapping, definition)
        case reads.One() | reads.OneOf() | reads.Entity() | reads.Entities() | Live():
            model = _rows_of(mapping, definition)
        case _:
            return
    if not hasattr(model._default_manager, "visible_to"):
        yield f"reads {model.__name__}, which has no visible_to, and is no part of its parent."


def _rows_of(mapping: Mapping, definition: Any) -> Any:
    """The model of a field's rows, or of its connection's."""
    type_: Any = get_named_type(definition.type)
    if type_.name not in mapping.models:
        type_ = get_named_type(type_.fields["nodes"].type)
    return mapping.models[type_.name]


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
