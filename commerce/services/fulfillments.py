"""Sending orders: parcels, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.services.shipping import ship, unship
from commerce.models import Fulfillment, FulfillmentLine, Order, OrderEvent, OrderLine
from commerce.services import shipping_notices
from commerce.services.events import append_events
from commerce.services.order_lines import (
    SEND,
    UNSEND,
    OrderLineInput,
    by_variant,
    count_lines,
    named_lines,
    refuse_malformed_lines,
)
from commerce.services.transitions import actor_of, find_order, lock_order, move_order, move_part
from commerce.states import OrderAction
from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.models import Job
from tasks.transactions import in_transaction
from users.viewer import Viewer

MAX_TRACKING_NUMBER = 100


@dataclass(frozen=True, slots=True)
class Shipment:
    """What sending made."""

    fulfillment: Fulfillment
    jobs: list[Job]


def create_fulfillment(
    *,
    viewer: Viewer,
    order_number: str,
    lines: Sequence[OrderLineInput] | None = None,
    tracking_number: str = "",
    idempotency_key: str | None = None,
    now: datetime,
) -> Shipment:
    """Send a parcel of an order: its goods leave the stock, and the customer is told.

    Args:
        viewer: staff; that they may is for the caller to have checked.
        lines: how many of which of the order's lines; None for all that is left.
        tracking_number: the carrier's, for the customer.
        idempotency_key: a repeat with the same key and arguments sends nothing more.

    Raises:
        ValidationError: ``NOT_FOUND`` on ``orderNumber`` or ``lines.N.orderLineId``, ``INVALID``
            on ``trackingNumber``, ``idempotencyKey`` or ``lines.N.quantity`` (more than is left),
            ``REQUIRED`` on ``lines``, ``IDEMPOTENCY_CONFLICT``, ``INVALID_TRANSITION``.
    """
    tracking_number = tracking_number.strip()
    if len(tracking_number) > MAX_TRACKING_NUMBER or not tracking_number.isprintable():
        raise Rejected(
            "INVALID",
            f"Give at most {MAX_TRACKING_NUMBER} printable characters.",
            field="trackingNumber",
        )
    if lines is not None:
        refuse_malformed_lines(lines)

    def send() -> Shipment:
        order = find_order(viewer=viewer, number=order_number, field="orderNumber")

        def effect() -> dict[str, Any]:
            fulfillment = _send(order, lines=lines, tracking_number=tracking_number, now=now)
            shipping_notices.enqueue_notice(fulfillment)
            return {"fulfillment": fulfillment.pk}

        made = once(
            actor=actor_of(viewer),
            operation="fulfillmentCreate",
            key=idempotency_key,
            request={
                "order": order.pk,
                "lines": None
                if lines is None
                else [[line.order_line_id, line.quantity] for line in lines],
                "tracking_number": tracking_number,
            },
            effect=effect,
        )
        fulfillment = Fulfillment.objects.select_related("order").get(pk=made["fulfillment"])
        jobs = Job.objects.filter(
            kind=shipping_notices.KIND, key=shipping_notices.job_key(fulfillment)
        )
        return Shipment(fulfillment=fulfillment, jobs=list(jobs))

    return in_transaction(send)


def deliver_fulfillment(*, viewer: Viewer, fulfillment_id: int, now: datetime) -> Fulfillment:
    """Record that a parcel has reached the customer.

    Args:
        viewer: staff; that they may is for the caller to have checked.

    Raises:
        ValidationError: ``NOT_FOUND`` or ``INVALID_TRANSITION`` on ``id``.
    """

    def deliver() -> Fulfillment:
        fulfillment = _find(viewer, fulfillment_id)
        order = fulfillment.order
        lock_order(order, OrderAction.DELIVER)
        move_part(fulfillment, OrderAction.DELIVER)
        append_events(
            order,
            (OrderEvent.Kind.DELIVERED, f"{_named(fulfillment)} was delivered."),
            now=now,
        )
        return fulfillment

    return in_transaction(deliver)


def cancel_fulfillment(*, viewer: Viewer, fulfillment_id: int, now: datetime) -> Fulfillment:
    """Undo a parcel that has not left after all: its goods are in stock, allocated to the order.

    Args:
        viewer: staff; that they may is for the caller to have checked.

    Raises:
        ValidationError: ``NOT_FOUND`` or ``INVALID_TRANSITION`` on ``id``, the latter also where
            a return is about some of its goods.
    """

    def cancel() -> Fulfillment:
        fulfillment = _find(viewer, fulfillment_id)
        order = fulfillment.order
        lock_order(order, OrderAction.CANCEL_FULFILLMENT)
        move_part(fulfillment, OrderAction.CANCEL_FULFILLMENT)
        parts = list(fulfillment.lines.select_related("order_line"))
        quantities = {part.order_line_id: part.quantity for part in parts}
        if not count_lines(order, quantities, UNSEND):
            raise Rejected("INVALID_TRANSITION", "The customer sends some of it back.", field="id")
        move_order(order, OrderAction.CANCEL_FULFILLMENT)
        append_events(
            order,
            (
                OrderEvent.Kind.FULFILLMENT_CANCELLED,
                f"{_named(fulfillment)} was not sent; we will send its goods again.",
            ),
            now=now,
        )
        unship(
            quantities=by_variant([(part.order_line, part.quantity) for part in parts]),
            reference=f"{_reference(fulfillment)}:cancelled",
            now=now,
        )
        return fulfillment

    return in_transaction(cancel)


def _send(
    order: Order, *, lines: Sequence[OrderLineInput] | None, tracking_number: str, now: datetime
) -> Fulfillment:
    lock_order(order, OrderAction.FULFILL)
    if lines is None:
        lines = [
            OrderLineInput(order_line_id=line.pk, quantity=_unsent(line))
            for line in OrderLine.objects.filter(order=order).order_by("pk")
            if _unsent(line)
        ]
    named = named_lines(order, lines, left=_unsent, words="to send")
    quantities = {line.order_line_id: line.quantity for line in lines}
    if not count_lines(order, quantities, SEND):
        raise Rejected("INVALID", "There is not so much left to send.", field="lines")
    fulfillment = Fulfillment.objects.create(
        order=order, tracking_number=tracking_number, created_at=now
    )
    FulfillmentLine.objects.bulk_create(
        FulfillmentLine(fulfillment=fulfillment, order_line=line, quantity=quantities[line.pk])
        for line in named
    )
    move_order(order, OrderAction.FULFILL)
    rest = "everything" if order.status == "FULFILLED" else "a part of it"
    tracking = f" Its tracking number is {tracking_number}." if tracking_number else ""
    append_events(
        order,
        (OrderEvent.Kind.FULFILLED, f"A parcel with {rest} is on its way.{tracking}"),
        now=now,
    )
    # What others may be waiting for comes last.
    ship(
        quantities=by_variant([(line, quantities[line.pk]) for line in named]),
        reference=_reference(fulfillment),
        now=now,
    )
    return fulfillment


def _find(viewer: Viewer, pk: int) -> Fulfillment:
    visible = Fulfillment.objects.visible_to(viewer).select_related("order")
    fulfillment = visible.filter(pk=pk).first()
    if fulfillment is None:
        raise Rejected("NOT_FOUND", "There is no such fulfillment.", field="id")
    return fulfillment


def _unsent(line: OrderLine) -> int:
    return line.quantity - line.fulfilled


def _named(fulfillment: Fulfillment) -> str:
    number = fulfillment.tracking_number
    return f"The parcel {number}" if number else "A parcel"


def _reference(fulfillment: Fulfillment) -> str:
    return f"fulfillment:{fulfillment.pk}"
