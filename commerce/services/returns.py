"""Goods that customers send back: asked for by the customer, decided and received by staff."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from catalog.services.shipping import restock as put_back
from commerce.models import Order, OrderEvent, OrderLine, Return, ReturnLine
from commerce.services.events import append_events
from commerce.services.order_lines import (
    ASK_BACK,
    LEAVE,
    TAKE_BACK,
    OrderLineInput,
    Step,
    by_variant,
    count_lines,
    named_lines,
    refuse_malformed_lines,
)
from commerce.services.orders import plain_words
from commerce.services.transitions import actor_of, lock_order, move_part, order_to_change
from commerce.states import OrderAction
from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.transactions import in_transaction
from users.viewer import Viewer


def request_return(
    *,
    viewer: Viewer,
    token: str | None = None,
    number: str | None = None,
    lines: Sequence[OrderLineInput],
    reason: str = "",
    idempotency_key: str | None = None,
    now: datetime,
) -> Return:
    """Ask to send goods back that were sent and are not yet coming back.

    Args:
        token: opens any order to whoever holds it.
        number: opens it to its owner and to staff.
        lines: how many of which of the order's lines.
        reason: the customer's words, for staff and the order's history.
        idempotency_key: a repeat with the same key and arguments asks once.

    Raises:
        PermissionDenied: for staff who may see the order and not add returns.
        ValidationError: ``REQUIRED`` or ``INVALID`` on ``token``, ``NOT_FOUND`` on ``token``,
            ``number`` or ``lines.N.orderLineId``, ``INVALID`` on ``reason``, ``idempotencyKey``
            or ``lines.N.quantity`` (more than was sent and stays), ``REQUIRED`` on ``lines``,
            ``IDEMPOTENCY_CONFLICT``, ``INVALID_TRANSITION``.
    """
    refuse_malformed_lines(lines)
    reason = plain_words(reason, field="reason")

    def request() -> Return:
        order = order_to_change(
            viewer=viewer, action=OrderAction.REQUEST_RETURN, token=token, number=number
        )
        made = once(
            actor=actor_of(viewer, token=token),
            operation="returnRequest",
            key=idempotency_key,
            request={
                "order": order.pk,
                "lines": [[line.order_line_id, line.quantity] for line in lines],
                "reason": reason,
            },
            effect=lambda: {"return": _request(order, lines, reason=reason, now=now).pk},
        )
        return Return.objects.select_related("order").get(pk=made["return"])

    return in_transaction(request)


def approve_return(*, viewer: Viewer, return_id: int, answer: str = "", now: datetime) -> Return:
    """Agree that goods come back; they are then waited for.

    Args:
        viewer: staff; that they may is for the caller to have checked.
        answer: the shop's words to the customer.

    Raises:
        ValidationError: ``NOT_FOUND`` or ``INVALID_TRANSITION`` on ``id``, ``INVALID`` on
            ``answer``.
    """
    answer = plain_words(answer, field="answer")

    def approve(asked: Return) -> str:
        return _with_words("Your return was approved; send the goods back", answer)

    return _move(viewer, return_id, OrderAction.APPROVE_RETURN, approve, now=now, answer=answer)


def reject_return(*, viewer: Viewer, return_id: int, answer: str = "", now: datetime) -> Return:
    """Refuse that goods come back, or wait no longer for them; they may be asked for again.

    Args:
        viewer: staff; that they may is for the caller to have checked.
        answer: the shop's words to the customer.

    Raises:
        ValidationError: ``NOT_FOUND`` or ``INVALID_TRANSITION`` on ``id``, ``INVALID`` on
            ``answer``.
    """
    answer = plain_words(answer, field="answer")

    def reject(asked: Return) -> str:
        _count(asked, LEAVE)
        return _with_words("Your return was declined", answer)

    return _move(viewer, return_id, OrderAction.REJECT_RETURN, reject, now=now, answer=answer)


def receive_return(
    *, viewer: Viewer, return_id: int, restock: bool = True, now: datetime
) -> Return:
    """Record that an approved return's goods have come back.

    Money is given back apart from this, by a refund.

    Args:
        viewer: staff; that they may is for the caller to have checked.
        restock: whether the goods can be sold again.

    Raises:
        ValidationError: ``NOT_FOUND`` or ``INVALID_TRANSITION`` on ``id``.
    """

    def receive(asked: Return) -> str:
        lines = _count(asked, TAKE_BACK)
        if restock:
            put_back(quantities=by_variant(lines), reference=f"return:{asked.pk}", now=now)
        return "We have received your return."

    return _move(
        viewer, return_id, OrderAction.RECEIVE_RETURN, receive, now=now, is_restocked=restock
    )


def _request(
    order: Order, lines: Sequence[OrderLineInput], *, reason: str, now: datetime
) -> Return:
    lock_order(order, OrderAction.REQUEST_RETURN)
    named = named_lines(order, lines, left=_returnable, words="to send back")
    quantities = {line.order_line_id: line.quantity for line in lines}
    if not count_lines(order, quantities, ASK_BACK):
        raise Rejected("INVALID", "There is not so much to send back.", field="lines")
    asked = Return.objects.create(order=order, reason=reason, created_at=now)
    ReturnLine.objects.bulk_create(
        ReturnLine(order_return=asked, order_line=line, quantity=quantities[line.pk])
        for line in named
    )
    count = sum(quantities.values())
    what = _with_words(
        f"A return of {count} {'item' if count == 1 else 'items'} was asked for", reason
    )
    append_events(order, (OrderEvent.Kind.RETURN_REQUESTED, what), now=now)
    return asked


_EVENTS = {
    OrderAction.APPROVE_RETURN: OrderEvent.Kind.RETURN_APPROVED,
    OrderAction.REJECT_RETURN: OrderEvent.Kind.RETURN_REJECTED,
    OrderAction.RECEIVE_RETURN: OrderEvent.Kind.RETURN_RECEIVED,
}


def _move(
    viewer: Viewer,
    pk: int,
    action: OrderAction,
    effect: Callable[[Return], str],
    *,
    now: datetime,
    **changes: Any,
) -> Return:
    """Move a return; ``effect`` does what belongs to it and says it to the customer."""

    def move() -> Return:
        asked = Return.objects.visible_to(viewer).select_related("order").filter(pk=pk).first()
        if asked is None:
            raise Rejected("NOT_FOUND", "There is no such return.", field="id")
        lock_order(asked.order, action)
        move_part(asked, action, **changes)
        message = effect(asked)
        append_events(asked.order, (_EVENTS[action], message), now=now)
        return asked

    return in_transaction(move)


def _count(asked: Return, step: Step) -> list[tuple[OrderLine, int]]:
    """Count a return's lines on the order's; they are there, since the return was asked for."""
    parts = list(asked.lines.select_related("order_line"))
    quantities = {part.order_line_id: part.quantity for part in parts}
    if not count_lines(asked.order, quantities, step):
        raise Rejected("INVALID_TRANSITION", "Its goods are not waited for.", field="id")
    return [(part.order_line, part.quantity) for part in parts]


def _returnable(line: OrderLine) -> int:
    return line.fulfilled - line.returning - line.returned


def _with_words(sentence: str, words: str) -> str:
    return f"{sentence}: {words}" if words else f"{sentence}."
