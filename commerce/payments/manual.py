"""Payment outside the system: by bank transfer, on delivery or at the counter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commerce.models import Payment
from commerce.payments.provider import PaymentOutcome


class ManualProvider:
    """Nobody to call: the shop confirms the order and records the money when it has come."""

    name = "manual"
    is_offline = True

    def start(self, *, payment: Payment, data: Mapping[str, Any]) -> PaymentOutcome:
        """Answer that the money is still to come."""
        return PaymentOutcome(status=Payment.Status.PENDING)
