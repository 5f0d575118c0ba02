"""What the tests of REST share."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APITestCase

from users.models import User
from users.services.sessions import log_in

PASSWORD = "correct horse battery"


class RestTestCase(APITestCase):
    """Requests as somebody, and what their answers must look like."""

    def setUp(self) -> None:
        cache.clear()  # Log-in attempts are counted there.

    def headers_of(self, email: str, *, role: str = "") -> dict[str, str]:
        """The headers of an account with that role, made where it is missing."""
        user = User.objects.of_email(email).first() or User.objects.create_user(email, PASSWORD)
        if role:
            user.groups.add(Group.objects.get(name=role))
        pair = log_in(email=email, password=PASSWORD, address=None, now=timezone.now())
        return {"Authorization": f"Bearer {pair.token}"}

    def assert_problem(
        self, answer: Any, status: int, code: str, *, field: str | None = None
    ) -> dict[str, Any]:
        """The problem that ``answer`` is; ``field`` must be among those that it names."""
        assert answer.status_code == status, answer.content
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == status
        assert problem["code"] == code
        assert problem["title"]
        assert problem["detail"]
        if field is not None:
            assert (field, code) in [(each["field"], each["code"]) for each in problem["errors"]]
        return problem
