"""The one place where exceptions become REST's error answers, RFC 9457's problem details.

``schema.errors`` does the same for GraphQL; the codes are the same.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from math import ceil
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer

from schema.errors import UserError, user_errors
from users.permissions import permission_missing
from users.rest import MESSAGES
from users.services.sessions import InvalidCredentials
from users.services.throttling import RateLimited
from users.tokens import InvalidToken
from users.validation import rejections

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="api"'}
RETRY_AFTER_SECONDS = 1

# Refusals that are about the state of things rather than about the request are conflicts.
_STATUS_OF_CODE = {
    "REQUIRED": 400,
    "INVALID": 400,
    "INVALID_CURSOR": 400,
    "NOT_FOUND": 400,
    "PAYMENT_DECLINED": 402,
}
_CONFLICT = 409
# The fields of services' input that REST takes from the address, where the body has none of them.
_IN_ADDRESS = {
    None,
    "id",
    "import_id",
    "number",
    "order_number",
    "payment_id",
    "product_id",
    "token",
}

_CODE_OF_STATUS = {
    400: "BAD_USER_INPUT",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    411: "LENGTH_REQUIRED",
    412: "PRECONDITION_FAILED",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
}


class ProblemRenderer(JSONRenderer):
    """For clients that name problems alone in ``Accept``, as of what answers nothing else."""

    media_type = MEDIA_TYPE


@dataclass(frozen=True, slots=True)
class FieldError:
    """One entry of ``errors``: what is wrong, and where in the body, query or headers."""

    field: str | None
    code: str
    message: str


def answer_problem(error: Exception, context: dict[str, Any]) -> JsonResponse:
    """What a client is told of an exception in a view; unexpected ones are logged."""
    match error:
        case exceptions.ValidationError():
            return _refusal(ValidationError(rejections(error.detail)), context)
        case ValidationError():
            return _refusal(error, context)
        case exceptions.APIException():
            return _of_framework(error)
        case InvalidCredentials():
            return problem(
                401,
                "INVALID_CREDENTIALS",
                "The e-mail address or password is wrong.",
                headers=CHALLENGE,
            )
        case InvalidToken():
            return problem(
                401,
                "UNAUTHENTICATED",
                "The token is not valid or no longer so; log in again.",
                headers=CHALLENGE,
                reason=error.reason,
            )
        case RateLimited():
            seconds = error.retry_after
            return problem(
                429,
                "RATE_LIMITED",
                f"Too many attempts; try again in {seconds} seconds.",
                headers={"Retry-After": str(seconds)},
            )
        case PermissionDenied():
            return problem(
                403,
                "FORBIDDEN",
                "You have no permission to do this.",
                required=permission_missing(error),
            )
        case Http404():
            return problem(404, "NOT_FOUND", "There is nothing here that you may see.")
        case RequestDataTooBig():
            return problem(413, "TOO_LARGE", "The body is too large.")
        case DataError():
            logger.warning("A value did not fit the database.", exc_info=error)
            return problem(400, "BAD_USER_INPUT", "A value is too large or too small.")
        case OperationalError() | InterfaceError():
            logger.warning("The database gave up a request.", exc_info=error)
            return problem(
                503,
                "SERVICE_UNAVAILABLE",
                "The shop is busy; try again in a moment.",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
    logger.error("A request failed.", exc_info=error)
    return problem(500, "INTERNAL_SERVER_ERROR", "Something went wrong on our side.")


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
    reason: str | None = None,
    required: str | None = None,
) -> JsonResponse:
    """A problem as a response.

    Args:
        code: what is wrong, for programs.
        detail: what is wrong and what to do, for people.
        errors: the parts of the request that are wrong.
        reason: why a token was not believed.
        required: the permission that the caller lacks.
    """
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [asdict(each) for each in errors or []],
    }
    if reason is not None:
        body["reason"] = reason
    if required is not None:
        body["required"] = required
    # No Response, which the schema's view would write in YAML and those of its pages in HTML.
    return JsonResponse(body, status=status, headers=headers, content_type=MEDIA_TYPE)


def _refusal(error: ValidationError, context: dict[str, Any]) -> JsonResponse:
    """What the caller can mend."""
    errors = [_field_error(each) for each in user_errors(error)]
    body = getattr(context.get("request"), "data", None)
    in_address = _IN_ADDRESS - (body.keys() if isinstance(body, Mapping) else set())
    statuses = [_status(each, in_address) for each in errors]
    first = errors[statuses.index(min(statuses))]
    return problem(min(statuses), first.code, first.message, errors=errors)


def _field_error(error: UserError) -> FieldError:
    """The same in REST's spelling: services name fields as GraphQL does."""
    path = ".".join((error.field or [])[1:])
    name = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", path)
    return FieldError(name or None, error.code, error.message)


def _status(error: FieldError, in_address: set[str | None]) -> int:
    if error.code == "NOT_FOUND" and error.field in in_address:
        return 404
    return _STATUS_OF_CODE.get(error.code, _CONFLICT)


def _of_framework(error: exceptions.APIException) -> JsonResponse:
    """A refusal of Django REST framework's own."""
    code = _CODE_OF_STATUS.get(error.status_code, "INTERNAL_SERVER_ERROR")
    headers: dict[str, str] = {}
    reason = None
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        headers = CHALLENGE
        codes = error.get_codes()
        reason = codes if codes in MESSAGES else None
    elif wait := getattr(error, "wait", None):
        headers = {"Retry-After": str(ceil(wait))}
    return problem(
        error.status_code,
        code,
        str(error.detail),
        headers=headers,
        reason=reason,
        required=getattr(error, "required", None),
    )
