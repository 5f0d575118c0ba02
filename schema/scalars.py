"""Scalars that the standard ones are too lax or too few for."""

from __future__ import annotations

import decimal
import json
from typing import Any

import graphene
from django.core.files.uploadedfile import UploadedFile
from graphene.types.generic import GenericScalar
from graphql import GraphQLError, Undefined, value_from_ast_untyped

_MAX_DIGITS = 30


class Decimal(graphene.Decimal):
    """An exact number, sent as text: "9.90"."""

    @classmethod
    def parse_value(cls, value: Any) -> Any:
        """A finite number of a sane length; what a client sends as text or number."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise GraphQLError('Expected a decimal number, such as "9.90".')
        try:
            number = decimal.Decimal(str(value))
        except decimal.InvalidOperation:
            number = decimal.Decimal("NaN")
        if not number.is_finite() or len(str(value)) > _MAX_DIGITS or abs(number.adjusted()) > 20:
            raise GraphQLError('Expected a decimal number, such as "9.90".')
        return number

    @classmethod
    def parse_literal(cls, ast: Any, _variables: Any = None) -> Any:
        """The same for a value in the document."""
        return cls.parse_value(getattr(ast, "value", Undefined))


class JSON(GenericScalar):
    """Any JSON value."""

    @staticmethod
    def parse_value(value: Any) -> Any:
        """What a client sends; a file is none, which an upload could have put there."""
        waiting = [value]
        while waiting:
            each = waiting.pop()
            if isinstance(each, UploadedFile):
                raise GraphQLError("Expected a JSON value, not a file.")
            if isinstance(each, dict | list):
                waiting.extend(each.values() if isinstance(each, dict) else each)
        return value

    @staticmethod
    def parse_literal(ast: Any, variables: Any = None) -> Any:
        """A value written in the document, where a float may be larger than JSON can say."""
        value = value_from_ast_untyped(ast, variables)
        try:
            json.dumps(value, allow_nan=False)
        except ValueError:
            raise GraphQLError("Expected numbers that JSON can hold.") from None
        return value


class Upload(graphene.Scalar):
    """A file, by the GraphQL multipart request specification: null in the variables, and a part of
    the form."""

    @staticmethod
    def parse_value(value: Any) -> UploadedFile:
        """The file that the transport put in the variable's place."""
        if not isinstance(value, UploadedFile):
            raise GraphQLError("Expected a file: send the request as multipart/form-data.")
        return value

    @classmethod
    def parse_literal(cls, ast: Any, _variables: Any = None) -> Any:
        """No document holds a file."""
        return cls.parse_value(None)

    @staticmethod
    def serialize(value: Any) -> Any:
        """Files only come in."""
        raise GraphQLError("A file can't be answered.")
