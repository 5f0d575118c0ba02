"""Scalars that the standard ones are too lax or too few for."""

from __future__ import annotations

import decimal
import json
from typing import Any

import graphene
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
    def parse_literal(ast: Any, variables: Any = None) -> Any:
        """A value written in the document, where a float may be larger than JSON can say."""
        value = value_from_ast_untyped(ast, variables)
        try:
            json.dumps(value, allow_nan=False)
        except ValueError:
            raise GraphQLError("Expected numbers that JSON can hold.") from None
        return value
