"""Who presents which token, and for how long the answer is believed."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any
from unittest import mock

from django.conf import settings
from django.test import TransactionTestCase
from django.utils import timezone

from schema import callers
from schema.authentication import NOBODY, Caller
from schema.callers import Callers
from schema.http import Head
from schema.pool import Pool
from tests.schema.shop import PASSWORD
from users.models import User
from users.roles import ROLES
from users.services.roles import set_roles, sync_roles
from users.services.sessions import end_sessions, log_in, revoke_session


class CountingPool(Pool):
    """A pool that counts what it is asked."""

    statements = 0

    async def fetch(self, *args: Any) -> Any:
        self.statements += 1
        return await super().fetch(*args)


class TestCallers(TransactionTestCase):
    def setUp(self) -> None:
        self.pool = CountingPool(connections=1, waiting=0)
        self.callers = Callers(self.pool)
        self.user = User.objects.create_user("ada@example.com", PASSWORD)

    def tokens(self, **later: float) -> Any:
        now = timezone.now() + timedelta(**later)
        return log_in(email=self.user.email, password=PASSWORD, address=None, now=now)

    def identify(self, token: str | None = None, **headers: str) -> Caller | None:
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        head = Head("POST", headers, b"", None, mock.Mock())

        async def main() -> Caller | None:
            try:
                return await self.callers.identify(head)
            finally:
                self.pool.close()

        return asyncio.run(main())

    def viewer_id(self, token: str) -> int | None:
        caller = self.identify(token)
        return caller and caller.viewer.user_id

    def test_nobody_costs_no_statement(self) -> None:
        assert self.identify() is NOBODY
        assert self.identify(authorization="Basic Zm9vOmJhcg==") is NOBODY
        assert self.pool.statements == 0

    def test_a_session_is_left_to_djangos_way(self) -> None:
        assert self.identify(cookie="sessionid=whatever") is None

    def test_a_token_is_asked_for_once(self) -> None:
        token = self.tokens().token
        assert [self.viewer_id(token) for _ in range(3)] == [self.user.pk] * 3
        assert self.pool.statements == 1

    def test_a_caller_has_the_permissions_of_its_roles(self) -> None:
        self.user.is_superuser = True
        self.user.save()
        caller = self.identify(self.tokens().token)
        assert caller
        assert caller.viewer.may("catalog.change_product")

    def test_its_signature_is_checked_once(self) -> None:
        token = self.tokens().token
        with mock.patch.object(callers, "read_token", wraps=callers.read_token) as check:
            for _ in range(2):
                assert self.viewer_id(token) == self.user.pk
                self.a_second_passes()
        assert check.call_count == 1
        assert self.pool.statements == 2

    def test_a_token_that_is_not_ours_costs_no_statement(self) -> None:
        assert self.identify("garbage") is None
        assert self.identify(self.tokens(hours=-1).token) is None
        assert self.pool.statements == 0

    def test_a_token_is_not_believed_beyond_its_expiry(self) -> None:
        lifetime = settings.ACCESS_TOKEN_LIFETIME.total_seconds()
        token = self.tokens(seconds=1.5 - lifetime).token
        assert self.viewer_id(token) == self.user.pk
        time.sleep(1.6)
        with mock.patch.object(callers.time, "monotonic", return_value=0):  # asked just now
            assert self.identify(token) is None

    def test_who_is_revoked_is_refused_within_a_second(self) -> None:
        for revoke in (
            lambda tokens: revoke_session(refresh_token=tokens.refresh_token, now=timezone.now()),
            lambda tokens: end_sessions(user_id=self.user.pk, now=timezone.now()),
            lambda tokens: User.objects.update(is_active=False),
        ):
            tokens = self.tokens()
            assert self.viewer_id(tokens.token) == self.user.pk
            revoke(tokens)
            self.a_second_passes()
            assert self.identify(tokens.token) is None

    def test_a_role_is_had_and_lost_within_a_second(self) -> None:
        token = self.tokens().token
        sync_roles()  # Another test may have emptied the tables.
        root = User.objects.create_superuser("root@example.com", PASSWORD)
        for roles in ([], ["support"], ["catalog_manager"], []):
            set_roles(granter_id=root.pk, email="ada@example.com", roles=roles)
            self.a_second_passes()
            caller = self.identify(token)
            assert caller
            expected = frozenset().union(*[ROLES[role] for role in roles])
            assert caller.viewer.permissions == expected

    def test_remembers_a_bounded_number_of_tokens(self) -> None:
        first, second = self.tokens().token, self.tokens().token
        with mock.patch.object(callers, "KEPT_TOKENS", 1):
            for token in (first, second, first):
                assert self.viewer_id(token) == self.user.pk
        assert self.pool.statements == 3

    def a_second_passes(self) -> None:
        later = callers.time.monotonic() + 1
        self.enterContext(mock.patch.object(callers.time, "monotonic", return_value=later))


def test_an_answer_is_old_before_it_is_a_second_old() -> None:
    assert callers.BELIEVED_SECONDS < 1
