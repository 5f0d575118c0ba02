"""Refresh tokens under real concurrency: threads, each with a connection of its own."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from tests.users.conftest import PASSWORD
from users.models import RefreshSession
from users.services.sessions import (
    REUSE_GRACE,
    TokenPair,
    log_in,
    refresh_session,
    revoke_session,
)
from users.tokens import InvalidToken

pytestmark = pytest.mark.concurrency

ROUNDS = 15


@pytest.fixture
def pair(transactional_db, make_user, tokens_of) -> TokenPair:
    return tokens_of(make_user())


def live() -> int:
    return RefreshSession.objects.filter(revoked_at=None).count()


def test_parallel_refreshes_all_succeed_in_one_family(race, pair, now):
    call = partial(refresh_session, refresh_token=pair.refresh_token, now=now)
    answers = race(*[call] * 8)
    assert all(isinstance(answer, TokenPair) for answer in answers)
    assert len({answer.refresh_token for answer in answers}) == 8
    assert RefreshSession.objects.values("family").distinct().count() == 1


def test_no_successor_escapes_when_reuse_and_refresh_meet(race, make_user, now):
    make_user()
    later = now + REUSE_GRACE + timedelta(seconds=1)
    for _ in range(ROUNDS):
        stolen = log_in(email="ada@example.com", password=PASSWORD, address=None, now=now)
        current = refresh_session(refresh_token=stolen.refresh_token, now=now)
        reuse, refresh = race(
            partial(refresh_session, refresh_token=stolen.refresh_token, now=later),
            partial(refresh_session, refresh_token=current.refresh_token, now=later),
        )
        assert isinstance(reuse, InvalidToken)
        assert isinstance(refresh, InvalidToken | TokenPair)
        assert live() == 0


def test_no_successor_escapes_when_log_out_and_refresh_meet(race, make_user, now):
    make_user()
    for _ in range(ROUNDS):
        pair = log_in(email="ada@example.com", password=PASSWORD, address=None, now=now)
        revoked, refresh = race(
            partial(revoke_session, refresh_token=pair.refresh_token, now=now),
            partial(refresh_session, refresh_token=pair.refresh_token, now=now),
        )
        assert revoked == int(now.timestamp())
        assert isinstance(refresh, InvalidToken | TokenPair)
        assert live() == 0


def test_reuse_from_many_sides_ends_the_family_without_deadlock(race, pair, now):
    current = refresh_session(refresh_token=pair.refresh_token, now=now)
    refresh_session(refresh_token=current.refresh_token, now=now)
    later = now + REUSE_GRACE + timedelta(seconds=1)
    answers = race(
        *[partial(refresh_session, refresh_token=pair.refresh_token, now=later)] * 4,
        *[partial(refresh_session, refresh_token=current.refresh_token, now=later)] * 4,
    )
    assert [type(answer) for answer in answers] == [InvalidToken] * 8
    assert live() == 0
