"""``/graphql`` for pages of other origins, which ``CORS_ALLOWED_ORIGINS`` lets in.

django-cors-headers decides, as it does for the pages that Django answers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from corsheaders.middleware import CorsMiddleware
from django.http import HttpRequest, HttpResponse

from schema.asgi import Message, Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]


class CrossOrigin:
    """Adds what a browser wants to read before it shows a page an answer.

    Args:
        application: answers requests.
        django: answers what browsers ask before them.
    """

    def __init__(self, application: Any, django: Any) -> None:
        self._application = application
        self._django = django

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, which comes from another origin where it has that header."""
        origin = dict(scope["headers"]).get(b"origin")
        if origin is None or scope["type"] != "http":
            await self._application(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await self._django(scope, receive, send)
        else:
            added = _headers_for(origin.decode("latin-1"))

            async def send_with(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message = {**message, "headers": [*message["headers"], *added]}
                await send(message)

            await self._application(scope, receive, send_with)


@lru_cache(maxsize=100)
def _headers_for(origin: str) -> Headers:
    request = HttpRequest()
    request.path = request.path_info = "/graphql"
    request.META["HTTP_ORIGIN"] = origin
    response: Any = CorsMiddleware(lambda _: HttpResponse())(request)
    return [
        (name.lower().encode(), value.encode())
        for name, value in response.headers.items()
        if name.lower().startswith("access-control-") or name.lower() == "vary"
    ]
