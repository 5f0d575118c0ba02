"""What may be done with an order in which state: the one table.

Services enforce it by the ``WHERE`` of their updates, the APIs show it as ``allowedActions``.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models

from commerce.models import OrderStatus


class OrderAction(models.TextChoices):
    """What somebody may do with an order."""

    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Transition:
    """An action leads from any of its sources to its target."""

    sources: frozenset[OrderStatus]
    target: OrderStatus


TRANSITIONS: dict[OrderAction, Transition] = {
    OrderAction.CANCEL: Transition(
        sources=frozenset({OrderStatus.PENDING_PAYMENT, OrderStatus.CONFIRMED}),
        target=OrderStatus.CANCELLED,
    ),
}
