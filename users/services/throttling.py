"""How often a thing may fail in a minute, and how often it may be done at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.core.cache import cache

WINDOW = 60


class RateLimited(Exception):
    """Too many attempts failed; ``retry_after`` says for how many seconds to wait."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many attempts. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


@contextmanager
def attempt(action: str, *subjects: str | None, now: datetime) -> Iterator[None]:
    """Count the block as an attempt at ``action`` by each subject; one that succeeds is free.

    The count is raised first, so that parallel attempts can't slip under the limit, and lowered
    again where the block raises nothing. While the cache is down nobody is refused.

    Args:
        action: what is attempted, e.g. ``"log_in"``.
        subjects: who attempts it, e.g. an e-mail and a network address; None is not counted.
        now: the time, which selects the minute.

    Raises:
        RateLimited: a subject has used up ``settings.LOGIN_ATTEMPTS_PER_MINUTE``.
    """
    minute, second = divmod(int(now.timestamp()), WINDOW)
    keys = [_key("attempts", action, subject, minute) for subject in subjects if subject]
    counts = [_count(key, WINDOW) for key in keys]
    if any(count > settings.LOGIN_ATTEMPTS_PER_MINUTE for count in counts):
        raise RateLimited(WINDOW - second)
    yield
    for key in keys:
        with suppress(ValueError):  # The minute is over and the count is gone.
            cache.decr(key)


def spend(action: str, subject: str | None, *, limit: int, window: int, now: datetime) -> None:
    """Count something that may be done only so often, whether it succeeds or not.

    While the cache is down nobody is refused.

    Args:
        action: what is done, e.g. ``"mail"``.
        subject: who does it, or whom it is done to; None is not counted.
        limit: how often.
        window: in how many seconds.
        now: the time, which selects the window.

    Raises:
        RateLimited: the subject has used up the limit.
    """
    if subject is None:
        return
    number, second = divmod(int(now.timestamp()), window)
    if _count(_key("spent", action, subject, number), window) > limit:
        raise RateLimited(window - second)


def _key(kind: str, action: str, subject: str, window: int) -> str:
    return f"{kind}:{action}:{sha256(subject.encode(errors='replace')).hexdigest()}:{window}"


def _count(key: str, window: int) -> int:
    cache.add(key, 0, timeout=2 * window)
    try:
        return cache.incr(key) or 0  # None: the cache is down.
    except ValueError:  # Evicted between the two calls.
        return 1
