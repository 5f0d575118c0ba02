from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client, TestCase, override_settings
from django.urls import path
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.users.conftest import PASSWORD
from users.models import User
from users.permissions import AllowAny, HasPermission, IsAuthenticated
from users.rest import permits, viewer_for_request
from users.services.sessions import log_in
from users.viewer import ANONYMOUS, Viewer

CUSTOMER = Viewer(user_id=1)
SUPPORT = Viewer(user_id=2, permissions=frozenset({"commerce.view_order"}))


@pytest.mark.parametrize(
    ("rule", "anonymous", "customer", "support", "required"),
    [
        (AllowAny(), True, True, True, None),
        (IsAuthenticated(), False, True, True, None),
        (HasPermission("commerce.view_order"), False, False, True, "commerce.view_order"),
        (HasPermission("catalog.view_stock"), False, False, False, "catalog.view_stock"),
    ],
    ids=repr,
)
def test_a_rule_allows(rule, anonymous, customer, support, required):
    answers = [rule.allows(viewer) for viewer in [ANONYMOUS, CUSTOMER, SUPPORT]]
    assert answers == [anonymous, customer, support]
    assert rule.required == required


class Who(APIView):
    permission_classes = [permits(IsAuthenticated())]

    def get(self, request):
        return Response({"user": viewer_for_request(request).user_id})

    post = get


class Users(Who):
    permission_classes = [permits(HasPermission("users.view_user"))]


class Open(Who):
    permission_classes = [permits(AllowAny())]


urlpatterns = [
    path("who", Who.as_view()),
    path("users", Users.as_view()),
    path("open", Open.as_view()),
]


@override_settings(ROOT_URLCONF=__name__)
class RestTests(TestCase):
    def setUp(self):
        self.ada = User.objects.create_user("ada@example.com", PASSWORD)

    def bearer(self, scheme: str = "Bearer") -> dict[str, str]:
        pair = log_in(email=self.ada.email, password=PASSWORD, address=None, now=timezone.now())
        return {"Authorization": f"{scheme} {pair.token}"}

    def test_a_token_opens_what_needs_an_account(self):
        for scheme in ["Bearer", "JWT"]:
            answer = self.client.get("/who", headers=self.bearer(scheme))
            assert answer.json() == {"user": self.ada.pk}

    def test_a_bad_token_is_answered_401_everywhere(self):
        for url in ["/who", "/open"]:
            answer = self.client.get(url, headers={"Authorization": "Bearer garbage"})
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.json()["detail"] == (
                "The access token is not valid. Log in to get a new one."
            )

    def test_no_token_is_answered_401_where_an_account_is_needed(self):
        answer = self.client.get("/who")
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert self.client.get("/open").json() == {"user": None}

    def test_a_missing_permission_is_answered_403_and_named(self):
        answer = self.client.get("/users", headers=self.bearer())
        assert answer.status_code == 403
        assert answer.json()["detail"] == "This needs the permission users.view_user."

    def test_a_permission_opens_by_token_and_by_session(self):
        self.ada.groups.create(name="helpers").permissions.set(
            [Permission.objects.get(codename="view_user")]
        )
        assert self.client.get("/users", headers=self.bearer()).status_code == 200
        self.client.force_login(self.ada)
        assert self.client.get("/users").json() == {"user": self.ada.pk}

    def test_a_session_must_prove_that_the_page_is_ours_and_a_token_needn_t(self):
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(self.ada)
        assert browser.get("/who").status_code == 200
        assert browser.post("/who").status_code == 403
        assert browser.post("/who", headers=self.bearer()).status_code == 200

    def test_a_token_costs_one_statement(self):
        headers = self.bearer()
        with self.assertNumQueries(1):
            self.client.get("/who", headers=headers)
