"""``/graphql`` as uvicorn calls it: raw ASGI messages in and out."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import uuid
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from asyncpg import QueryCanceledError
from django.db import connection, transaction
from django.test import TransactionTestCase, override_settings
from django.utils import timezone

from catalog.services.categories import create_category
from nexus.asgi import application, graphql
from schema import asgi, known
from schema.asgi import GraphQLApplication
from schema.execution import execute
from schema.pool import Pool
from schema.workers import Overloaded, Workers
from tasks.context import request_id
from users.models import User
from users.tokens import issue_token

QUERY = b'{"query": "{ __typename }"}'
HEADERS = {"host": "localhost", "content-type": "application/json"}


class Reply:
    """The messages that an application sent, as one HTTP response."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.messages = messages
        start, *rest = messages
        self.status: int = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        self.body = b"".join(message.get("body", b"") for message in rest)

    @property
    def code(self) -> str:
        code: str = json.loads(self.body)["errors"][0]["extensions"]["code"]
        return code


async def send_request(
    app: Any,
    body: list[bytes] | None = None,
    *,
    method: str = "POST",
    path: str = "/graphql",
    query_string: bytes = b"",
    headers: dict[str, str] | None = None,
    hang_up: bool = False,
) -> list[dict[str, Any]]:
    """Every message that ``app`` sends back for a body sent in these pieces."""
    pieces = [QUERY] if body is None else body
    incoming = [
        {"type": "http.request", "body": piece, "more_body": hang_up or piece is not pieces[-1]}
        for piece in pieces
    ]
    outgoing: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not incoming and not hang_up:
            await asyncio.Event().wait()
        return incoming.pop(0) if incoming else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        outgoing.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query_string,
        "headers": [
            (name.encode(), value.encode()) for name, value in (headers or HEADERS).items()
        ],
        "client": ("192.0.2.7", 40000),
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
    }
    await app(scope, receive, send)
    return outgoing


@pytest.fixture
def app() -> Iterator[GraphQLApplication]:
    running = GraphQLApplication()
    yield running
    asyncio.run(running.close())


def reply(app: Any, *args: Any, **kwargs: Any) -> Reply:
    return Reply(asyncio.run(send_request(app, *args, **kwargs)))


