"""Requests with files: multipart forms as browsers and the clients' libraries send them."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.test import Client, TestCase, TransactionTestCase, override_settings
from graphql import GraphQLError

from schema import asgi, scalars
from schema.asgi import GraphQLApplication
from schema.execution import GraphQLRequest
from schema.http import JSON, Head, Refused, check_head
from schema.uploads import Form
from tests.damage import damaged
from tests.schema.multipart import CONTENT_TYPE, PREFLIGHT, body_of, part, upload_of
from tests.schema.test_asgi import HEADERS, Reply, reply
from users.models import User

QUERY = "query ($files: [ID!], $one: ID) { __typename @skip(if: false) }"


@pytest.fixture
def temporary(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The temporary files that are made; none may be left open."""
    made: list[Any] = []
    make = tempfile.TemporaryFile

    def remember(**options: Any) -> Any:
        made.append(make(**options))
        return made[-1]

    monkeypatch.setattr("schema.uploads.tempfile.TemporaryFile", remember)
    yield made
    assert all(file.closed for file in made)


def read(body: bytes, *, chunk: int = 1_000_000, content_type: str = CONTENT_TYPE) -> Any:
    """What a form's body holds: the variables, with files as (name, type, size, content)."""

    def shown(value: Any) -> Any:
        if isinstance(value, UploadedFile):
            return value.name, value.content_type, value.size, value.read()
        if isinstance(value, dict):
            return {name: shown(each) for name, each in value.items()}
        return [shown(each) for each in value] if isinstance(value, list) else value

    form = Form(content_type)
    try:
        for start in range(0, len(body), chunk):
            form.feed(body[start : start + chunk])
        request = form.request()
        assert isinstance(request, GraphQLRequest)
        return shown(request.variables)
    finally:
        form.close()


