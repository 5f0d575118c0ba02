"""The one place where exceptions become ``userErrors`` or entries of ``errors``."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import (
    NON_FIELD_ERRORS,
    PermissionDenied,
    ValidationError,
)
from django.db import Error, InterfaceError, OperationalError

from schema.problems import Problem
from tasks.errors import Rejected
from users.permissions import Rule, permission_missing
from users.services.sessions import InvalidCredentials
from users.services.throttling import RateLimited
from users.tokens import InvalidToken
from users.viewer import Viewer

logger = logging.getLogger(__name__)

# Django's own codes in the API's words.
_CODES = {
    "required": "REQUIRED",
    "blank": "REQUIRED",
    "null": "REQUIRED",
    "empty": "REQUIRED",
    "unique": "ALREADY_EXISTS",
    "unique_together": "ALREADY_EXISTS",
    "does_not_exist": "NOT_FOUND",
}


@dataclass(frozen=True)
class UserError:
    """One entry of ``userErrors``."""

    field: list[str] | None
    code: str
    message: str


def user_errors(error: ValidationError) -> list[UserError]:
    """What the user can mend, each with the path of the input's field."""
    return list(_user_errors(error))


def _user_errors(error: ValidationError, field: str = "") -> Iterator[UserError]:
    if hasattr(error, "error_dict"):
        for name, inner in error.error_dict.items():
            for each in inner:
                yield from _user_errors(each, "" if name == NON_FIELD_ERRORS else name)
    elif len(error.error_list) > 1 or error.error_list[0] is not error:
        for each in error.error_list:
            yield from _user_errors(each, field)
    else:
        path = error.field if isinstance(error, Rejected) else field
        code = error.code or "INVALID"
        yield UserError(
            field=["input", *path.split(".")] if path else None,
            code=code if code.isupper() else _CODES.get(code, "INVALID"),
            message=error.messages[0],
        )


def denied(permission: Rule, viewer: Viewer, reason: str | None) -> Problem:
    """Why a viewer may not call a field.

    ``reason`` says what was wrong with a token that the caller presented.
    """
    if viewer.is_authenticated:
        return _forbidden(permission.required)
    extensions = _required(permission.required)
    if reason is not None:
        extensions["reason"] = reason
    return Problem("UNAUTHENTICATED", "Log in and send your access token.", **extensions)


def _forbidden(permission: str | None) -> Problem:
    return Problem(
        "FORBIDDEN",
        "You have no permission to do this; ask for the role.",
        **_required(permission),
    )


def _required(permission: str | None) -> dict[str, Any]:
    """A permission as ``extensions.required``, which is absent where none is named."""
    return {"required": permission} if permission else {}


def problem_for(error: Exception) -> Problem:
    """What a client is told of an exception in a mutation; unexpected ones are logged."""
    match error:
        case Problem():
            return error
        case InvalidCredentials():
            return Problem("INVALID_CREDENTIALS", "The e-mail address or password is wrong.")
        case RateLimited():
            return Problem(
                "RATE_LIMITED",
                f"Too many attempts; try again in {error.retry_after} seconds.",
                retryAfter=error.retry_after,
            )
        case InvalidToken():
            return Problem(
                "UNAUTHENTICATED", "The token is not valid; log in again.", reason=error.reason
            )
        case PermissionDenied():
            return _forbidden(permission_missing(error))
        case OperationalError() | InterfaceError():
            logger.warning("The database gave up a mutation.", exc_info=error)
            return Problem("SERVICE_UNAVAILABLE", "The shop is busy; try again in a moment.")
        case Error():
            logger.error("A mutation broke a rule of the database.", exc_info=error)
        case _:
            logger.error("A mutation failed.", exc_info=error)
    return Problem("INTERNAL_SERVER_ERROR", "Something went wrong on our side.")