class TestRequest:
    def test_a_query_is_answered(self, app: GraphQLApplication) -> None:
        answer = reply(app)
        assert answer.status == 200
        assert json.loads(answer.body)["data"] == {"__typename": "Query"}
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.headers["content-length"] == str(len(answer.body))

    def test_a_body_may_come_in_pieces(self, app: GraphQLApplication) -> None:
        assert reply(app, [QUERY[:5], b"", QUERY[5:]]).status == 200

    def test_a_query_may_come_by_get(self, app: GraphQLApplication) -> None:
        answer = reply(app, [b""], method="GET", query_string=b"query=%7B__typename%7D")
        assert answer.status == 200

    def test_a_mutation_by_get_is_refused(self, app: GraphQLApplication) -> None:
        answer = reply(app, [b""], method="GET", query_string=b"query=mutation%7B__typename%7D")
        assert answer.status == 405
        assert answer.headers["allow"] == "POST"

    @override_settings(GRAPHIQL=True)
    def test_a_browser_gets_the_page(self, app: GraphQLApplication) -> None:
        answer = reply(app, [b""], method="GET", headers={**HEADERS, "accept": "text/html"})
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "content-security-policy" in answer.headers

    @pytest.mark.parametrize("host", ["evil.example", "localhost, evil.example", "local host", ""])
    def test_an_unknown_host_is_refused(self, app: GraphQLApplication, host: str) -> None:
        answer = reply(app, headers={**HEADERS, "host": host})
        assert (answer.status, answer.code) == (400, "BAD_USER_INPUT")

    def test_a_host_may_name_its_port(self, app: GraphQLApplication) -> None:
        assert reply(app, headers={**HEADERS, "host": "LOCALHOST:8123"}).status == 200

    def test_a_missing_host_is_refused(self, app: GraphQLApplication) -> None:
        assert reply(app, headers={"content-type": "application/json"}).status == 400

    @override_settings(GRAPHQL_LIMITS={"max_body_bytes": 100})
    def test_a_body_is_refused_as_soon_as_it_is_too_long(self, app: GraphQLApplication) -> None:
        # The third piece would hang up: it must not be asked for.
        answer = reply(app, [b"x" * 60, b"x" * 60], hang_up=True)
        assert (answer.status, answer.code) == (413, "LIMIT_EXCEEDED")

    def test_a_body_that_does_not_come_is_given_up(
        self, app: GraphQLApplication, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(asgi, "BODY_TIMEOUT_SECONDS", 0.01)

        async def silent(scope: Any, receive: Any, send: Any) -> None:
            await app(scope, asyncio.Event().wait, send)

        assert reply(silent).status == 408

    def test_a_client_that_hangs_up_gets_no_answer(self, app: GraphQLApplication) -> None:
        assert asyncio.run(send_request(app, [QUERY[:5]], hang_up=True)) == []

    def test_the_security_headers_are_djangos(self, app: GraphQLApplication) -> None:
        headers = reply(app).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert "strict-transport-security" not in headers

    @override_settings(SECURE_HSTS_SECONDS=60)
    def test_browsers_are_told_to_stay_with_https(self) -> None:
        app = GraphQLApplication()
        assert reply(app).headers["strict-transport-security"] == "max-age=60"
        asyncio.run(app.close())

    def test_every_answer_has_an_id(self, app: GraphQLApplication) -> None:
        chosen = reply(app, headers={**HEADERS, "x-request-id": "shop-42"})
        assert chosen.headers["x-request-id"] == "shop-42"
        for presented in ("two words", "x" * 65, "line\tbreak"):
            given = reply(app, [b"{"], headers={**HEADERS, "x-request-id": presented})
            assert given.status == 400
            assert given.headers["x-request-id"] not in (presented, "-")

    def test_the_core_learns_the_clients_address(self, app: GraphQLApplication) -> None:
        with mock.patch("schema.http.execute", wraps=execute) as core:
            assert reply(app).status == 200
        assert core.call_args.kwargs["address"] == "192.0.2.7"

    def test_a_failure_is_logged_under_the_requests_id(
        self,
        app: GraphQLApplication,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def broken(*args: Any, **kwargs: Any) -> None:
            logging.getLogger("test").warning("in the core as %s", request_id.get())
            raise ZeroDivisionError("secret detail")

        monkeypatch.setattr("schema.http.execute", broken)
        answer = reply(app, headers={**HEADERS, "x-request-id": "shop-42"})
        assert (answer.status, answer.code) == (500, "INTERNAL_SERVER_ERROR")
        assert b"secret" not in answer.body
        assert "in the core as shop-42" in caplog.text
        assert "ZeroDivisionError: secret detail" in caplog.text

    def test_a_failure_before_the_core_is_an_answer_too(
        self, app: GraphQLApplication, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*args: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(asgi, "read_request", broken)
        assert reply(app).status == 500


class TestWorkers:
    def test_a_request_without_room_is_turned_away_at_once(self) -> None:
        asyncio.run(self.fill_and_ask())

    async def fill_and_ask(self) -> None:
        workers = Workers("test", threads=1, waiting=1)
        gate = threading.Event()
        running, waiting = (asyncio.ensure_future(workers.run(gate.wait)) for _ in range(2))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await workers.run(gate.wait)
        # Who stops waiting leaves work behind, and so no room.
        running.cancel()
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await workers.run(gate.wait)
        gate.set()
        assert await waiting
        assert await workers.run(lambda: "room again") == "room again"
        await workers.close()

    def test_an_overloaded_endpoint_says_when_to_come_back(
        self, app: GraphQLApplication, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def full(work: Any) -> None:
            raise Overloaded

        monkeypatch.setattr(Workers, "run", lambda self, work: full(work))
        answer = reply(app)
        assert (answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE")
        assert answer.headers["retry-after"] == "1"


class TestKnownQueries(TransactionTestCase):
    """A query that ran before is answered on the event loop, and alike."""

    document = "query($slug: String!) { category(slug: $slug) { name } }"

    def setUp(self) -> None:
        self.app = GraphQLApplication()
        self.addCleanup(lambda: asyncio.run(self.app.close()))
        known.forget_all()
        for name in ("Chairs", "Tables"):
            create_category(name=name, slug=name.lower())

    def ask(self, slug: str, document: str | None = None, **headers: str) -> Reply:
        body = json.dumps({"query": document or self.document, "variables": {"slug": slug}})
        return reply(self.app, [body.encode()], headers={**HEADERS, **headers})

    def without_threads(self) -> Any:
        return mock.patch.object(Workers, "run", side_effect=AssertionError("a thread was used"))

    def test_it_takes_no_thread(self) -> None:
        first = self.ask("chairs")
        with self.without_threads():
            assert self.ask("chairs").body == first.body
            assert json.loads(self.ask("tables").body)["data"] == {"category": {"name": "Tables"}}
            assert self.ask("nothing").status == 200

    def test_its_answer_may_be_in_the_newer_media_type(self) -> None:
        self.ask("chairs")
        answer = self.ask("chairs", accept="application/graphql-response+json")
        assert answer.headers["content-type"].startswith("application/graphql-response+json")

    def test_a_caller_with_a_token_takes_none_either(self) -> None:
        user = User.objects.create_user("ada@example.com")
        token, _ = issue_token(user_id=user.pk, version=1, family=uuid.uuid4(), now=timezone.now())
        headers = {"authorization": f"Bearer {token}"}
        document = "query($slug: String!) { viewer { email } category(slug: $slug) { name } }"
        answers = [self.ask("chairs", document, **headers).body]
        with self.without_threads():
            answers.append(self.ask("chairs", document, **headers).body)
        assert answers[0] == answers[1]
        assert json.loads(answers[1])["data"]["viewer"] == {"email": user.email}
        assert json.loads(self.ask("chairs", document).body)["data"]["viewer"] is None

    def test_a_token_that_is_not_believed_is_told(self) -> None:
        document = "query($slug: String!) { jobs { totalCount } category(slug: $slug) { name } }"
        for _ in range(2):
            answer = self.ask("chairs", document, authorization="Bearer garbage")
            assert answer.code == "UNAUTHENTICATED"

    def test_variables_of_a_wrong_type_are_refused(self) -> None:
        self.ask("chairs")
        body = json.dumps({"query": self.document, "variables": {"slug": 7}}).encode()
        assert reply(self.app, [body]).code == "BAD_USER_INPUT"

    def test_a_thread_tries_again_where_the_connection_broke(self) -> None:
        first = self.ask("chairs")
        broken = mock.patch.object(Pool, "fetch", side_effect=ConnectionResetError("broken"))
        with broken, self.assertLogs("schema.asgi", "WARNING"):
            assert self.ask("chairs").body == first.body

    def test_a_statement_that_takes_too_long_is_not_tried_again(self) -> None:
        self.ask("chairs")
        slow = mock.patch.object(Pool, "fetch", side_effect=QueryCanceledError("too slow"))
        with slow, self.without_threads(), self.assertLogs("schema.asgi", "ERROR"):
            answer = self.ask("chairs")
        assert (answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE")

    def test_without_room_it_is_turned_away(self) -> None:
        self.ask("chairs")
        with mock.patch.object(Pool, "fetch", side_effect=Overloaded):
            answer = self.ask("chairs")
        assert answer.headers["retry-after"]
        assert answer.status == 503


class TestConnections(TransactionTestCase):
    """What a thread does with its own connection, seen from a second request."""

    def setUp(self) -> None:
        self.workers = Workers("test", threads=1, waiting=9)

    def tearDown(self) -> None:
        asyncio.run(self.workers.close())

    def run_in_thread(self, work: Any) -> Any:
        return asyncio.run(self.workers.run(work))

    @staticmethod
    def backend() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid: int = cursor.fetchone()[0]
            return pid

    def test_a_thread_keeps_its_connection(self) -> None:
        assert self.run_in_thread(self.backend) == self.run_in_thread(self.backend)

    def test_a_closed_pool_has_closed_its_connections_and_may_open_others(self) -> None:
        before = self.run_in_thread(self.backend)
        asyncio.run(self.workers.close())
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [before])
            assert cursor.rowcount == 0
        assert self.run_in_thread(self.backend) != before

    def test_a_statement_that_fails_costs_no_connection(self) -> None:
        before = self.run_in_thread(self.backend)
        with pytest.raises(Exception, match="division by zero"):
            self.run_in_thread(lambda: connection.cursor().execute("SELECT 1/0"))
        assert self.run_in_thread(self.backend) == before

    def test_a_connection_that_the_server_closed_is_replaced(self) -> None:
        before = self.run_in_thread(self.backend)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [before])
        with pytest.raises(Exception, match=r"terminat|closed"):
            self.run_in_thread(self.backend)
        assert self.run_in_thread(self.backend) != before

    def test_a_transaction_that_is_left_open_is_rolled_back(self) -> None:
        before = self.run_in_thread(self.backend)
        for leave_open in (
            lambda: transaction.set_autocommit(False),
            lambda: transaction.atomic().__enter__(),
        ):
            self.run_in_thread(leave_open)
            assert self.run_in_thread(transaction.get_autocommit)
            after = self.run_in_thread(self.backend)
            assert after != before
            before = after

    def test_statements_are_not_noted_for_ever(self) -> None:
        def ask_and_count() -> int:
            connection.force_debug_cursor = True
            self.backend()
            return len(connection.queries_log)

        assert self.run_in_thread(ask_and_count) == 1
        assert self.run_in_thread(ask_and_count) == 1


class TestSession(TransactionTestCase):
    """A browser that is logged in to Django's part of the site."""

    def setUp(self) -> None:
        self.app = GraphQLApplication()
        self.addCleanup(lambda: asyncio.run(self.app.close()))
        self.client.force_login(User.objects.create_user("ada@example.com"))
        self.session = f"sessionid={self.client.cookies['sessionid'].value}"

    def status(self, **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return reply(self.app, headers={**HEADERS, **named}).status

    def test_its_requests_need_its_csrf_token(self) -> None:
        token = "a" * 32
        cookie = f"{self.session}; csrftoken={token}"
        assert self.status(cookie=cookie, x_csrftoken=token) == 200
        assert self.status(cookie=cookie) == 403
        assert self.status(cookie=cookie, x_csrftoken="b" * 32) == 403
        assert self.status(cookie=self.session, x_csrftoken=token) == 403

    def test_its_requests_must_come_from_this_site(self) -> None:
        token = "a" * 32
        headers = {"cookie": f"{self.session}; csrftoken={token}", "x_csrftoken": token}
        assert self.status(**headers, origin="http://localhost") == 200
        assert self.status(**headers, origin="http://evil.example") == 403

    def test_a_session_that_nobody_is_logged_in_to_is_a_visitors(self) -> None:
        assert self.status(cookie="sessionid=outdated") == 200


class TestProject:
    """``nexus.asgi``: what goes where."""

    @pytest.fixture(autouse=True)
    def _ends(self) -> Iterator[None]:
        yield
        asyncio.run(graphql.close())

    def test_graphql_stands_in_front_of_django(self) -> None:
        for path in ("/graphql", "/graphql/"):
            assert reply(application, path=path).status == 200

    def test_everything_else_is_djangos(self) -> None:
        answer = reply(application, [b""], method="GET", path="/graphql/more")
        assert answer.status == 404
        assert answer.headers["Content-Type"].startswith("text/html")

    def test_static_files_are_served(self) -> None:
        answer = reply(application, [b""], method="GET", path="/static/graphiql_page/page.js")
        assert answer.status == 200
        assert b"GraphiQL" in answer.body

    def test_a_websocket_elsewhere_is_closed(self) -> None:
        scope = {"type": "websocket", "path": "/elsewhere", "headers": []}
        assert asyncio.run(self.converse(scope, "websocket.connect")) == [
            {"type": "websocket.close", "code": 1000}
        ]

    def test_a_server_may_start_and_stop(self) -> None:
        messages = asyncio.run(
            self.converse({"type": "lifespan"}, "lifespan.startup", "lifespan.shutdown")
        )
        assert [message["type"] for message in messages] == [
            "lifespan.startup.complete",
            "lifespan.shutdown.complete",
        ]

    async def converse(self, scope: dict[str, Any], *types: str) -> list[dict[str, Any]]:
        incoming = [{"type": name} for name in types]
        outgoing: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return incoming.pop(0)

        async def send(message: dict[str, Any]) -> None:
            outgoing.append(message)

        await application(scope, receive, send)
        return outgoing