def refusal(body: bytes, **options: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        read(body, **options)
    return caught.value


class TestForm:
    @pytest.mark.parametrize("chunk", [1, 7, 64, 1_000_000])
    def test_puts_files_in_their_places_however_the_body_is_cut(
        self, temporary: list[Any], chunk: int
    ) -> None:
        content = b"\r\n--sho\r\n\r\n--shoppe\r\n-" + bytes(range(256))
        body = upload_of(
            QUERY,
            {"input": {"file": None, "files": [None, 1, None]}},
            {"a": ["variables.input.file"], "b": ["variables.input.files.2"], "c": []},
            a=content,
            b=b"",
        )
        assert read(body, chunk=chunk) == {
            "input": {
                "file": ("a.png", "image/png", len(content), content),
                "files": [None, 1, ("b.png", "image/png", 0, b"")],
            }
        }
        assert len(temporary) == 2

    def test_puts_one_file_in_several_places(self, temporary: list[Any]) -> None:
        paths = ["variables.one", "variables.files.0"]
        body = upload_of(QUERY, {"one": None, "files": [None]}, {"0": paths}, **{"0": b"x"})
        form = Form(CONTENT_TYPE)
        form.feed(body)
        variables: Any = form.request().variables
        assert variables["one"] is variables["files"][0]
        form.close()

    def test_keeps_nothing_of_files_that_no_place_wants(self, temporary: list[Any]) -> None:
        body = upload_of(QUERY, {"one": None}, {"a": []}, a=b"x", b=b"y")
        assert read(body) == {"one": None}
        assert temporary == []

    def test_ignores_what_is_no_file_and_what_follows_the_form(self, temporary: list[Any]) -> None:
        body = upload_of(QUERY, {"one": None}, {"a": ["variables.one"]}, a=b"x")
        before, _, end = body.rpartition(b"--shop--")
        body = before + part("note", b"hello") + b"--shop--" + end + b"trailing bytes"
        assert read(body)["one"][3] == b"x"

    def test_takes_names_for_what_they_are(self, temporary: list[Any]) -> None:
        for sent, name in (
            ("../../etc/passwd", "passwd"),
            ("na\N{LATIN SMALL LETTER I WITH DIAERESIS}ve.png", "na\u00efve.png"),
            ("..", "upload"),
            ("", "upload"),
        ):
            operations, places = json.dumps({"query": QUERY, "variables": {"one": None}}), "{}"
            places = json.dumps({"0": ["variables.one"]})
            body = body_of(
                part("operations", operations.encode()),
                part("map", places.encode()),
                part("0", b"x", filename=sent),
            )
            assert read(body)["one"][0] == name

    def test_takes_operations_and_map_that_are_sent_as_blobs(self, temporary: list[Any]) -> None:
        operations = json.dumps({"query": QUERY, "variables": {"one": None}}).encode()
        body = body_of(
            part("operations", operations, filename="blob", content_type=JSON),
            part("map", b'{"0": ["variables.one"]}', filename="blob", content_type=JSON),
            part("0", b"x", filename="x.png"),
        )
        assert read(body)["one"][3] == b"x"


class TestBadForm:
    """Each is a 400 that says what is wrong, and no file is left."""

    GOOD = json.dumps({"query": QUERY, "variables": {"one": None, "files": [None]}}).encode()

    @pytest.mark.parametrize(
        ("operations", "words"),
        [
            (b"", "operations is not valid JSON"),
            (b"{", "operations is not valid JSON"),
            (b"\xff\xfe", "operations is not valid JSON"),
            (b'{"query": NaN}', "operations is not valid JSON"),
            (b"[" * 100_000, "operations is not valid JSON"),
            (b'{"query": "\\u0000"}', "operations holds a NUL"),
            (b"7", "operations is not a JSON object"),
            (b"null", "operations is not a JSON object"),
            (b'[{"query": "{ __typename }"}]', "batching is off"),
            (b"{}", "has no query"),
            (b'{"query": 7}', "query is not a string"),
            (b'{"query": "x", "variables": 7}', "variables is not an object"),
        ],
    )
    def test_operations(self, temporary: list[Any], operations: bytes, words: str) -> None:
        refused = refusal(body_of(part("operations", operations), part("map", b"{}")))
        assert refused.status == 400
        assert words in refused.message

    @pytest.mark.parametrize(
        ("places", "words"),
        [
            (b"", "map is not valid JSON"),
            (b"nonsense", "map is not valid JSON"),
            (b"[]", "map is not a JSON object"),
            (b"null", "map is not a JSON object"),
            (b'{"0": "variables.one"}', "not a list of texts"),
            (b'{"0": null}', "not a list of texts"),
            (b'{"0": [7]}', "not a list of texts"),
            (b'{"0": ["query"]}', "does not begin with variables"),
            (b'{"0": ["variables"]}', "does not begin with variables"),
            (b'{"0": [""]}', "does not begin with variables"),
            (b'{"0": ["0.variables.one"]}', "does not begin with variables"),
            (b'{"0": ["variables.two"]}', "leads nowhere"),
            (b'{"0": ["variables.one.more"]}', "leads nowhere"),
            (b'{"0": ["variables."]}', "leads nowhere"),
            (b'{"0": ["variables.files.1"]}', "leads nowhere"),
            (b'{"0": ["variables.files.-1"]}', "leads nowhere"),
            (b'{"0": ["variables.files.\xc2\xb2"]}', "leads nowhere"),
            (b'{"0": ["variables.files.999999999999999999"]}', "leads nowhere"),
            (b'{"0": ["variables.files.length"]}', "leads nowhere"),
            (b'{"0": ["variables.' + b"x." * 5_000 + b'x"]}', "leads nowhere"),
            (b'{"0": ["variables.__class__"]}', "leads nowhere"),
            (b'{"0": ["variables.files"]}', "does not lead to null"),
            (b'{"0": ["variables.one", "variables.one"]}', "lead to the same place"),
            (b'{"0": ["variables.one"], "1": ["variables.one"]}', "lead to the same place"),
            (b'{"0": ["variables.files.0", "variables.files.00"]}', "lead to the same place"),
            (b'{"1": ["variables.one"]}', "no file '1'"),
        ],
    )
    def test_map(self, temporary: list[Any], places: bytes, words: str) -> None:
        body = body_of(
            part("operations", self.GOOD), part("map", places), part("0", b"x", filename="x")
        )
        refused = refusal(body)
        assert (refused.status, refused.code) == (400, "BAD_USER_INPUT")
        assert words in refused.message
        assert len(refused.message) < 200

    @pytest.mark.parametrize(
        ("parts", "words"),
        [
            ([], "no part operations"),
            ([part("operations", GOOD)], "no part map"),
            ([part("map", b"{}")], "operations is not there yet"),
            ([part("0", b"x", filename="x")], "operations is not there yet"),
            ([part("operations", GOOD), part("0", b"x", filename="x")], "map is not there yet"),
            ([part("operations", GOOD), part("operations", GOOD)], "map is not there yet"),
            (
                [
                    part("operations", GOOD),
                    part("map", b'{"0": ["variables.one"]}'),
                    *[part("0", b"x", filename="x")] * 2,
                ],
                "there twice",
            ),
            (
                # A part without a file name is no file.
                [
                    part("operations", GOOD),
                    part("map", b'{"0": ["variables.one"]}'),
                    part("0", b"x"),
                ],
                "no file '0'",
            ),
        ],
    )
    def test_parts(self, temporary: list[Any], parts: list[bytes], words: str) -> None:
        refused = refusal(body_of(*parts))
        assert (refused.status, refused.code) == (400, "BAD_USER_INPUT")
        assert words in refused.message

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"x",
            b"--shop",
            b"--other\r\n\r\n--other--",
            b"--shop\r\n",
            b"--shop\r\n\r\n",
            b"--shop\r\nContent-Disposition: form-data\r\n\r\n\r\n--shop--",
            b"--shop\r\nContent-Disposition: attachment; name=operations\r\n\r\n{}\r\n--shop--",
            b"--shop\r\nContent-Disposition form-data\r\n\r\n\r\n--shop--",
            b"--shop\r\n: x\r\n\r\n\r\n--shop--",
            b"--shop\r\n" + b"x" * 100_000,
            b"--shop\r\n" + b"A: b\r\n" * 1_000 + b"\r\n\r\n--shop--",
            body_of(part("operations", b"{}", encoding="base64")),
            body_of(part("operations", GOOD), part("map", b"{}"))[:-6],
            # Cut in the middle of a file.
            upload_of(QUERY, {"one": None}, {"0": ["variables.one"]}, **{"0": b"x" * 99})[:-60],
        ],
    )
    def test_bytes(self, temporary: list[Any], body: bytes) -> None:
        refused = refusal(body)
        assert (refused.status, refused.code) == (400, "BAD_USER_INPUT")

    @pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "x" * 300])
    def test_boundary(self, boundary: str) -> None:
        refused = refusal(b"", content_type=f"multipart/form-data{boundary}")
        assert "boundary" in refused.message

    @pytest.mark.parametrize("seed", range(4))
    def test_of_all_kinds(self, temporary: list[Any], seed: int) -> None:
        variables = {"one": None, "files": [None, None]}
        places = {"0": ["variables.one"], "1": ["variables.files.1"]}
        body = upload_of(QUERY, variables, places, **{"0": b"x" * 50, "1": b"\r\n--sho" * 9})
        random = Random(seed)
        for _ in range(200):
            with suppress(Refused):
                read(damaged(body, random), chunk=random.choice([1, 9, 1_000]))


