"""A provider for development that takes no money: a test card's number says what happens.

The numbers are those that Stripe's test mode gives a like meaning, where it has one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from commerce.models import Payment, PaymentOperation
from commerce.payments.provider import OperationOutcome, PaymentOutcome, ProviderUnavailable
from tasks.dispatch import NewJob, enqueue_many
from tasks.errors import Rejected

CARDS = {
    "4242424242424242": "SUCCEEDS",
    "4111111111111111": "IS_AUTHORIZED",
    "4000000000000002": "IS_DECLINED",
    "4000000000009995": "HAS_NO_FUNDS",
    "4000000000003220": "NEEDS_ACTION",
    "4000000000000119": "TIMES_OUT",
    "4000000000000077": "ANSWERS_TWICE",
    "4000000000005126": "CANNOT_BE_REFUNDED",
}
# The names by which clients may send a card.
NAMES = ("card", "cardNumber", "number")
# The job that tells an event, as a provider's webhook does.
EVENT = "commerce.receive_fake_event"


class FakeProvider:
    """Succeeds, declines, needs 3-D Secure, times out or answers twice, as the card says."""

    name = "fake"
    is_offline = False

    def accept(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What the card stands for; the number itself is not kept."""
        number = next((data[name] for name in NAMES if name in data), None)
        if number is None:
            raise Rejected(
                "REQUIRED", "Give a test card, such as 4242424242424242.", field="payment.data.card"
            )
        card = CARDS.get(re.sub(r"[ -]", "", number) if isinstance(number, str) else "")
        if card is None:
            raise Rejected(
                "INVALID",
                f"Give one of the test cards: {', '.join(CARDS)}.",
                field="payment.data.card",
            )
        return {"card": card}

    def start(self, *, payment: Payment) -> PaymentOutcome:
        """Answer as the card wants."""
        match payment.data["card"]:
            case "IS_DECLINED":
                return self._failed(payment, "The card was declined.")
            case "HAS_NO_FUNDS":
                return self._failed(payment, "The card has insufficient funds.")
            case "NEEDS_ACTION":
                action = {
                    "kind": "REDIRECT",
                    "client_secret": f"fake_{payment.public_id}_secret",
                    "redirect_url": f"https://bank.example.com/3ds/{payment.public_id}",
                }
                return PaymentOutcome(Payment.Status.PENDING, self._reference(payment), action)
            case "TIMES_OUT":
                raise ProviderUnavailable("The fake provider keeps its answer for the next call.")
            case "ANSWERS_TWICE":
                self._tell_twice(payment)
        return self._paid(payment)

    def confirm(self, *, payment: Payment, data: Mapping[str, Any]) -> PaymentOutcome:
        """Succeed after a time-out or 3-D Secure; ``{"result": "failed"}`` if the bank refused."""
        if payment.data["card"] == "TIMES_OUT":
            return self._paid(payment)
        if payment.next_action is None:
            return self.start(payment=payment)
        if data.get("result") == "failed":
            return self._failed(payment, "The bank did not authenticate the card.")
        return self._paid(payment)

    def capture(self, *, operation: PaymentOperation) -> OperationOutcome:
        """Always done, in as many parts as wanted."""
        return OperationOutcome(is_done=True)

    def refund(self, *, operation: PaymentOperation) -> OperationOutcome:
        """Done for all cards but one."""
        if operation.payment.data["card"] == "CANNOT_BE_REFUNDED":
            return OperationOutcome(is_done=False, reason="The card's bank refuses refunds.")
        return OperationOutcome(is_done=True)

    def cancel(self, *, payment: Payment) -> PaymentOutcome:
        """Always done."""
        return PaymentOutcome(Payment.Status.CANCELLED)

    def _paid(self, payment: Payment) -> PaymentOutcome:
        only_authorized = (
            settings.PAYMENT_CAPTURE == "manual" or payment.data["card"] == "IS_AUTHORIZED"
        )
        status = Payment.Status.AUTHORIZED if only_authorized else Payment.Status.CAPTURED
        return PaymentOutcome(status, self._reference(payment))

    def _failed(self, payment: Payment, reason: str) -> PaymentOutcome:
        return PaymentOutcome(Payment.Status.FAILED, self._reference(payment), reason=reason)

    def _reference(self, payment: Payment) -> str:
        return f"fake_{payment.public_id}"

    def _tell_twice(self, payment: Payment) -> None:
        """Have one and the same event come twice, beside the answer."""
        event = {"payment_id": str(payment.public_id), "external_id": self._reference(payment)}
        with transaction.atomic():
            enqueue_many([NewJob(kind=EVENT, kwargs=event) for _ in range(2)])
