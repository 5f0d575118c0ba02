"""GraphQL over HTTP, whatever carries the HTTP.

``schema.asgi`` and ``schema.views`` turn what they receive into a `Head` and a body, call three
functions in this order and send the `Outgoing` that comes out::

    media_type = check_head(head)  # method, Accept, Content-Type, declared length
    request = read_request(head, body)  # JSON body or query string
    outgoing = answer(head, request, media_type)  # who asks, execution, status

The first two are pure and raise `Refused`. The last one uses the database and never raises. The
body of a head that ``is_upload`` is read by ``schema.uploads`` instead.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import isinf
from typing import Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.utils.http import parse_header_parameters

from schema.authentication import csrf_failure, identify
from schema.execution import GraphQLRequest, MutationOverGet, execute
from schema.known import remember

logger = logging.getLogger(__name__)

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
HTML = "text/html"
EVENT_STREAM = "text/event-stream"
FORM = "multipart/form-data"

# A browser sends a form to any site at once, with its cookies; before a header of a name such as
# these, it asks that site. So none of another site's pages can upload in a visitor's name.
PREFLIGHT_HEADERS = ("GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Requested-With")

# ``query``, ``operationName``, ``variables``, ``extensions``, and room for a proxy's own.
MAX_URL_PARAMETERS = 20
RETRY_AFTER_SECONDS = "1"
UNSTORABLE = re.compile("[\0\ud800-\udfff]")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a request before its body is read.

    Attributes:
        method: the HTTP method in upper case.
        headers: header values by lower-case name.
        query_string: the URL's part behind the question mark, still encoded.
        address: the client's IP address, where known.
        django_request: makes Django's view of the same request; only called where Django's CSRF
            check has to see it.
    """

    method: str
    headers: Mapping[str, str]
    query_string: bytes
    address: str | None
    django_request: Callable[[], HttpRequest]

    @property
    def is_upload(self) -> bool:
        """Whether the body is a form that may carry files."""
        content_type = self.headers.get("content-type", "")
        return self.method == "POST" and content_type.partition(";")[0].strip().lower() == FORM


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A response: status, media type, body and the headers that are its own."""

    status: int
    media_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def all_headers(self) -> list[tuple[str, str]]:
        """Every header of the response but those that its carrier gives to all responses."""
        return [
            *steady_headers(self.media_type),
            ("Content-Length", str(len(self.body))),
            *self.headers,
        ]


def steady_headers(media_type: str) -> list[tuple[str, str]]:
    """The headers that all responses of a media type have."""
    return [
        ("Content-Type", f"{media_type}; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Vary", "Accept"),
    ]


class Refused(Exception):
    """A request that is not executed.

    Args:
        status: the HTTP status.
        code: the machine-readable ``extensions.code``.
        message: one sentence for the developer who sent the request.
        headers: what the status asks for besides, such as ``Allow``.
        extensions: further members of the error's ``extensions``.
    """

    def __init__(
        self, status: int, code: str, message: str, *headers: tuple[str, str], **extensions: str
    ) -> None:
        super().__init__(message)
        self.extensions = extensions
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers

    def outgoing(self, media_type: str = JSON) -> Outgoing:
        """The refusal as a GraphQL response without data."""
        error = {"message": self.message, "extensions": {"code": self.code, **self.extensions}}
        body = json.dumps({"errors": [error]}).encode()
        return Outgoing(self.status, media_type, body, self.headers)


def check_head(head: Head, *, streams: bool = False) -> str:
    """The media type to answer in, or `Refused` where no body could make this request right.

    `HTML` means that a browser wants to see the GraphiQL page, `EVENT_STREAM` that the client
    wants events as they come, for a carrier that ``streams``.
    """
    if head.method not in ("GET", "POST"):
        raise Refused(
            405,
            "BAD_USER_INPUT",
            "Send GraphQL by POST, or queries by GET.",
            ("Allow", "GET, POST"),
        )
    offers: tuple[str, ...] = (JSON, GRAPHQL_JSON)
    if head.method == "GET" and settings.GRAPHIQL:
        offers = (*offers, HTML)
    if streams:
        offers = (*offers, EVENT_STREAM)
    media_type = negotiate(head.headers.get("accept", ""), offers)
    if media_type is None:
        raise Refused(406, "BAD_USER_INPUT", f"Accept {GRAPHQL_JSON} or {JSON}.")
    if head.is_upload:
        _check_preflight(head)
    elif head.method == "POST" and not _is_json(head.headers.get("content-type", "")):
        raise Refused(
            415, "BAD_USER_INPUT", f"Send the request as {JSON} in UTF-8, or files as {FORM}."
        )
    length = head.headers.get("content-length", "")
    check_length(
        int(length) if length.isdigit() else 0,
        "max_upload_bytes" if head.is_upload else "max_body_bytes",
    )
    return media_type


def _check_preflight(head: Head) -> None:
    if not any(head.headers.get(name.lower()) for name in PREFLIGHT_HEADERS):
        raise Refused(
            400,
            "BAD_USER_INPUT",
            f"Send {FORM} with one of the headers {', '.join(PREFLIGHT_HEADERS)}, "
            f"such as {PREFLIGHT_HEADERS[0]}: 1.",
        )


def check_length(length: int, limit: str = "max_body_bytes") -> None:
    """Refuse a body of ``length`` bytes where that is more than the limit allows."""
    allowed = settings.GRAPHQL_LIMITS[limit]
    if length > allowed:
        raise Refused(
            413,
            "LIMIT_EXCEEDED",
            f"The request is larger than the limit of {allowed} bytes.",
            limit=limit,
        )


@lru_cache(maxsize=256)
def negotiate(accept: str, offers: tuple[str, ...]) -> str | None:
    """The offer that an ``Accept`` header likes best, or None where it likes none.

    Higher quality wins, then an offer that is named rather than covered by a wildcard, then the
    earlier in the header, then the earlier of the offers. An empty header accepts anything.
    """
    ranges: list[tuple[str, float]] = []
    for part in (accept.strip() or "*/*").split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        ranges.append((media_range, _quality(parameters)))

    def rank(offer: str) -> tuple[float, int, int]:
        """Quality, specificity and place of the most specific range that covers the offer."""
        for vagueness, covering in enumerate((offer, offer.split("/")[0] + "/*", "*/*")):
            for position, (media_range, quality) in enumerate(ranges):
                if media_range == covering:
                    return quality, -vagueness, -position
        return 0.0, 0, 0

    best = max(offers, key=rank)
    return best if rank(best)[0] > 0 else None


def _quality(parameters: list[str]) -> float:
    """The ``q`` of a media range: 1 where not given, 0 where it is no number from 0 to 1."""
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                quality = float(parameter[2:])
            except ValueError:
                return 0.0
            return quality if 0 <= quality <= 1 else 0.0
    return 1.0


@lru_cache(maxsize=64)
def _is_json(content_type: str) -> bool:
    """Whether a ``Content-Type`` announces JSON in UTF-8."""
    media_type, parameters = parse_header_parameters(content_type)
    return media_type == JSON and parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")


def read_request(head: Head, body: bytes) -> GraphQLRequest:
    """The GraphQL request in a POST's body or a GET's query string, or `Refused`."""
    if head.method == "GET":
        fields = _fields_of_url(head.query_string)
    else:
        check_length(len(body))
        fields = fields_of_body(body)
    return request_of(fields)


def request_of(fields: dict[str, Any]) -> GraphQLRequest:
    """The GraphQL request of these parameters, or `Refused`."""
    query = _field(fields, "query", str, "a string")
    if query is None:
        _refuse_input("The request has no query.")
    return GraphQLRequest(
        query=query,
        operation_name=_field(fields, "operationName", str, "a string"),
        variables=_field(fields, "variables", dict, "an object"),
        extensions=_field(fields, "extensions", dict, "an object"),
    )


def fields_of_body(body: bytes, what: str = "The request body") -> dict[str, Any]:
    """The parameters in a JSON object, or `Refused` with an error about ``what``."""
    fields = value_of_json(body, what)
    if isinstance(fields, list):
        raise Refused(400, "LIMIT_EXCEEDED", "Send one operation a request: batching is off.")
    if not isinstance(fields, dict):
        _refuse_input(f"{what} is not a JSON object.")
    return fields


def _fields_of_url(query_string: bytes) -> dict[str, Any]:
    if len(query_string) > (limit := settings.GRAPHQL_LIMITS["max_body_bytes"]):
        raise Refused(
            414,
            "LIMIT_EXCEEDED",
            f"The URL is larger than the limit of {limit} bytes.",
            limit="max_body_bytes",
        )
    try:
        fields: dict[str, Any] = dict(
            parse_qsl(
                query_string.decode(),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MAX_URL_PARAMETERS,
            )
        )
    except ValueError:
        _refuse_input("The URL's parameters can't be read.")
    for name in ("variables", "extensions"):
        if text := fields.pop(name, ""):
            fields[name] = value_of_json(text.encode(), f"The parameter {name}")
    return fields


def value_of_json(text: bytes, what: str) -> Any:
    """Strict JSON, without the texts that neither UTF-8 nor PostgreSQL can hold; or `Refused`."""
    try:
        value = _DECODER.decode(text.decode())
        is_storable = b"\\u" not in text or _is_storable(value)
    except (ValueError, RecursionError):
        _refuse_input(f"{what} is not valid JSON in UTF-8.")
    if not is_storable:
        _refuse_input(f"{what} holds a NUL character or half of a surrogate pair.")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"JSON knows no {name}")


def _finite_float(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise ValueError("The number is too large")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite_float)


def _is_storable(value: Any) -> bool:
    match value:
        case str():
            return not UNSTORABLE.search(value)
        case dict():
            return all(_is_storable(key) and _is_storable(value[key]) for key in value)
        case list():
            return all(map(_is_storable, value))
        case _:
            return True


def _field(fields: dict[str, Any], name: str, kind: type[T], wanted: str) -> T | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, kind):
        _refuse_input(f"The parameter {name} is not {wanted}.")
    return value


def _refuse_input(message: str) -> NoReturn:
    raise Refused(400, "BAD_USER_INPUT", message)


def answer(head: Head, request: GraphQLRequest, media_type: str) -> Outgoing:
    """Find out who asks, execute, and give the result its status. Uses the database.

    A request that fails before execution is 400 as ``application/graphql-response+json`` and 200
    as ``application/json``, whose older clients read other statuses as a broken transport.
    """
    try:
        caller = identify(
            authorization=head.headers.get("authorization", ""),
            cookie=head.headers.get("cookie", ""),
        )
        read_only = head.method == "GET"
        needs_csrf_check = caller.is_by_cookie and not read_only
        if needs_csrf_check and (reason := csrf_failure(head.django_request())):
            raise Refused(403, "FORBIDDEN", f"The CSRF check failed. {reason}")
        result = execute(
            request,
            viewer=caller.viewer,
            denial=caller.denial,
            read_only=read_only,
            address=head.address,
        )
    except Refused as refused:
        return refused.outgoing(media_type)
    except MutationOverGet:
        return Refused(
            405, "BAD_USER_INPUT", "Send mutations by POST.", ("Allow", "POST")
        ).outgoing(media_type)
    except (OperationalError, InterfaceError):
        logger.exception("The database did not answer a GraphQL request")
        return unavailable("The database does not answer.").outgoing(media_type)
    except Exception:
        logger.exception("A GraphQL request failed")
        return internal_error().outgoing(media_type)
    if result.executed:
        remember(request)
    status = 200 if result.executed or media_type == JSON else 400
    return Outgoing(status, media_type, result.body)


def unavailable(reason: str) -> Refused:
    """The refusal of a request that may be sent again soon."""
    message = f"{reason} Try again in a moment."
    return Refused(503, "SERVICE_UNAVAILABLE", message, ("Retry-After", RETRY_AFTER_SECONDS))


def internal_error() -> Refused:
    """What a client learns of a failure that is ours: nothing but the request's id to quote."""
    return Refused(
        500, "INTERNAL_SERVER_ERROR", "Something failed on our side. Quote the X-Request-Id."
    )
