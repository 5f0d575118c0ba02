"""Forms as the GraphQL multipart request specification has them."""

from __future__ import annotations

import json
from typing import Any

CONTENT_TYPE = "multipart/form-data; boundary=shop"
PREFLIGHT = {"GraphQL-Require-Preflight": "1"}


def part(
    name: str,
    content: bytes,
    *,
    filename: str | None = None,
    content_type: str = "",
    encoding: str = "",
) -> bytes:
    """One part of a form."""
    disposition = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        disposition += f'; filename="{filename}"'
    lines = [disposition]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    if encoding:
        lines.append(f"Content-Transfer-Encoding: {encoding}")
    return b"--shop\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n" + content + b"\r\n"


def body_of(*parts: bytes) -> bytes:
    """A whole form."""
    return b"".join(parts) + b"--shop--\r\n"


def upload_of(
    query: str, variables: dict[str, Any], places: dict[str, list[str]], **files: bytes
) -> bytes:
    """A request with files by the names of their parts."""
    return body_of(
        part("operations", json.dumps({"query": query, "variables": variables}).encode()),
        part("map", json.dumps(places).encode()),
        *(
            part(name, content, filename=f"{name}.png", content_type="image/png")
            for name, content in files.items()
        ),
    )