class TestLimits:
    def test_of_the_whole_body(self, temporary: list[Any], settings: Any) -> None:
        body = upload_of(QUERY, {"one": None}, {"0": ["variables.one"]}, **{"0": b"x" * 500})
        settings.GRAPHQL_LIMITS = {**settings.GRAPHQL_LIMITS, "max_upload_bytes": len(body)}
        assert read(body)["one"][2] == 500
        refused = refusal(body + b"\n", chunk=100)
        assert (refused.status, refused.code) == (413, "LIMIT_EXCEEDED")
        assert refused.extensions == {"limit": "max_upload_bytes"}

    def test_of_what_is_no_file(self, temporary: list[Any], settings: Any) -> None:
        settings.GRAPHQL_LIMITS = {**settings.GRAPHQL_LIMITS, "max_body_bytes": 300}
        for body in (
            upload_of(f"{QUERY} # {'x' * 300}", {}, {}),
            upload_of(QUERY, {"one": None}, {"0": ["variables.one"] * 30}),
        ):
            assert refusal(body).extensions == {"limit": "max_body_bytes"}

    def test_of_the_number_of_files(self, temporary: list[Any], settings: Any) -> None:
        settings.GRAPHQL_LIMITS = {**settings.GRAPHQL_LIMITS, "max_upload_files": 2}
        empty: dict[str, list[str]] = {}
        assert read(upload_of(QUERY, {}, empty, a=b"", b=b"")) == {}
        for body in (
            upload_of(QUERY, {}, {"a": [], "b": [], "c": []}),
            upload_of(QUERY, {}, empty, a=b"", b=b"", c=b""),
        ):
            refused = refusal(body)
            assert (refused.status, refused.code) == (413, "LIMIT_EXCEEDED")
            assert refused.extensions == {"limit": "max_upload_files"}


