"""Asking a provider what came of a payment: by the client, and by a job where an answer is lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from commerce.models import Payment
from commerce.payments import ProviderUnavailable, is_offline, provider_of
from commerce.services.payments.books import is_unwanted
from commerce.services.payments.recording import Recorded, record_outcome
from tasks.errors import Rejected, TryAgain

Status = Payment.Status


def confirm_payment(
    *, public_id: str, data: Mapping[str, Any], now: datetime, field: str = "paymentId"
) -> Recorded:
    """Go on with a payment after the client did what its provider asked of it.

    The payment's id is random: whoever received it from checkout may confirm it. One that is
    paid already is answered as it is; so is one whose provider does not answer now. One that is
    not wanted any more is not asked for: that might take the money.

    Args:
        public_id: the payment's public id.
        data: what the client sends for the provider.

    Raises:
        ValidationError: ``NOT_FOUND`` or ``INVALID_TRANSITION`` on ``field``;
            ``PAYMENT_DECLINED`` on ``field``.
    """
    payment = Payment.objects.select_related("order").filter(public_id=public_id).first()
    if payment is None:
        raise Rejected("NOT_FOUND", "There is no such payment.", field=field)
    recorded = Recorded(payment.order, payment, [])
    reason = ""
    if payment.status == Status.PENDING:
        if is_offline(payment) or is_unwanted(payment):
            raise Rejected(
                "INVALID_TRANSITION", "There is nothing to confirm of this payment.", field=field
            )
        try:
            outcome = provider_of(payment).confirm(payment=payment, data=data)
        except ProviderUnavailable:
            return recorded
        recorded = record_outcome(payment=payment, outcome=outcome, now=now)
        reason = outcome.reason
    refuse_declined(recorded.payment, reason=reason, field=field)
    if recorded.payment.status == Status.CANCELLED:
        raise Rejected("INVALID_TRANSITION", "The payment was cancelled.", field=field)
    return recorded


def refuse_declined(payment: Payment, *, reason: str, field: str) -> None:
    """Raise ``PAYMENT_DECLINED`` where the provider has refused a payment."""
    if payment.status == Status.FAILED:
        message = reason or "The payment was declined."
        raise Rejected("PAYMENT_DECLINED", f"{message} Pay in another way.", field=field)


def ask_provider(*, payment_id: int, now: datetime) -> None:
    """Find out what came of a payment, where nobody has yet and it is not the client's turn.

    Raises:
        TryAgain: the provider does not answer.
    """
    payment = (
        Payment.objects.select_related("order")
        .filter(
            pk=payment_id,
            status=Status.PENDING,
            next_action__isnull=True,
        )
        .first()
    )
    if payment is None or is_unwanted(payment):
        return
    try:
        outcome = provider_of(payment).confirm(payment=payment, data={})
    except ProviderUnavailable as error:
        raise TryAgain("The payment provider does not answer.") from error
    record_outcome(payment=payment, outcome=outcome, now=now)
