"""Making something that a client describes, once for each of the client's keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import models

from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.transactions import in_transaction
from users.viewer import Viewer


def create_once(
    model: type[models.Model],
    create: Callable[[], int],
    *,
    viewer: Viewer,
    operation: str,
    key: str | None,
    given: Mapping[str, Any],
) -> int:
    """Run ``create`` in a transaction for the first request of a key.

    Args:
        model: of the row that it makes.
        create: makes the row; returns its primary key.
        viewer: whose key it is.
        operation: the mutation's name.
        key: the client's key; None: any number of rows may be made.
        given: what the client asked for.

    Returns:
        The primary key of the row that this request or the first one made.

    Raises:
        Rejected: ``IDEMPOTENCY_CONFLICT``, ``INVALID`` or, where the row was deleted since,
            ``NOT_FOUND`` on ``idempotencyKey``; and whatever ``create`` refuses.
    """

    def effect() -> int:
        made: list[int] = []

        def make() -> dict[str, Any]:
            made.append(create())
            return {"made": made[0]}

        stored = once(
            actor=f"user:{viewer.user_id}",
            operation=operation,
            key=key,
            request={"given": given},
            effect=make,
        )
        rows: models.QuerySet = models.QuerySet(model)
        if not made and not rows.filter(pk=stored["made"]).exists():
            raise Rejected("NOT_FOUND", "That is gone by now.", field="idempotencyKey")
        return stored["made"]

    return in_transaction(effect)
