"""What happens to an order after it was placed."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db.models import F

from catalog.services.stock import release
from commerce.models import Order, OrderEvent, OrderLine, Payment, Voucher, VoucherRedemption
from commerce.services.events import append_events
from commerce.services.transactions import in_transaction
from commerce.states import TRANSITIONS, OrderAction
from tasks.errors import Rejected
from users.viewer import Viewer

MAX_REASON = 400


def cancel_order(
    *,
    viewer: Viewer,
    token: str | None = None,
    number: str | None = None,
    reason: str = "",
    now: datetime,
) -> Order:
    """Cancel an order of which nothing was sent: its stock and vouchers are free again.

    Args:
        token: opens any order to whoever holds it.
        number: opens it to its owner and to staff.
        reason: goes into the order's history.

    Raises:
        PermissionDenied: for staff who may see the order but not change it.
        ValidationError: ``REQUIRED`` or ``INVALID`` on ``token``, ``INVALID`` on ``reason``,
            ``NOT_FOUND`` on ``token`` or ``number``, ``INVALID_TRANSITION``.
    """
    if len(reason) > MAX_REASON:
        raise Rejected("INVALID", f"Give at most {MAX_REASON} characters.", field="reason")

    def cancel() -> Order:
        order = _order_to_change(viewer, token=token, number=number)
        _move(order, OrderAction.CANCEL)
        Payment.objects.filter(order=order, status=Payment.Status.PENDING).update(
            status=Payment.Status.CANCELLED
        )
        message = f"The order was cancelled: {reason}" if reason else "The order was cancelled."
        append_events(order, (OrderEvent.Kind.CANCELLED, message), now=now)
        _give_back_stock(order)
        _give_back_vouchers(order)
        return order

    return in_transaction(cancel)


def find_order(*, viewer: Viewer, number: str, field: str = "number") -> Order:
    """The order of a number, where the viewer may see it.

    Args:
        field: the input's field that holds the number, for the error.

    Raises:
        ValidationError: ``NOT_FOUND`` on ``field``.
    """
    order = Order.objects.visible_to(viewer).filter(number=number).first()
    if order is None:
        raise Rejected("NOT_FOUND", "There is no such order.", field=field)
    return order


def _order_to_change(viewer: Viewer, *, token: str | None, number: str | None) -> Order:
    """Find the order that a caller names, where the caller may change it."""
    if (token is None) == (number is None):
        code = "REQUIRED" if token is None else "INVALID"
        raise Rejected(code, "Give either token or number.", field="token")
    if token is None:
        order = find_order(viewer=viewer, number=str(number))
    else:
        holder = viewer.holding(order_token=token)
        held = Order.objects.visible_to(holder).filter(token=token).first()
        if held is None:
            raise Rejected("NOT_FOUND", "There is no such order.", field="token")
        order = held
    is_owner = viewer.is_authenticated and order.user_id == viewer.user_id
    if token is None and not is_owner and not viewer.may("commerce.change_order"):
        raise PermissionDenied("commerce.change_order")
    return order


def _move(order: Order, action: OrderAction) -> None:
    """Bring an order into the action's target state, where the table allows it.

    The condition of the update decides, not what was read before it. The row stays locked until
    the transaction ends.
    """
    transition = TRANSITIONS[action]
    moved = Order.objects.filter(pk=order.pk, status__in=sorted(transition.sources)).update(
        status=transition.target
    )
    if not moved:
        order.refresh_from_db(fields=["status"])
        raise Rejected(
            "INVALID_TRANSITION", f"The order is {order.status}: {action} is not possible."
        )
    order.status = transition.target


def _give_back_stock(order: Order) -> None:
    """Release what was allocated to an order and not sent."""
    waiting = OrderLine.objects.filter(
        order=order, variant__isnull=False, quantity__gt=F("fulfilled")
    )
    release(
        quantities={
            line.variant_id: line.quantity - line.fulfilled for line in waiting if line.variant_id
        }
    )


def _give_back_vouchers(order: Order) -> None:
    """Undo an order's uses of vouchers."""
    redemptions = VoucherRedemption.objects.filter(order=order)
    used = sorted(redemptions.values_list("voucher", flat=True))
    for voucher_id in used:  # in the order in which checkout locks them
        Voucher.objects.filter(pk=voucher_id).update(used=F("used") - 1)
    redemptions.delete()
