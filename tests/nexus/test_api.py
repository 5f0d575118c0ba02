"""What all REST routes have in common, and the routes of nobody's app."""

from __future__ import annotations

import json
import re
from io import StringIO

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import DataError, OperationalError
from django.test import TestCase, override_settings
from django.urls import get_resolver, path
from rest_framework.response import Response
from rest_framework.views import APIView

from commerce.models import Cart
from tasks.errors import Rejected
from tests.nexus.test_rest_permissions import routes
from tests.rest import PASSWORD, RestTestCase
from users.models import RefreshSession
from users.permissions import AllowAny
from users.rest import permits

PRODUCTS = "/api/products/"
TOKEN = "/api/token/"
REFRESH = "/api/token/refresh/"
REVOKE = "/api/token/revoke/"


class Failing(APIView):
    """Raises what the test wants."""

    permission_classes = [permits(AllowAny())]
    error: Exception

    def get(self, request) -> Response:
        raise self.error


urlpatterns = [path("failing", Failing.as_view())]


@override_settings(ROOT_URLCONF=__name__)
class ProblemTests(RestTestCase):
    def answer_to(self, error: Exception):
        Failing.error = error
        return self.client.get("/failing")

    def test_what_nobody_expected_says_nothing_of_the_inside(self):
        with self.assertLogs("nexus.api.problems", "ERROR") as logs:
            answer = self.answer_to(RuntimeError("secret"))
        self.assert_problem(answer, 500, "INTERNAL_SERVER_ERROR")
        assert b"secret" not in answer.content
        assert "secret" in logs.output[0]

    def test_a_database_that_gives_up_is_a_matter_of_waiting(self):
        with self.assertLogs("nexus.api.problems", "WARNING"):
            answer = self.answer_to(OperationalError("canceling statement due to timeout"))
        self.assert_problem(answer, 503, "SERVICE_UNAVAILABLE")
        assert answer.headers["Retry-After"] == "1"
        assert b"canceling" not in answer.content

    def test_a_value_that_fits_no_column_is_the_caller_s(self):
        with self.assertLogs("nexus.api.problems", "WARNING"):
            answer = self.answer_to(DataError("integer out of range"))
        self.assert_problem(answer, 400, "BAD_USER_INPUT")

    def test_a_permission_that_a_service_misses(self):
        answer = self.answer_to(PermissionDenied("commerce.change_order"))
        self.assert_problem(answer, 403, "FORBIDDEN")

    def test_a_refusal_has_the_services_code_and_rest_s_names(self):
        for code, status in [
            ("REQUIRED", 400),
            ("INVALID", 400),
            ("NOT_FOUND", 400),
            ("PAYMENT_DECLINED", 402),
            ("ALREADY_EXISTS", 409),
            ("VERSION_CONFLICT", 409),
            ("VOUCHER_NOT_APPLICABLE", 409),
        ]:
            answer = self.answer_to(Rejected(code, "No.", field="lines.0.variantId"))
            problem = self.assert_problem(answer, status, code)
            assert problem["errors"] == [
                {"field": "lines.0.variant_id", "code": code, "message": "No."}
            ]

    def test_what_the_address_names_and_is_gone_is_404(self):
        for field in ["", "id", "number"]:
            answer = self.answer_to(Rejected("NOT_FOUND", "Gone.", field=field))
            self.assert_problem(answer, 404, "NOT_FOUND")


