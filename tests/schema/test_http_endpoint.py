"""``/graphql`` through Django's own stack."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from unittest import mock

from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, TestCase, override_settings
from django.utils import timezone

from schema.authentication import identify
from schema.http import GRAPHQL_JSON, JSON
from users.models import User
from users.services.sessions import log_in

PASSWORD = "correct horse battery"


def errors(response: HttpResponse) -> list[tuple[str, str]]:
    return [
        (error["extensions"]["code"], error["message"])
        for error in json.loads(response.content)["errors"]
    ]


class EndpointTestCase(TestCase):
    def post(self, query: str, *, client: Client | None = None, **extra: Any) -> HttpResponse:
        return (client or self.client).post(
            "/graphql", {"query": query}, content_type=JSON, **extra
        )


class TestStatus(EndpointTestCase):
    def test_answers_a_query_in_plain_json(self) -> None:
        response = self.post("{ __typename }")
        assert response.status_code == 200
        assert response["Content-Type"] == "application/json; charset=utf-8"
        assert response["Cache-Control"] == "no-store"
        assert response["Vary"] == "Accept"
        assert json.loads(response.content)["data"] == {"__typename": "Query"}

    def test_answers_under_both_spellings_of_its_path(self) -> None:
        for path in ("/graphql", "/graphql/"):
            assert self.client.get(path, {"query": "{ __typename }"}).status_code == 200

    def test_answers_in_the_newer_media_type_to_who_accepts_it(self) -> None:
        response = self.post("{ __typename }", headers={"Accept": GRAPHQL_JSON})
        assert response.status_code == 200
        assert response["Content-Type"] == "application/graphql-response+json; charset=utf-8"

    def test_an_invalid_document_is_400_only_in_the_newer_media_type(self) -> None:
        for document in (
            "{",
            "{ nothingOfThisName }",
            "query A { __typename } query A { __typename }",
        ):
            newer = self.post(document, headers={"Accept": GRAPHQL_JSON})
            assert newer.status_code == 400
            assert "data" not in json.loads(newer.content)
            assert self.post(document).status_code == 200

    def test_malformed_json_is_400_in_either(self) -> None:
        for accept in (JSON, GRAPHQL_JSON):
            response = self.client.generic(
                "POST", "/graphql", '{ "not', content_type=JSON, headers={"Accept": accept}
            )
            assert response.status_code == 400
            assert response["Content-Type"].startswith(accept)
            assert errors(response)[0][0] == "BAD_USER_INPUT"

    def test_a_mutation_by_get_is_refused(self) -> None:
        response = self.client.get("/graphql", {"query": "mutation { __typename }"})
        assert response.status_code == 405
        assert response["Allow"] == "POST"

    def test_other_methods_are_refused(self) -> None:
        for method in ("HEAD", "OPTIONS", "PUT", "DELETE"):
            response = self.client.generic(method, "/graphql")
            assert response.status_code == 405
            assert response["Allow"] == "GET, POST"

    def test_a_form_is_refused(self) -> None:
        response = self.client.post("/graphql", {"query": "{ __typename }"})
        assert response.status_code == 400
        response = self.client.generic(
            "POST", "/graphql", "query=x", content_type="application/x-www-form-urlencoded"
        )
        assert response.status_code == 415

    @override_settings(GRAPHQL_LIMITS={"max_body_bytes": 4_000_000}, DATA_UPLOAD_MAX_MEMORY_SIZE=10)
    def test_the_limit_is_ours_not_djangos(self) -> None:
        body = json.dumps({"query": 1, "padding": "x" * 3_000_000})
        response = self.client.generic("POST", "/graphql", body, content_type=JSON)
        assert errors(response) == [("BAD_USER_INPUT", "The parameter query is not a string.")]

    def test_an_answer_carries_its_id(self) -> None:
        response = self.post("{ __typename }", headers={"X-Request-Id": "shop-42"})
        assert response["X-Request-Id"] == "shop-42"

    def test_a_failure_of_ours_tells_nothing_but_is_logged(self) -> None:
        for failure, status, code in (
            (ZeroDivisionError("secret detail"), 500, "INTERNAL_SERVER_ERROR"),
            (OperationalError("secret detail"), 503, "SERVICE_UNAVAILABLE"),
        ):
            # Nothing that a client sends should do this, so the core is replaced.
            core = mock.patch("schema.http.execute", side_effect=failure)
            with core, self.assertLogs("schema.http") as logs:
                response = self.post("{ __typename }")
            assert response.status_code == status
            assert errors(response)[0][0] == code
            assert b"secret" not in response.content
            assert "secret detail" in logs.output[0]
            assert "Traceback" in logs.output[0]


class TestGraphiql(TestCase):
    BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

    @override_settings(GRAPHIQL=True)
    def test_a_browser_gets_the_page_with_files_of_our_own_alone(self) -> None:
        response = self.client.get("/graphql", headers=self.BROWSER)
        assert response.status_code == 200
        page = response.content.decode()
        assert 'src="/static/graphiql/graphiql.min.js"' in page
        assert "://" not in page
        assert "{{" not in page
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy

    @override_settings(GRAPHIQL=False)
    def test_there_is_no_page_where_it_is_off(self) -> None:
        response = self.client.get("/graphql", headers=self.BROWSER)
        assert response.status_code == 400
        assert response["Content-Type"].startswith(JSON)


class TestCaller(EndpointTestCase):
    user: User
    token: str

    @classmethod
    def setUpTestData(cls) -> None:
        cls.user = User.objects.create_user("ada@example.com", PASSWORD)

    def token_of(self, *, age: timedelta = timedelta(0)) -> str:
        pair = log_in(
            email=self.user.email, password=PASSWORD, address=None, now=timezone.now() - age
        )
        return pair.token

    def test_an_anonymous_caller_costs_no_statement(self) -> None:
        with self.assertNumQueries(0):
            caller = identify(authorization="", cookie="theme=dark")
        assert not caller.viewer.is_authenticated
        assert caller.denial is None

    def test_a_token_is_believed_in_both_spellings(self) -> None:
        token = self.token_of()
        for scheme in ("Bearer", "JWT", "bearer"):
            with self.assertNumQueries(1):
                caller = identify(authorization=f"{scheme} {token}", cookie="")
            assert caller.viewer.user_id == self.user.pk
            assert not caller.is_by_cookie

    def test_a_token_that_is_not_believed_makes_anonymous_and_says_why(self) -> None:
        for header, reason in (
            (f"Bearer {self.token_of(age=timedelta(hours=1))}", "TOKEN_EXPIRED"),
            ("Bearer garbage", "TOKEN_INVALID"),
            ("Bearer \0\xff", "TOKEN_INVALID"),
            ("Bearer", "TOKEN_INVALID"),
        ):
            caller = identify(authorization=header, cookie="")
            assert not caller.viewer.is_authenticated
            assert caller.denial == reason

    def test_public_data_is_answered_whatever_the_token(self) -> None:
        response = self.post("{ __typename }", headers={"Authorization": "Bearer garbage"})
        assert response.status_code == 200
        assert "errors" not in json.loads(response.content)

    def test_a_session_is_believed(self) -> None:
        self.client.force_login(self.user)
        cookie = f"theme=dark; sessionid={self.client.cookies['sessionid'].value}"
        with self.assertNumQueries(1):
            caller = identify(authorization="", cookie=cookie)
        assert caller.viewer.user_id == self.user.pk
        assert caller.is_by_cookie
        assert identify(authorization="Basic eDp5", cookie=cookie).is_by_cookie

    def test_a_token_goes_before_the_session(self) -> None:
        self.client.force_login(self.user)
        cookie = f"sessionid={self.client.cookies['sessionid'].value}"
        caller = identify(authorization="Bearer garbage", cookie=cookie)
        assert not caller.viewer.is_authenticated
        assert caller.denial == "TOKEN_INVALID"


class TestCsrf(EndpointTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.user = User.objects.create_user("ada@example.com", PASSWORD)

    def setUp(self) -> None:
        self.browser = Client(enforce_csrf_checks=True)
        self.browser.force_login(self.user)
        self.csrf_token = "a" * 32
        self.browser.cookies["csrftoken"] = self.csrf_token

    def test_a_session_may_post_with_its_csrf_token(self) -> None:
        response = self.post(
            "{ __typename }", client=self.browser, headers={"X-CSRFToken": self.csrf_token}
        )
        assert response.status_code == 200

    def test_a_session_may_not_post_without_it(self) -> None:
        for headers in ({}, {"X-CSRFToken": "b" * 32}, {"X-CSRFToken": "short"}):
            response = self.post("{ __typename }", client=self.browser, headers=headers)
            assert response.status_code == 403
            assert errors(response)[0][0] == "FORBIDDEN"

    def test_a_session_may_not_post_from_another_site(self) -> None:
        headers = {"X-CSRFToken": self.csrf_token, "Origin": "https://evil.example"}
        response = self.post("{ __typename }", client=self.browser, headers=headers)
        assert response.status_code == 403

    def test_a_session_may_get_without_it(self) -> None:
        response = self.browser.get("/graphql", {"query": "{ __typename }"})
        assert response.status_code == 200

    def test_a_token_needs_none(self) -> None:
        token = log_in(
            email=self.user.email, password=PASSWORD, address=None, now=timezone.now()
        ).token
        response = self.post(
            "{ __typename }", client=self.browser, headers={"Authorization": f"Bearer {token}"}
        )
        assert response.status_code == 200

    def test_a_visitor_needs_none(self) -> None:
        visitor = Client(enforce_csrf_checks=True)
        visitor.cookies["sessionid"] = "outdated"
        assert self.post("{ __typename }", client=visitor).status_code == 200
