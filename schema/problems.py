"""Errors of a request, as opposed to ``userErrors``: code, message, where.

Every top-level entry of ``errors`` is one of these; ``schema.errors`` turns exceptions into them.
"""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from graphql import GraphQLError

_SUGGESTION = re.compile(r"\s*Did you mean .*\?")


class Problem(Exception):
    """Something is wrong with a request or a field of it.

    Args:
        code: the value of ``extensions.code``.
        message: one sentence for the client's developer.
        path: response path of the field, where one field is concerned.
        extensions: further members of ``extensions``.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        path: list[str | int] | None = None,
        locations: list[dict[str, int]] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path
        self.locations = locations
        self.extensions = extensions

    def formatted(self) -> dict[str, Any]:
        """The entry of ``errors``."""
        entry: dict[str, Any] = {"message": self.message}
        if self.locations:
            entry["locations"] = self.locations
        if self.path is not None:
            entry["path"] = self.path
        entry["extensions"] = {"code": self.code, **self.extensions}
        return entry


def problem_of(error: GraphQLError, code: str) -> Problem:
    """A graphql-core error as a problem; its message is graphql-core's own about the document.

    Where introspection is off, it is told without hints at the schema's names.
    """
    message = error.message
    if not settings.GRAPHQL_INTROSPECTION:
        message = _SUGGESTION.sub("", message)
    locations = [{"line": at.line, "column": at.column} for at in error.locations or []]
    return Problem(code, message, locations=locations)
