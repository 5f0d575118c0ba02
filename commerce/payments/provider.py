"""What checkout asks of a payment provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from commerce.models import Payment


@dataclass(frozen=True, slots=True)
class PaymentOutcome:
    """What came of asking a provider for a payment.

    Attributes:
        status: authorized, captured or failed; pending where the client or the provider must
            still do something.
        reference: the provider's own id of the payment.
        next_action: what the client must do: ``kind``, ``client_secret``, ``redirect_url``.
        reason: why it failed, in words for the buyer.
    """

    status: Payment.Status
    reference: str | None = None
    next_action: dict[str, Any] | None = None
    reason: str = ""


class PaymentProvider(Protocol):
    """Somebody who takes money.

    Attributes:
        name: what inputs and ``Payment.provider`` call it.
        is_offline: whether money comes outside the system, so that there is nothing to ask and
            an order is confirmed when it is placed.
    """

    name: str
    is_offline: bool

    def start(self, *, payment: Payment, data: Mapping[str, Any]) -> PaymentOutcome:
        """Ask for the payment's amount; called outside any transaction, perhaps repeatedly.

        ``payment.public_id`` is the provider's idempotency key. Never called where
        ``is_offline``.

        Args:
            data: what the client sent for the provider.
        """
        ...
