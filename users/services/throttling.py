"""How often a thing may fail in a minute."""

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
    keys = [
        f"attempts:{action}:{sha256(subject.encode(errors='replace')).hexdigest()}:{minute}"
        for subject in subjects
        if subject
    ]
    counts = [_count(key) for key in keys]
    if any(count > settings.LOGIN_ATTEMPTS_PER_MINUTE for count in counts):
        raise RateLimited(WINDOW - second)
    yield
    for key in keys:
        with suppress(ValueError):  # The minute is over and the count is gone.
            cache.decr(key)


def _count(key: str) -> int:
    cache.add(key, 0, timeout=2 * WINDOW)
    try:
        return cache.incr(key) or 0  # None: the cache is down.
    except ValueError:  # Evicted between the two calls.
        return 1
