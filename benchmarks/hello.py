"""The least that an ASGI application can do."""

from __future__ import annotations

from typing import Any

_HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"13")]


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer each request alike."""
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": b"Hello, world!"})
