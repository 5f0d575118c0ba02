"""Calling an order off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F

from catalog.services.stock import release
from commerce.models import Order, OrderEvent, OrderLine, Voucher, VoucherRedemption
from commerce.services.events import append_events
from commerce.services.payments.giving_back import give_up_payments
from commerce.services.transitions import actor_of, find_order, move_order, order_to_change
from commerce.states import OrderAction
from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.transactions import in_transaction
from users.viewer import Viewer

__all__ = ["cancel_order", "find_order", "give_back"]

MAX_REASON = 400


def cancel_order(
    *,
    viewer: Viewer,
    token: str | None = None,
    number: str | None = None,
    reason: str = "",
    idempotency_key: str | None = None,
    now: datetime,
) -> Order:
    """Cancel an order of which nothing was sent: its stock and vouchers are free again.

    Args:
        token: opens any order to whoever holds it.
        number: opens it to its owner and to staff.
        reason: goes into the order's history.
        idempotency_key: a repeat with the same key and arguments is no refusal.

    Raises:
        PermissionDenied: for staff who may see the order but not change it.
        ValidationError: ``REQUIRED`` or ``INVALID`` on ``token``, ``INVALID`` on ``reason`` or
            ``idempotencyKey``, ``NOT_FOUND`` on ``token`` or ``number``, ``IDEMPOTENCY_CONFLICT``,
            ``INVALID_TRANSITION``.
    """
    reason = plain_words(reason, field="reason")

    def cancel() -> Order:
        order = order_to_change(
            viewer=viewer, action=OrderAction.CANCEL, token=token, number=number
        )

        def effect() -> dict[str, Any]:
            move_order(order, OrderAction.CANCEL)
            give_up_payments(order)
            message = f"The order was cancelled: {reason}" if reason else "The order was cancelled."
            append_events(order, (OrderEvent.Kind.CANCELLED, message), now=now)
            give_back(order)
            return {"order": order.pk}

        once(
            actor=actor_of(viewer, token=token),
            operation="orderCancel",
            key=idempotency_key,
            request={"order": order.pk, "reason": reason},
            effect=effect,
        )
        return order

    return in_transaction(cancel)


def plain_words(text: str, *, field: str) -> str:
    """What somebody wrote for a history, without blanks around it.

    Raises:
        ValidationError: ``INVALID`` on ``field`` where it is too long.
    """
    text = text.strip()
    if len(text) > MAX_REASON:
        raise Rejected("INVALID", f"Give at most {MAX_REASON} characters.", field=field)
    return text


def give_back(order: Order) -> None:
    """Free what an order that will not be sent took: its stock, then its uses of vouchers.

    To be called in the transaction that called the order off.
    """
    waiting = OrderLine.objects.filter(
        order=order, variant__isnull=False, quantity__gt=F("fulfilled")
    )
    release(
        quantities={
            line.variant_id: line.quantity - line.fulfilled for line in waiting if line.variant_id
        }
    )
    redemptions = VoucherRedemption.objects.filter(order=order)
    used = sorted(redemptions.values_list("voucher", flat=True))
    for voucher_id in used:  # in the order in which checkout locks them
        Voucher.objects.filter(pk=voucher_id).update(used=F("used") - 1)
    redemptions.delete()
