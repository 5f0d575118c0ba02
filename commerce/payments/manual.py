"""Payment outside the system: by bank transfer, on delivery or at the counter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commerce.models import Payment, PaymentOperation
from commerce.payments.provider import OperationOutcome, PaymentOutcome


class ManualProvider:
    """Nobody to call: the shop confirms the order and records the money when it has come."""

    name = "manual"
    is_offline = True

    def accept(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Nothing is needed."""
        return {}

    def start(self, *, payment: Payment) -> PaymentOutcome:
        """Answer that the money is still to come."""
        return PaymentOutcome(Payment.Status.PENDING)

    def confirm(self, *, payment: Payment, data: Mapping[str, Any]) -> PaymentOutcome:
        """Answer that the money is still to come."""
        return PaymentOutcome(Payment.Status.PENDING)

    def capture(self, *, operation: PaymentOperation) -> OperationOutcome:
        """Staff say that the money has come."""
        return OperationOutcome(is_done=True)

    def refund(self, *, operation: PaymentOperation) -> OperationOutcome:
        """Staff say that they have given it back."""
        return OperationOutcome(is_done=True)

    def cancel(self, *, payment: Payment) -> PaymentOutcome:
        """Nobody waits for the money any more."""
        return PaymentOutcome(Payment.Status.CANCELLED)
