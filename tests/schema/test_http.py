from __future__ import annotations

import json
from contextlib import suppress
from itertools import product
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import override_settings

from schema.http import (
    GRAPHQL_JSON,
    HTML,
    JSON,
    Head,
    Refused,
    check_head,
    negotiate,
    read_request,
)

APOLLO = "application/graphql-response+json,application/json;q=0.9"
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, "
    "text/event-stream, multipart/mixed"
)
CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
    "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
)


def head(method: str = "POST", query_string: str = "", **headers: str) -> Head:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if method == "POST":
        named.setdefault("content-type", JSON)
    return Head(method, named, query_string.encode(), "192.0.2.1", HttpRequest)


def refusal_of_body(body: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        read_request(head(), body)
    return caught.value


class TestNegotiate:
    @pytest.mark.parametrize(
        ("accept", "media_type"),
        [
            ("", JSON),
            ("*/*", JSON),
            ("application/*", JSON),
            (JSON, JSON),
            (GRAPHQL_JSON, GRAPHQL_JSON),
            (APOLLO, GRAPHQL_JSON),
            (URQL, GRAPHQL_JSON),
            (f"{JSON};q=0.4, {GRAPHQL_JSON};q=0.5", GRAPHQL_JSON),
            (f"{JSON}, {GRAPHQL_JSON}", JSON),
            (f"{GRAPHQL_JSON}, */*", GRAPHQL_JSON),
            (f"{JSON};q=0, */*", GRAPHQL_JSON),
            ("APPLICATION/JSON ; charset=utf-8 ; Q=0.3", JSON),
            (CHROME, JSON),
        ],
    )
    def test_answers_in_what_the_client_likes_best(self, accept: str, media_type: str) -> None:
        assert negotiate(accept, (JSON, GRAPHQL_JSON)) == media_type

    @pytest.mark.parametrize(
        "accept", ["text/plain", "text/*", f"{JSON};q=0", f"{JSON};q=nan", f"{JSON};q=high", ";,"]
    )
    def test_finds_nothing_where_nothing_is_acceptable(self, accept: str) -> None:
        assert negotiate(accept, (JSON, GRAPHQL_JSON)) is None

    def test_shows_a_browser_the_page(self) -> None:
        assert negotiate(CHROME, (JSON, GRAPHQL_JSON, HTML)) == HTML

    def test_shows_no_page_to_a_client_that_takes_anything(self) -> None:
        assert negotiate("*/*", (JSON, GRAPHQL_JSON, HTML)) == JSON


class TestCheckHead:
    @pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"])
    def test_names_the_methods_it_serves(self, method: str) -> None:
        with pytest.raises(Refused) as caught:
            check_head(head(method))
        assert caught.value.status == 405
        assert ("Allow", "GET, POST") in caught.value.headers

    @pytest.mark.parametrize(
        "content_type",
        [JSON, "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'],
    )
    def test_takes_json_in_utf_8(self, content_type: str) -> None:
        assert check_head(head(content_type=content_type)) == JSON

    @pytest.mark.parametrize(
        "content_type",
        [
            "",
            "text/plain",
            "application/graphql",
            "application/x-www-form-urlencoded",
            "multipart/mixed; boundary=x",
            "application/json; charset=utf-16",
        ],
    )
    def test_takes_nothing_else_by_post(self, content_type: str) -> None:
        with pytest.raises(Refused) as caught:
            check_head(head(content_type=content_type))
        assert caught.value.status == 415

    @override_settings(GRAPHQL_LIMITS={"max_body_bytes": 10})
    def test_refuses_a_long_body_by_its_announcement(self) -> None:
        assert check_head(head(content_length="10")) == JSON
        with pytest.raises(Refused) as caught:
            check_head(head(content_length="11"))
        assert (caught.value.status, caught.value.code) == (413, "LIMIT_EXCEEDED")

    @override_settings(GRAPHIQL=True)
    def test_has_no_page_to_post_to(self) -> None:
        assert check_head(head("GET", accept="text/html")) == HTML
        with pytest.raises(Refused) as caught:
            check_head(head("POST", accept="text/html"))
        assert caught.value.status == 406

    @override_settings(GRAPHIQL=False)
    def test_shows_no_page_where_it_is_off(self) -> None:
        with pytest.raises(Refused) as caught:
            check_head(head("GET", accept="text/html"))
        assert caught.value.status == 406


class TestReadRequest:
    def test_reads_the_parameters_of_a_post(self) -> None:
        body = {
            "query": "query A { a }",
            "operationName": "A",
            "variables": {"x": [1, "ü"]},
            "extensions": {"e": None},
            "id": "ignored",
        }
        request = read_request(head(), json.dumps(body, ensure_ascii=False).encode())
        assert request.query == "query A { a }"
        assert request.operation_name == "A"
        assert request.variables == {"x": [1, "ü"]}
        assert request.extensions == {"e": None}

    def test_reads_the_parameters_of_a_get(self) -> None:
        query_string = (
            "query=%7B%20a%20%7D&operationName=A&variables=%7B%22x%22%3A%22%C3%BC%22%7D&extensions="
        )
        request = read_request(head("GET", query_string), b"")
        assert request.query == "{ a }"
        assert request.operation_name == "A"
        assert request.variables == {"x": "ü"}
        assert request.extensions is None

    def test_takes_null_for_absent(self) -> None:
        body = b'{"query": "{a}", "operationName": null, "variables": null, "extensions": null}'
        request = read_request(head(), body)
        assert (request.operation_name, request.variables, request.extensions) == (None,) * 3

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b'{ "not a JSON',
            b'"text"',
            b"null",
            b"\xff\xfe{}",
            b"{}",
            b'{"query": null}',
            b'{"query": "{a}", "variables": {"x": NaN}}',
            b'{"query": "{a}", "variables": {"x": -Infinity}}',
            b'{"query": "{a}", "variables": {"x": ' + b"9" * 5000 + b"}}",
            b'{"query": "{a}", "variables": ' + b"[" * 100_000,
            b'{"query": "{a}", "variables": {"x": "\\u0000"}}',
            b'{"query": "{a}", "variables": {"x": ["\\ud800"]}}',
            b'{"query": "{a}", "variables": {"\\udfff": 1}}',
        ],
        ids=lambda body: body[:48].decode("latin-1"),
    )
    def test_refuses_what_is_no_request(self, body: bytes) -> None:
        refused = refusal_of_body(body)
        assert (refused.status, refused.code) == (400, "BAD_USER_INPUT")

    @pytest.mark.parametrize("depth", [400, 900, 960, 990, 1100])
    def test_survives_any_depth(self, depth: int) -> None:
        body = b'{"query": "\\u0061", "variables": {"x": ' + b"[" * depth + b"]" * depth + b"}}"
        with suppress(Refused):
            assert read_request(head(), body).query == "a"

    def test_keeps_a_backslash_that_the_text_itself_holds(self) -> None:
        request = read_request(head(), b'{"query": "{a}", "variables": {"x": "\\\\u0000 \\u00fc"}}')
        assert request.variables == {"x": "\\u0000 ü"}

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *product(["query", "operationName"], [0, False, ["array"], {"obj": "ect"}]),
            *product(["variables", "extensions"], [0, False, ["array"], "string"]),
        ],
    )
    def test_refuses_a_parameter_of_the_wrong_type(self, name: str, value: Any) -> None:
        refused = refusal_of_body(json.dumps({"query": "{a}", name: value}).encode())
        assert (refused.status, refused.code) == (400, "BAD_USER_INPUT")
        assert name in refused.message

    @pytest.mark.parametrize("body", [b"[]", b'[{"query": "{a}"}]'])
    def test_refuses_a_batch(self, body: bytes) -> None:
        refused = refusal_of_body(body)
        assert (refused.status, refused.code) == (400, "LIMIT_EXCEEDED")

    @pytest.mark.parametrize(
        "query_string",
        [
            "",
            "variables=%7B%7D",
            "query=%FF",
            "query=%7Ba%7D&variables=%7B",
            "query=%7Ba%7D&variables=%5B%5D",
            "query=%7Ba%7D&variables=%22%5Cu0000%22",
            "&".join(f"p{number}=" for number in range(21)),
        ],
    )
    def test_refuses_a_url_that_is_no_request(self, query_string: str) -> None:
        with pytest.raises(Refused) as caught:
            read_request(head("GET", query_string), b"")
        assert (caught.value.status, caught.value.code) == (400, "BAD_USER_INPUT")

    @override_settings(GRAPHQL_LIMITS={"max_body_bytes": 20})
    def test_refuses_more_than_the_limit(self) -> None:
        assert read_request(head(), b'{"query": "{ abcd}"}').query == "{ abcd}"
        assert refusal_of_body(b'{"query": "{ abcde}"}').status == 413
        with pytest.raises(Refused) as caught:
            read_request(head("GET", "query=%7Babcdefghij%7D"), b"")
        assert caught.value.status == 414
