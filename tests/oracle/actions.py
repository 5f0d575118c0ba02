"""What may be done with an order, as the oracle reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from commerce import models
from tests.oracle.fields import Asking, resolver
from tests.oracle.sales import is_customers

# What staff need for each action, and whether customers may; when it is possible.
ACTIONS: dict[str, tuple[str, bool, Callable[[Any, Asking], bool]]] = {
    "CANCEL": (
        "commerce.change_order",
        True,
        lambda order, _: order.status in ("PENDING_PAYMENT", "CONFIRMED"),
    ),
    "CAPTURE": (
        "commerce.change_payment",
        False,
        lambda order, asking: (
            order.status in ("CONFIRMED", "PARTIALLY_FULFILLED", "FULFILLED")
            and any(capturable(payment) > 0 for payment in payments_of(order, asking))
        ),
    ),
    "REFUND": (
        "commerce.change_payment",
        False,
        lambda order, asking: any(
            payment.captured > payment.refunded + payment.refunding
            for payment in payments_of(order, asking)
        ),
    ),
    "FULFILL": (
        "commerce.add_fulfillment",
        False,
        lambda order, _: order.status in ("CONFIRMED", "PARTIALLY_FULFILLED"),
    ),
    "DELIVER": (
        "commerce.change_fulfillment",
        False,
        lambda order, asking: has_part(order, asking, models.Fulfillment, "SHIPPED"),
    ),
    "CANCEL_FULFILLMENT": (
        "commerce.change_fulfillment",
        False,
        lambda order, asking: has_part(order, asking, models.Fulfillment, "SHIPPED"),
    ),
    "REQUEST_RETURN": (
        "commerce.add_return",
        True,
        lambda order, asking: (
            is_sent(order)
            and any(
                line.fulfilled - line.returning - line.returned > 0
                for line in asking.shop.of(models.OrderLine, order=order.pk)
            )
        ),
    ),
    "APPROVE_RETURN": (
        "commerce.change_return",
        False,
        lambda order, asking: has_part(order, asking, models.Return, "REQUESTED"),
    ),
    "REJECT_RETURN": (
        "commerce.change_return",
        False,
        lambda order, asking: any(
            has_part(order, asking, models.Return, status) for status in ("REQUESTED", "APPROVED")
        ),
    ),
    "RECEIVE_RETURN": (
        "commerce.change_return",
        False,
        lambda order, asking: has_part(order, asking, models.Return, "APPROVED"),
    ),
}


def payments_of(order: Any, asking: Asking) -> Iterable[Any]:
    """All of its payments, whoever sees them."""
    return asking.shop.of(models.Payment, order=order.pk)


def capturable(payment: Any) -> Any:
    """How much of a payment can be captured."""
    is_manual = payment.provider == "manual"
    open_in = ("PENDING", "AUTHORIZED") if is_manual else ("AUTHORIZED",)
    if payment.is_superseded or payment.status not in open_in:
        return 0
    whole = payment.amount if is_manual else payment.authorized
    return whole - payment.captured - payment.capturing


def is_sent(order: Any) -> bool:
    """Whether something of it was sent."""
    return order.status in ("PARTIALLY_FULFILLED", "FULFILLED")


def has_part(order: Any, asking: Asking, model: Any, status: str) -> bool:
    """Whether one of its parcels or returns is in a state."""
    return is_sent(order) and status in [
        part.status for part in asking.shop.of(model, order=order.pk)
    ]


@resolver("Order.allowedActions")
def allowed_actions(order: Any, asking: Asking) -> list[str]:
    return [
        name
        for name, (permission, by_customer, is_possible) in ACTIONS.items()
        if (asking.viewer.may(permission) or (by_customer and is_customers(order, asking)))
        and is_possible(order, asking)
    ]