class RequestTests(RestTestCase):
    def test_an_address_that_is_none_is_404_by_any_method(self):
        for rest in ["", "/nothing/", "/products", "/products/1", "/products.json"]:
            address = f"/api{rest}"
            for method in ["get", "post", "put", "patch", "delete"]:
                answer = getattr(self.client, method)(address)
                self.assert_problem(answer, 404, "NOT_FOUND")

    def test_a_method_that_a_route_lacks_is_405(self):
        for address, method in [
            (PRODUCTS, "put"),
            (PRODUCTS, "delete"),
            (f"{PRODUCTS}1/", "post"),
            (TOKEN, "get"),
            ("/api/", "post"),
        ]:
            answer = getattr(self.client, method)(address)
            self.assert_problem(answer, 405, "METHOD_NOT_ALLOWED")
            assert answer.headers["Allow"]

    def test_options_names_the_methods(self):
        for address, methods in [
            (PRODUCTS, "GET, POST, HEAD, OPTIONS"),
            (f"{PRODUCTS}1/", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
            ("/api/orders/N-1/cancel/", "POST, OPTIONS"),
            (TOKEN, "POST, OPTIONS"),
        ]:
            with self.assertNumQueries(0):
                answer = self.client.options(address)
            assert answer.status_code == 200
            assert answer.headers["Allow"] == methods

    def test_only_json_is_read(self):
        headers = self.headers_of("manager@example.com", role="catalog_manager")
        for media_type in ["text/plain", "application/xml", "multipart/form-data; boundary=x"]:
            answer = self.client.generic(
                "POST", PRODUCTS, "name=x", content_type=media_type, headers=headers
            )
            self.assert_problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")

    def test_only_json_is_written(self):
        answer = self.client.get(PRODUCTS, headers={"Accept": "text/html"})
        self.assert_problem(answer, 406, "NOT_ACCEPTABLE")

    def test_what_other_pages_refuse_is_json_as_well(self):
        for address in ["/api/schema/", "/api/docs/", "/api/redoc/"]:
            self.assert_problem(self.client.post(address), 405, "METHOD_NOT_ALLOWED")
            answer = self.client.get(address, headers={"Accept": "image/png"})
            self.assert_problem(answer, 406, "NOT_ACCEPTABLE")

    def test_what_is_no_json_is_400(self):
        headers = self.headers_of("manager@example.com", role="catalog_manager")
        for body in [b"{", b"\xff", b'{"name": NaN}', b"[" * 200_000, b"9" * 10_000, b'"\\ud8"']:
            answer = self.client.generic(
                "POST", PRODUCTS, body, content_type="application/json", headers=headers
            )
            problem = self.assert_problem(answer, 400, "BAD_USER_INPUT")
            assert problem["detail"].startswith(("The body is not", "The JSON is nested"))

    def test_a_body_of_unknown_length_is_411_and_not_taken_for_none(self):
        answer = self.client.generic(
            "POST",
            "/api/carts/",
            content_type="application/json",
            headers={"Transfer-Encoding": "chunked"},
        )
        self.assert_problem(answer, 411, "LENGTH_REQUIRED")
        assert not Cart.objects.exists()

    @override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100)
    def test_a_body_has_a_limit(self):
        answer = self.client.post(TOKEN, {"email": "x" * 100, "password": "x"})
        self.assert_problem(answer, 413, "TOO_LARGE")

    def test_a_bad_token_is_401_with_the_reason_even_where_none_is_needed(self):
        answer = self.client.get(PRODUCTS, headers={"Authorization": "Bearer garbage"})
        assert self.assert_problem(answer, 401, "UNAUTHENTICATED")["reason"] == "TOKEN_INVALID"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    def test_a_browser_s_session_must_prove_that_the_page_is_ours(self):
        self.headers_of("manager@example.com", role="catalog_manager")
        browser = self.client_class(enforce_csrf_checks=True)
        assert browser.login(username="manager@example.com", password=PASSWORD)
        assert browser.get(PRODUCTS).status_code == 200
        self.assert_problem(browser.post(PRODUCTS, {"name": "Mug"}), 403, "FORBIDDEN")

    def test_the_root_names_the_lists(self):
        answer = self.client.get("/api/")
        lists = "products categories reviews carts orders messages notifications jobs imports"
        assert answer.json() == {name: f"http://testserver/api/{name}/" for name in lists.split()}


class TokenTests(RestTestCase):
    def log_in(self, password: str = PASSWORD, email: str = "ada@example.com"):
        return self.client.post(TOKEN, {"email": email, "password": password})

    def setUp(self):
        super().setUp()
        self.headers_of("ada@example.com")

    def test_a_log_in_opens_what_needs_an_account(self):
        answer = self.log_in()
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        pair = answer.json()
        assert set(pair) == {"token", "refresh_token", "payload", "refresh_expires_in"}
        headers = {"Authorization": f"Bearer {pair['token']}"}
        assert self.client.get("/api/orders/", headers=headers).status_code == 200

    def test_a_wrong_log_in_is_401(self):
        for answer in [self.log_in("wrong"), self.log_in(email="nobody@example.com")]:
            self.assert_problem(answer, 401, "INVALID_CREDENTIALS")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    @override_settings(LOGIN_ATTEMPTS_PER_MINUTE=2)
    def test_too_many_wrong_log_ins_are_429(self):
        answers = [self.log_in("wrong") for _ in range(4)]
        assert [answer.status_code for answer in answers[:2]] == [401, 401]
        self.assert_problem(answers[-1], 429, "RATE_LIMITED")
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60

    def test_a_log_in_needs_both(self):
        answer = self.client.post(TOKEN, {"email": "ada@example.com"})
        self.assert_problem(answer, 400, "REQUIRED", field="password")
        answer = self.client.post(REFRESH, {})
        self.assert_problem(answer, 400, "REQUIRED", field="refresh_token")
        answer = self.client.post(REVOKE, {"refresh_token": "a\0b"})
        self.assert_problem(answer, 400, "INVALID", field="refresh_token")

    def test_a_log_out_ends_the_tokens(self):
        pair = self.log_in().json()
        answer = self.client.post(REVOKE, {"refresh_token": pair["refresh_token"]})
        assert answer.status_code == 200
        assert answer.json()["revoked"] > 0
        headers = {"Authorization": f"Bearer {pair['token']}"}
        refused = self.client.get("/api/orders/", headers=headers)
        self.assert_problem(refused, 401, "UNAUTHENTICATED")
        unknown = self.client.post(REVOKE, {"refresh_token": "unknown"})
        problem = self.assert_problem(unknown, 401, "UNAUTHENTICATED")
        assert problem["reason"] == "TOKEN_INVALID"


