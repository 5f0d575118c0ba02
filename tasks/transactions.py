"""How a service runs its transaction."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction

Result = TypeVar("Result")

RETRIES = 3
# PostgreSQL's codes for "try again": serialization failure and deadlock; and for a row that went
# while it was being pointed to, which the next attempt will not find.
TRANSIENT = frozenset({"40001", "40P01", "23503"})
FIRST_PAUSE_SECONDS = 0.02


def in_transaction(effect: Callable[[], Result]) -> Result:
    """Run ``effect`` in a transaction, again where PostgreSQL asks for it.

    A deadlock or serialization failure is nobody's mistake, nor is a foreign key whose row was
    deleted between look-up and commit: the transaction is run again up to three times, after a
    pause that doubles and is random, so that the same two do not meet again. Inside a transaction
    of the caller's only the caller can repeat it, and the error passes.
    """
    for attempt in range(RETRIES + 1):
        try:
            with transaction.atomic():
                return effect()
        except (OperationalError, IntegrityError) as error:
            transient = getattr(error.__cause__, "pgcode", None) in TRANSIENT
            if not transient or connection.in_atomic_block or attempt == RETRIES:
                raise
        time.sleep(FIRST_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311
    raise AssertionError("unreachable: the last attempt returns or raises")
