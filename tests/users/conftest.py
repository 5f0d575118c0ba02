from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from users.models import User
from users.services.sessions import TokenPair, log_in

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _no_attempts_so_far() -> Iterator[None]:
    """Attempts are counted in the cache, which outlives a test."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def now() -> datetime:
    """The present: a token's expiry is compared with the real clock."""
    return timezone.now()


@pytest.fixture
def make_user(db) -> Callable[..., User]:
    def make(email: str = "ada@example.com", *, role: str = "", **fields: Any) -> User:
        user = User.objects.create_user(email, PASSWORD, **fields)
        if role:
            user.groups.add(Group.objects.get(name=role))
        return user

    return make


@pytest.fixture
def tokens_of(now) -> Callable[..., TokenPair]:
    def tokens(user: User, *, at: datetime | None = None) -> TokenPair:
        return log_in(email=user.email, password=PASSWORD, address=None, now=at or now)

    return tokens


@pytest.fixture
def race(transactional_db) -> Callable[..., list[Any]]:
    """Run calls side by side, each on a connection of its own: their results or exceptions."""

    def run(*calls: Callable[[], Any]) -> list[Any]:
        together = threading.Barrier(len(calls))

        def start(call: Callable[[], Any]) -> Any:
            try:
                connection.ensure_connection()
                together.wait(timeout=20)
                return call()
            except Exception as error:  # noqa: BLE001 - it is the result
                return error
            finally:
                connection.close()

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(start, calls))

    return run
