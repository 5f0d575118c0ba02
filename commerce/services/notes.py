"""What staff write about orders for each other."""

from __future__ import annotations

from datetime import datetime

from commerce.models import OrderNote
from commerce.services.transitions import actor_of, find_order
from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.transactions import in_transaction
from users.viewer import Viewer

MAX_BODY = 5_000


def create_order_note(
    *,
    viewer: Viewer,
    order_number: str,
    body: str,
    idempotency_key: str | None = None,
    now: datetime,
) -> OrderNote:
    """Write something down about an order, which its customer never sees.

    Args:
        viewer: staff; that they may is for the caller to have checked.
        body: plain text.
        idempotency_key: a repeat with the same key and arguments writes once.

    Raises:
        ValidationError: ``NOT_FOUND`` on ``orderNumber``, ``REQUIRED`` or ``INVALID`` on
            ``body``, ``INVALID`` on ``idempotencyKey``, ``IDEMPOTENCY_CONFLICT``.
    """
    body = body.strip()
    if not body:
        raise Rejected("REQUIRED", "Write something.", field="body")
    if len(body) > MAX_BODY:
        raise Rejected("INVALID", f"Write at most {MAX_BODY} characters.", field="body")

    def create() -> OrderNote:
        order = find_order(viewer=viewer, number=order_number, field="orderNumber")

        def effect() -> dict[str, int]:
            note = OrderNote.objects.create(
                order=order, author_id=viewer.user_id, body=body, created_at=now
            )
            return {"note": note.pk}

        made = once(
            actor=actor_of(viewer),
            operation="orderNoteCreate",
            key=idempotency_key,
            request={"order": order.pk, "body": body},
            effect=effect,
        )
        return OrderNote.objects.get(pk=made["note"])

    return in_transaction(create)
