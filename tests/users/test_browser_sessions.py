from __future__ import annotations

import json
from typing import Any

from django.core.cache import cache
from django.test import Client, TestCase
from django.utils import timezone

from tests.users.conftest import PASSWORD
from users.models import BrowserSession, User
from users.services.passwords import change_password

URL = "/api/auth/session/"
ADA = {"email": "ADA@example.com", "password": PASSWORD}
VIEWER = {"query": "{ viewer { email } }"}


class TestBrowserSessions(TestCase):
    """A browser's page logs in by cookie, which GraphQL and REST then know it by."""

    def setUp(self) -> None:
        cache.clear()
        self.user = User.objects.create_user("ada@example.com", PASSWORD, first_name="Ada")
        self.browser = Client(enforce_csrf_checks=True)

    def send(self, method: str, url: str = URL, body: Any = None, *, token: str = "") -> Any:
        headers = {"X-CSRFToken": token} if token else {}
        data = "" if body is None else json.dumps(body)
        return self.browser.generic(
            method, url, data, content_type="application/json", headers=headers
        )

    def csrf_token(self) -> str:
        return self.send("GET").json()["csrf_token"]

    def log_in(self) -> str:
        answer = self.send("POST", body=ADA, token=self.csrf_token())
        assert answer.status_code == 200, answer.content
        return answer.json()["csrf_token"]

    def test_begin_serve_both_apis_and_end(self) -> None:
        before = self.send("GET")
        assert before.json()["user"] is None
        assert before.headers["Cache-Control"] == "no-store"
        token = self.log_in()
        shown = self.send("GET").json()["user"]
        assert shown == {
            "email": "ada@example.com",
            "first_name": "Ada",
            "last_name": "",
            "is_email_verified": False,
            "roles": [],
        }
        assert BrowserSession.objects.get().user == self.user
        viewer = self.send("POST", "/graphql", VIEWER, token=token).json()
        assert viewer["data"] == {"viewer": {"email": "ada@example.com"}}
        assert self.send("GET", "/api/orders/").status_code == 200
        ended = self.send("DELETE", token=token)
        assert ended.status_code == 204
        assert not BrowserSession.objects.exists()
        assert self.send("GET").json()["user"] is None
        assert self.send("GET", "/api/orders/").status_code == 401

    def test_cookie_is_out_of_reach_of_scripts_and_other_sites(self) -> None:
        self.log_in()
        cookie = self.browser.cookies["sessionid"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"

    def test_begin_and_end_with_a_csrf_token_alone(self) -> None:
        token = self.csrf_token()
        for wrong in ("", "x" * 32, token[:-1]):
            answer = self.send("POST", body=ADA, token=wrong)
            assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert not BrowserSession.objects.exists()
        self.log_in()
        assert self.send("DELETE").status_code == 403
        # The token from before the log-in, which another may have planted.
        assert self.send("DELETE", token=token).status_code == 403
        assert self.send("POST", "/graphql", VIEWER).status_code == 403
        assert BrowserSession.objects.exists()

    def test_begin_with_a_new_key(self) -> None:
        self.browser.cookies["sessionid"] = "planted-by-somebody-else-0123456"
        self.log_in()
        assert self.browser.cookies["sessionid"].value == BrowserSession.objects.get().session_key
        assert not BrowserSession.objects.filter(session_key__startswith="planted").exists()

    def test_are_refused_alike_whatever_is_wrong(self) -> None:
        User.objects.create_user("off@example.com", PASSWORD, is_active=False)
        token = self.csrf_token()
        answers = set()
        for email, password in (
            ("ada@example.com", "wrong"),
            ("nobody@example.com", PASSWORD),
            ("off@example.com", PASSWORD),
        ):
            answer = self.send("POST", body={"email": email, "password": password}, token=token)
            assert answer.status_code == 401
            answers.add(answer.content)
        assert len(answers) == 1
        for body in ({}, [], {"email": "", "password": ""}, {"email": {}, "password": 1}):
            assert self.send("POST", body=body, token=token).status_code == 400
        assert not BrowserSession.objects.exists()

    def test_share_the_throttle_of_log_ins(self) -> None:
        token = self.csrf_token()
        with self.settings(LOGIN_ATTEMPTS_PER_MINUTE=2):
            for _ in range(2):
                self.send("POST", body=ADA | {"password": "wrong"}, token=token)
            answer = self.send("POST", body=ADA, token=token)
        assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")

    def test_end_with_the_password_and_the_account(self) -> None:
        for end in (
            lambda: change_password(
                user_id=self.user.pk,
                current_password=PASSWORD,
                new_password="staple battery horse",
                address=None,
                now=timezone.now(),
            ),
            lambda: User.objects.update(is_active=False),
        ):
            User.objects.filter(pk=self.user.pk).update(is_active=True)
            self.user.refresh_from_db()
            self.user.set_password(PASSWORD)
            self.user.save()
            self.log_in()
            end()
            answer = self.browser.get("/graphql", VIEWER)
            assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
            assert self.send("GET").json()["user"] is None
            assert self.send("GET", "/api/orders/").status_code == 401
