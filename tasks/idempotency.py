"""The same request twice, one effect."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from tasks.errors import Rejected
from tasks.models import IdempotencyRecord

MAX_KEY_LENGTH = 200


def once(
    *,
    actor: str,
    operation: str,
    key: str | None,
    request: Mapping[str, Any],
    effect: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """Run ``effect`` for the first request of a key; give its repeats what the first one gave.

    The record is inserted before the effect, in one transaction with it: a second request with
    the same key, however close, waits at the unique constraint until the first has committed
    (then it repeats) or rolled back (then it is the first). A failed effect leaves no record.

    Args:
        actor: whose key it is, such as ``user:ID``, ``order:HASH`` or ``anyone``.
        operation: the mutation's name; a key of another operation is another key.
        key: the client's key; None runs the effect without a record.
        request: what was asked, as plain values; a repeat must ask the same.
        effect: makes the change and returns its primary keys as JSON values.

    Raises:
        Rejected: ``IDEMPOTENCY_CONFLICT`` where the key came with another request before,
            ``INVALID`` for a key that can't be one.
        TransactionManagementError: outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "The record belongs in the transaction of its effect: call once() inside atomic()."
        )
    if key is None:
        return effect()
    if not key.isprintable() or not 1 <= len(key) <= MAX_KEY_LENGTH:
        raise Rejected(
            "INVALID",
            f"An idempotency key has 1 to {MAX_KEY_LENGTH} printable characters.",
            field="idempotencyKey",
        )
    request_hash = _hash(request)
    # No savepoint, which would cost two statements: a caller that catches the effect's refusal
    # can't commit any more, and so keeps neither effect nor record.
    with transaction.atomic(savepoint=False):
        if _insert(actor, operation, key, request_hash):
            result = effect()
            _complete(actor, operation, key, result)
            return result
    record = IdempotencyRecord.objects.get(actor=actor, operation=operation, key=key)
    if record.request_hash != request_hash:
        raise Rejected(
            "IDEMPOTENCY_CONFLICT",
            "This idempotency key was used for another request; use a new key.",
            field="idempotencyKey",
        )
    return record.result


def _insert(actor: str, operation: str, key: str, request_hash: str) -> bool:
    """Insert the record; False where there is one. Waits for a racer's transaction to end.

    The ORM's insert that ignores conflicts does not tell whether it inserted.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tasks_idempotencyrecord"
            " (actor, operation, key, request_hash, result, created_at)"
            " VALUES (%s, %s, %s, %s, '{}', now()) ON CONFLICT DO NOTHING",
            [actor, operation, key, request_hash],
        )
        return cursor.rowcount == 1


def _complete(actor: str, operation: str, key: str, result: dict[str, Any]) -> None:
    """Write down what the effect made; every keyed request does, so without the ORM as above."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tasks_idempotencyrecord SET result = %s"
            " WHERE actor = %s AND operation = %s AND key = %s",
            [json.dumps(result, cls=DjangoJSONEncoder), actor, operation, key],
        )


def _hash(request: Mapping[str, Any]) -> str:
    canonical = json.dumps(
        request, cls=DjangoJSONEncoder, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()
