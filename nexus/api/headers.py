"""Headers that REST requests carry what is no part of a resource in."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from tasks.errors import Rejected


def _header(name: str, description: str, *, required: bool = False) -> OpenApiParameter:
    return OpenApiParameter(
        name, location=OpenApiParameter.HEADER, required=required, description=description
    )


IDEMPOTENCY_KEY = _header(
    "Idempotency-Key", "A random text of the client's; the same again makes no second one."
)
NEEDED_IDEMPOTENCY_KEY = _header(
    "Idempotency-Key",
    "A random text of the client's; the same again does it once.",
    required=True,
)
ORDER_TOKEN = _header("Order-Token", "Opens the order to a guest.")
IF_MATCH = _header("If-Match", "The ETag of what is to be changed; 412 where it is another now.")

IF_NONE_MATCH = _header(
    "If-None-Match", "The ETag of an earlier answer; 304 and no body where nothing has changed."
)


def needed_idempotency_key(request: Request) -> str:
    """The same where there must be one.

    Raises:
        Rejected: ``REQUIRED`` on ``idempotencyKey``.
    """
    if key := idempotency_key(request):
        return key
    message = "Send the header Idempotency-Key: a random text, the same again for a repeat."
    raise Rejected("REQUIRED", message, field="idempotencyKey")


def idempotency_key(request: Request) -> str | None:
    """The key that a client gave to a request."""
    return request.headers.get("Idempotency-Key")
