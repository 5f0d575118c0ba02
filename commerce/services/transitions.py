"""Finding an order to act on, and moving it by the table of ``commerce.states``."""

from __future__ import annotations

from hashlib import sha256
from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Case, Exists, F, OuterRef, Value, When

from commerce.models import Fulfillment, Order, OrderLine, OrderStatus, Return
from commerce.states import TRANSITIONS, OrderAction, SystemAction
from tasks.errors import Rejected
from users.viewer import Viewer

Part = TypeVar("Part", Fulfillment, Return)


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


def order_to_change(
    *, viewer: Viewer, action: OrderAction, token: str | None, number: str | None
) -> Order:
    """Find the order that a caller names by one of two keys, where the caller may do this with it.

    Args:
        action: one that customers may do.
        token: opens any order to whoever holds it.
        number: opens it to its owner and to staff.

    Raises:
        PermissionDenied: for staff who may see the order and not do this.
        ValidationError: ``REQUIRED`` or ``INVALID`` on ``token``, ``NOT_FOUND`` on either.
    """
    if (token is None) == (number is None):
        code = "REQUIRED" if token is None else "INVALID"
        raise Rejected(code, "Give either token or number.", field="token")
    if token is None:
        order = find_order(viewer=viewer, number=str(number))
        is_owner = viewer.is_authenticated and order.user_id == viewer.user_id
        permission = str(TRANSITIONS[action].permission)
        if not is_owner and not viewer.may(permission):
            raise PermissionDenied(permission)
        return order
    holder = viewer.holding(order_token=token)
    held = Order.objects.visible_to(holder).filter(token=token).first()
    if held is None:
        raise Rejected("NOT_FOUND", "There is no such order.", field="token")
    return held


def actor_of(viewer: Viewer, *, token: str | None = None) -> str:
    """Whose an idempotency key is: the account's, else of whoever holds the order's token."""
    if viewer.is_authenticated:
        return f"user:{viewer.user_id}"
    return f"order:{sha256((token or '').encode()).hexdigest()}"


def lock_order(order: Order, action: OrderAction | SystemAction) -> None:
    """Keep an order as it is until the transaction ends, where the table allows the action.

    Raises:
        ValidationError: ``INVALID_TRANSITION``.
    """
    locked = (
        Order.objects.select_for_update(no_key=True)
        .filter(TRANSITIONS[action].in_state, pk=order.pk)
        .values_list("status", "payment_status")
        .first()
    )
    if locked is None:
        raise _not_possible(order, action)
    order.status, order.payment_status = locked


def move_order(order: Order, action: OrderAction | SystemAction) -> None:
    """Bring an order into the action's target state, where the table allows it.

    The condition of the update decides, not what was read before it. The row stays locked until
    the transaction ends. Of several targets, how much of the lines was sent decides.

    Raises:
        ValidationError: ``INVALID_TRANSITION``.
    """
    transition = TRANSITIONS[action]
    target = Value(transition.target) if len(transition.targets) == 1 else _status_by_lines()
    moved = Order.objects.filter(transition.in_state, pk=order.pk).update(status=target)
    if not moved:
        raise _not_possible(order, action)
    order.refresh_from_db(fields=["status"])


def move_part(part: Part, action: OrderAction, **changes: object) -> Part:
    """Bring a parcel or a return into the action's target state, where the table allows it.

    Args:
        changes: further columns to set.

    Raises:
        ValidationError: ``INVALID_TRANSITION`` on ``id``.
    """
    move = TRANSITIONS[action].move
    if move is None:
        raise ValueError(f"{action} moves no part of an order.")
    moved = move.part.objects.filter(pk=part.pk, status__in=sorted(move.sources)).update(
        status=move.target, **changes
    )
    part.refresh_from_db()
    if not moved:
        raise Rejected(
            "INVALID_TRANSITION",
            f"It is {part.status}: {_words(action)} is not possible.",
            field="id",
        )
    return part


def _status_by_lines() -> Case:
    """The state that an order is in by how much of it was sent."""
    lines = OrderLine.objects.filter(order=OuterRef("pk"))
    return Case(
        When(~Exists(lines.filter(fulfilled__gt=0)), then=Value(OrderStatus.CONFIRMED)),
        When(
            Exists(lines.filter(fulfilled__lt=F("quantity"))),
            then=Value(OrderStatus.PARTIALLY_FULFILLED),
        ),
        default=Value(OrderStatus.FULFILLED),
    )


def _not_possible(order: Order, action: OrderAction | SystemAction) -> Rejected:
    order.refresh_from_db(fields=["status", "payment_status"])
    transition = TRANSITIONS[action]
    state = f"The order is {order.status}"
    if order.status in transition.sources:
        state = f"The order's payment is {order.payment_status}"
    return Rejected("INVALID_TRANSITION", f"{state}: {_words(action)} is not possible.")


def _words(action: OrderAction | SystemAction) -> str:
    return action.lower().replace("_", " ")
