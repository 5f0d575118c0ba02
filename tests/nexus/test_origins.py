"""Pages of other sites: shut out unless they are let in, from both APIs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from nexus import asgi
from nexus.origins import CrossOrigin, _headers_for

CLOSED = (settings.CORS_ALLOWED_ORIGINS, settings.CORS_URLS_REGEX)
FRIEND, STRANGER = "https://shop.example.com", "https://evil.example.com"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "idempotency-key, if-match",
}


@pytest.fixture(autouse=True)
def _let_in(settings: Any) -> Any:
    settings.CORS_ALLOWED_ORIGINS = [FRIEND]
    settings.CORS_URLS_REGEX = r"^/(api|graphql)(/|$)"
    _headers_for.cache_clear()
    yield
    _headers_for.cache_clear()


def graphql_headers(method: str, origin: str | None, **extra: str) -> dict[str, str]:
    """The headers of an answer of /graphql, of any status."""
    headers = {"host": "testserver", "accept": "application/json", **extra}
    if origin:
        headers["origin"] = origin
    scope = {
        "type": "http",
        "method": method,
        "path": "/graphql",
        "root_path": "",
        "query_string": b"query={__typename}",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
    }
    sent: list[Any] = []

    waiting: list[Any] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        return waiting.pop() if waiting else await asyncio.Future()

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(CrossOrigin(asgi.graphql, asgi.django)(scope, receive, send))
    return {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}


@pytest.mark.django_db
def test_a_page_that_was_let_in_may_read_answers_and_a_stranger_s_may_not():
    for origin, allowed in [(FRIEND, FRIEND), (STRANGER, None)]:
        answer = Client().get("/api/products/", headers={"Origin": origin})
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed
        found = graphql_headers("GET", origin)
        assert found.get("access-control-allow-origin") == allowed
        assert found["content-type"].startswith("application/json")
        assert found["vary"] == "origin"  # The last of two; the first is Accept.
    assert "access-control-allow-origin" not in graphql_headers("GET", None)


def test_a_browser_that_asks_before_is_told_what_it_may_send():
    for origin, allowed in [(FRIEND, FRIEND), (STRANGER, None)]:
        rest = Client().options("/api/orders/", headers={"Origin": origin, **PREFLIGHT}).headers
        for found in (
            {name.lower(): value for name, value in rest.items()},
            graphql_headers("OPTIONS", origin, **PREFLIGHT),
        ):
            assert found.get("access-control-allow-origin") == allowed
            if allowed:
                assert "idempotency-key" in found["access-control-allow-headers"]
                assert found["access-control-allow-credentials"] == "true"


def test_nobody_is_let_in_by_default():
    nobody = override_settings(CORS_ALLOWED_ORIGINS=CLOSED[0], CORS_URLS_REGEX=CLOSED[1])
    with nobody:
        answer = Client().options("/api/orders/", headers={"Origin": FRIEND, **PREFLIGHT})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "origin" not in answer.headers.get("Vary", "")
    assert asgi.answer_graphql is asgi.graphql


def test_no_page_of_the_admin_is_for_other_origins():
    answer = Client().options("/admin/login/", headers={"Origin": FRIEND, **PREFLIGHT})
    assert "Access-Control-Allow-Origin" not in answer.headers
