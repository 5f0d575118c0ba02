"""What may be done with an order in which state, by whom: the one table.

Services enforce it by the ``WHERE`` of their updates, the APIs show it as ``allowedActions``.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from commerce.models import (
    Fulfillment,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentStatus,
    Return,
)
from commerce.payments import PROVIDERS

PENDING_PAYMENT, CONFIRMED = OrderStatus.PENDING_PAYMENT, OrderStatus.CONFIRMED
PARTIALLY_FULFILLED, FULFILLED = OrderStatus.PARTIALLY_FULFILLED, OrderStatus.FULFILLED
CANCELLED, EXPIRED = OrderStatus.CANCELLED, OrderStatus.EXPIRED


class OrderAction(models.TextChoices):
    """What somebody may do with an order."""

    CANCEL = "CANCEL"
    CAPTURE = "CAPTURE"
    REFUND = "REFUND"
    FULFILL = "FULFILL"
    DELIVER = "DELIVER"
    CANCEL_FULFILLMENT = "CANCEL_FULFILLMENT"
    REQUEST_RETURN = "REQUEST_RETURN"
    APPROVE_RETURN = "APPROVE_RETURN"
    REJECT_RETURN = "REJECT_RETURN"
    RECEIVE_RETURN = "RECEIVE_RETURN"


class SystemAction(models.TextChoices):
    """What the shop does on its own."""

    CONFIRM = "CONFIRM"
    EXPIRE = "EXPIRE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A part of an order, a parcel or a return, goes from any of its sources to its target."""

    part: type[Fulfillment] | type[Return]
    sources: frozenset[str]
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """An action, possible in any of its sources, leads to one of its targets.

    Attributes:
        sources: the order's states in which it is possible.
        targets: the states that it can lead to; none where the order stays as it is. Of several,
            how much was sent decides.
        payment: the states of the money in which it is possible; None: in any.
        payments: the condition on the order's payments, of which one must fulfil it.
        move: the part of the order that moves, of which there must be one.
        lines: the condition on the order's lines, of which one must fulfil it.
        permission: what staff need for it; None where no person does it.
        by_customer: whether the order's owner may, and whoever holds its token.
    """

    sources: frozenset[OrderStatus]
    targets: frozenset[OrderStatus] = frozenset()
    payment: frozenset[PaymentStatus] | None = None
    payments: Q | None = None
    move: Move | None = None
    lines: Q | None = None
    permission: str | None = None
    by_customer: bool = False

    @property
    def target(self) -> OrderStatus:
        """The state that it leads to, of an action that has only one."""
        (target,) = self.targets
        return target

    @property
    def in_state(self) -> Q:
        """The condition on the order's own row."""
        condition = Q(status__in=sorted(self.sources))
        if self.payment is not None:
            condition &= Q(payment_status__in=sorted(self.payment))
        return condition

    @property
    def possible(self) -> Q:
        """The condition on an ``Order`` and its parts under which it can be done at all."""
        condition = self.in_state
        if self.move is not None:
            parts = self.move.part.objects.filter(
                order=OuterRef("pk"), status__in=sorted(self.move.sources)
            )
            condition &= Q(Exists(parts))
        if self.lines is not None:
            condition &= Q(Exists(OrderLine.objects.filter(self.lines, order=OuterRef("pk"))))
        if self.payments is not None:
            condition &= Q(Exists(Payment.objects.filter(self.payments, order=OuterRef("pk"))))
        return condition


_SENT = frozenset({PARTIALLY_FULFILLED, FULFILLED})

# Of these payments something is left to capture or to give back: in SQL what `left_to_capture` and
# `left_to_refund` of `commerce.services.payments.operations` say of one.
_TAKEN = F("captured") + F("capturing")
_OFFLINE = [name for name, provider in PROVIDERS.items() if provider.is_offline]
_CAPTURABLE = Q(is_superseded=False) & (
    Q(status=Payment.Status.AUTHORIZED, authorized__gt=_TAKEN)
    | Q(
        provider__in=_OFFLINE,
        status__in=[Payment.Status.PENDING, Payment.Status.AUTHORIZED],
        amount__gt=_TAKEN,
    )
)
_REFUNDABLE = Q(captured__gt=F("refunded") + F("refunding"))


def _parcel(target: Fulfillment.Status) -> Move:
    return Move(part=Fulfillment, sources=frozenset({Fulfillment.Status.SHIPPED}), target=target)


def _return(*sources: Return.Status, target: Return.Status) -> Move:
    return Move(part=Return, sources=frozenset(sources), target=target)


TRANSITIONS: dict[OrderAction | SystemAction, Transition] = {
    SystemAction.CONFIRM: Transition(
        sources=frozenset({PENDING_PAYMENT}), targets=frozenset({CONFIRMED})
    ),
    SystemAction.EXPIRE: Transition(
        sources=frozenset({PENDING_PAYMENT}),
        payment=frozenset({PaymentStatus.PENDING, PaymentStatus.FAILED}),
        targets=frozenset({EXPIRED}),
    ),
    OrderAction.CANCEL: Transition(
        sources=frozenset({PENDING_PAYMENT, CONFIRMED}),
        targets=frozenset({CANCELLED}),
        permission="commerce.change_order",
        by_customer=True,
    ),
    OrderAction.CAPTURE: Transition(
        sources=frozenset({CONFIRMED, PARTIALLY_FULFILLED, FULFILLED}),
        payments=_CAPTURABLE,
        permission="commerce.change_payment",
    ),
    # Wherever money has come: it may have come in part, or too late.
    OrderAction.REFUND: Transition(
        sources=frozenset(OrderStatus),
        payments=_REFUNDABLE,
        permission="commerce.change_payment",
    ),
    OrderAction.FULFILL: Transition(
        sources=frozenset({CONFIRMED, PARTIALLY_FULFILLED}),
        targets=_SENT,
        permission="commerce.add_fulfillment",
    ),
    OrderAction.DELIVER: Transition(
        sources=_SENT,
        move=_parcel(Fulfillment.Status.DELIVERED),
        permission="commerce.change_fulfillment",
    ),
    # What has come back, or is about to, was in a parcel that did leave.
    OrderAction.CANCEL_FULFILLMENT: Transition(
        sources=_SENT,
        targets=frozenset({CONFIRMED, PARTIALLY_FULFILLED}),
        move=_parcel(Fulfillment.Status.CANCELLED),
        permission="commerce.change_fulfillment",
    ),
    OrderAction.REQUEST_RETURN: Transition(
        sources=_SENT,
        lines=Q(fulfilled__gt=F("returning") + F("returned")),
        permission="commerce.add_return",
        by_customer=True,
    ),
    OrderAction.APPROVE_RETURN: Transition(
        sources=_SENT,
        move=_return(Return.Status.REQUESTED, target=Return.Status.APPROVED),
        permission="commerce.change_return",
    ),
    # An approved one as well: its goods may never arrive.
    OrderAction.REJECT_RETURN: Transition(
        sources=_SENT,
        move=_return(
            Return.Status.REQUESTED, Return.Status.APPROVED, target=Return.Status.REJECTED
        ),
        permission="commerce.change_return",
    ),
    OrderAction.RECEIVE_RETURN: Transition(
        sources=_SENT,
        move=_return(Return.Status.APPROVED, target=Return.Status.RECEIVED),
        permission="commerce.change_return",
    ),
}