class TestHead:
    def head(self, **headers: str) -> Head:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Head("POST", {"content-type": CONTENT_TYPE} | named, b"", None, HttpRequest)

    @pytest.mark.parametrize(
        "name", ["graphql_require_preflight", "apollo_require_preflight", "x_requested_with"]
    )
    def test_has_a_header_that_makes_browsers_ask(self, name: str) -> None:
        assert check_head(self.head(**{name: "1"})) == JSON
        with pytest.raises(Refused) as caught:
            check_head(self.head(**{name: ""}))
        assert (caught.value.status, caught.value.code) == (400, "BAD_USER_INPUT")
        assert "GraphQL-Require-Preflight: 1" in caught.value.message

    def test_may_announce_more_than_json_may_have(self) -> None:
        longest = 20_000_000
        assert check_head(self.head(content_length=f"{longest}", x_requested_with="x")) == JSON
        with pytest.raises(Refused) as caught:
            check_head(self.head(content_length=f"{longest + 1}", x_requested_with="x"))
        assert caught.value.extensions == {"limit": "max_upload_bytes"}


class TestView(TestCase):
    """Through Django's own stack."""

    def post(self, body: bytes, client: Client | None = None, **headers: str) -> Any:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return (client or self.client).generic(
            "POST", "/graphql", body, content_type=CONTENT_TYPE, headers=PREFLIGHT | headers
        )

    def test_answers_a_form(self) -> None:
        response = self.post(upload_of("{ __typename }", {}, {}))
        assert response.json()["data"] == {"__typename": "Query"}

    def test_refuses_a_file_that_is_wanted_nowhere_or_as_something_else(self) -> None:
        for query in (
            "query ($one: ID!) { node(id: $one) { id } }",
            "query ($one: String!) { product(slug: $one) { id } }",
            "query ($one: ProductFilter) { products(filter: $one) { totalCount } }",
            "query ($one: Int) { products(first: $one) { totalCount } }",
        ):
            body = upload_of(query, {"one": None}, {"0": ["variables.one"]}, **{"0": b"x"})
            response = self.post(body)
            assert response.status_code == 200
            (error,) = response.json()["errors"]
            assert error["extensions"]["code"] == "BAD_USER_INPUT"

    def test_refuses_a_file_in_what_may_hold_any_json(self) -> None:
        query = """mutation ($input: CheckoutCompleteInput!) {
          checkoutComplete(input: $input) { userErrors { code } }
        }"""
        given = {
            "cartToken": "x",
            "idempotencyKey": "x",
            "payment": {"provider": "manual", "data": {"a": [{"b": None}]}},
        }
        path = "variables.input.payment.data.a.0.b"
        response = self.post(upload_of(query, {"input": given}, {"0": [path]}, **{"0": b"x"}))
        (error,) = response.json()["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"

    def test_refuses_bad_forms(self) -> None:
        for body in (b"x", b"--shop\r\nx"):
            response = self.post(body)
            assert response.status_code == 400
            assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"

    def test_a_session_needs_its_csrf_token_too(self) -> None:
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(User.objects.create_user("ada@example.com"))
        browser.cookies["csrftoken"] = token = "a" * 32
        body = upload_of("{ __typename }", {}, {})
        assert self.post(body, browser).status_code == 403
        assert self.post(body, browser, X_CSRFToken=token).status_code == 200


class TestEndpoint(TransactionTestCase):
    """As uvicorn calls it."""

    def setUp(self) -> None:
        self.app = GraphQLApplication()
        self.addCleanup(lambda: asyncio.run(self.app.close()))

    def post(self, body: bytes | list[bytes], *, hang_up: bool = False, **headers: str) -> Reply:
        named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        preflight = {name.lower(): value for name, value in PREFLIGHT.items()}
        return reply(
            self.app,
            [body] if isinstance(body, bytes) else body,
            headers=HEADERS | {"content-type": CONTENT_TYPE} | preflight | named,
            hang_up=hang_up,
        )

    def test_answers_a_form_that_comes_in_pieces(self) -> None:
        body = upload_of("{ __typename }", {}, {}, a=b"x" * 1_000)
        answer = self.post([body[start : start + 100] for start in range(0, len(body), 100)])
        assert json.loads(answer.body)["data"] == {"__typename": "Query"}

    def test_answers_no_form_by_a_stream(self) -> None:
        body = upload_of("subscription { jobUpdated(id: 1) { sequence } }", {}, {})
        assert self.post(body, accept="text/event-stream").status == 406
        assert self.post(body).code == "BAD_USER_INPUT"

    def test_refuses_bad_forms_as_soon_as_it_can(self) -> None:
        # The second piece would hang up: it must not be asked for.
        answer = self.post([b"--shop\r\nnonsense\r\n"], hang_up=True)
        assert (answer.status, answer.code) == (400, "BAD_USER_INPUT")

    def test_gives_up_bodies_that_do_not_come(self) -> None:
        for name in ("BODY_TIMEOUT_SECONDS", "UPLOAD_TIMEOUT_SECONDS"):
            patch = pytest.MonkeyPatch()
            patch.setattr(asgi, name, 0.01)
            receive = asyncio.Event().wait

            async def silent(scope: Any, _: Any, send: Any, receive: Any = receive) -> None:
                await self.app(scope, receive, send)

            headers = HEADERS | {"content-type": CONTENT_TYPE, "x-requested-with": "x"}
            assert reply(silent, headers=headers).status == 408
            patch.undo()

    def test_receives_only_so_many_at_once(self) -> None:
        body = upload_of("{ __typename }", {}, {})
        self.app._room_for_uploads = 0
        answer = self.post(body)
        assert (answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE")
        self.app._room_for_uploads = 1
        assert self.post(b"--shop\r\nnonsense").status == 400
        assert self.post(body, content_type="multipart/form-data").status == 400
        assert self.post(body).status == 200

    @override_settings(GRAPHQL_LIMITS={"max_upload_bytes": 100, "max_upload_files": 1})
    def test_refuses_a_body_as_soon_as_it_is_too_long(self) -> None:
        answer = self.post([b"x" * 60, b"x" * 60], hang_up=True)
        assert answer.status == 400
        padding = b"--shop\r\nContent-Disposition: form-data; name=operations\r\n\r\n"
        answer = self.post([padding, b"x" * 60], hang_up=True)
        assert (answer.status, answer.code) == (413, "LIMIT_EXCEEDED")

    def test_a_session_needs_its_csrf_token_too(self) -> None:
        self.client.force_login(User.objects.create_user("ada@example.com"))
        token = "a" * 32
        cookie = f"sessionid={self.client.cookies['sessionid'].value}; csrftoken={token}"
        body = upload_of("{ __typename }", {}, {})
        assert self.post(body, cookie=cookie).status == 403
        assert self.post(body, cookie=cookie, x_csrftoken=token).status == 200


class TestScalar:
    def test_takes_files_alone(self) -> None:
        file = UploadedFile()
        assert scalars.Upload.parse_value(file) is file
        for value in (None, "x", 7, {}, b"x"):
            with pytest.raises(GraphQLError, match="multipart/form-data"):
                scalars.Upload.parse_value(value)
        with pytest.raises(GraphQLError, match="multipart/form-data"):
            scalars.Upload.parse_literal(None)
        with pytest.raises(GraphQLError):
            scalars.Upload.serialize(file)