@pytest.mark.django_db(transaction=True)
def test_a_refresh_gives_new_tokens_also_to_who_still_sends_an_old_one(client, django_user_model):
    django_user_model.objects.create_user("ada@example.com", PASSWORD)
    first = client.post(
        TOKEN, {"email": "ada@example.com", "password": PASSWORD}, "application/json"
    ).json()
    answer = client.post(
        REFRESH,
        {"refresh_token": first["refresh_token"]},
        "application/json",
        headers={"Authorization": "Bearer expired"},
    )
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != first["refresh_token"]
    assert RefreshSession.objects.count() == 2
    refused = client.post(REFRESH, {"refresh_token": "garbage"}, "application/json")
    assert (refused.status_code, refused.json()["reason"]) == (401, "TOKEN_INVALID")


class DocumentationTests(TestCase):
    def test_is_generated_without_a_warning_and_valid(self):
        out = StringIO()
        call_command(
            "spectacular", validate=True, fail_on_warn=True, format="openapi-json", stdout=out
        )
        document = json.loads(out.getvalue())
        assert document["openapi"].startswith("3.1")
        documented = {re.sub("{.+?}", "<>", path) for path in document["paths"]}
        undocumented = {"/api/", "/api/schema/", "/api/docs/", "/api/redoc/"}
        paths = {f"/api/{route.partition(' ')[2]}" for route in routes()}
        assert documented == {re.sub("<.+?>", "<>", path) for path in paths} - undocumented
        for operations in document["paths"].values():
            for operation in operations.values():
                assert operation["responses"]["default"] == {
                    "$ref": "#/components/responses/Problem"
                }
                if made := operation["responses"].get("201"):
                    assert set(made["headers"]) == {"Location", "ETag"}
                if "304" in operation["responses"]:
                    assert set(operation["responses"]["200"]["headers"]) == {"ETag"}
        problem = document["components"]["responses"]["Problem"]
        assert list(problem["content"]) == ["application/problem+json"]

    def test_says_of_each_operation_who_may_call(self):
        answer = self.client.get("/api/schema/", headers={"Accept": "application/json"})
        paths = json.loads(answer.content)["paths"]
        log_ins = [{"token": []}, {"cookieAuth": []}]
        assert paths["/api/products/"]["get"]["security"] == [*log_ins, {}]
        assert paths["/api/products/"]["post"]["security"] == log_ins
        assert paths["/api/token/"]["post"]["security"] == []

    def test_has_pages_of_our_own_files_where_nothing_else_runs(self):
        assert self.client.get("/api/schema/").status_code == 200
        for address, files in [("/api/docs/", "swagger-ui-dist"), ("/api/redoc/", "redoc")]:
            answer = self.client.get(address)
            page = answer.content.decode()
            assert f"/static/drf_spectacular_sidecar/{files}/" in page
            assert "https://" not in page.replace("https://github.com/swagger-api", "")
            assert "<script>" not in page
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'; script-src 'self'; " in policy


def test_every_route_declares_who_may_call():
    for pattern in _patterns(get_resolver("nexus.api.urls")):
        view = getattr(pattern.callback, "cls", None) or pattern.callback.view_class
        if view.__module__.startswith("drf_spectacular"):
            continue  # The documentation is for everybody.
        if actions := getattr(pattern.callback, "actions", None):
            assert set(actions.values()) <= set(view.rules), view
        else:
            assert "permission_classes" in vars(view), view


def _patterns(resolver):
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _patterns(pattern)
        else:
            yield pattern
