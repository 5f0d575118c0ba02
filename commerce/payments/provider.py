"""What the shop asks of a payment provider, and what it may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from commerce.models import Payment, PaymentOperation


class ProviderUnavailable(Exception):
    """No answer, so that nobody knows whether it was done: ask again, with the same key."""


class InvalidEvent(Exception):
    """What claims to be a provider's event was not signed by it, or is no event."""


@dataclass(frozen=True, slots=True)
class PaymentOutcome:
    """Where a payment stands, as its provider says.

    Attributes:
        status: authorized, captured, failed or cancelled; pending where the client or the
            provider must still do something.
        reference: the provider's own id of the payment.
        next_action: what the client must do: ``kind``, ``client_secret``, ``redirect_url``.
        reason: why it failed, in words for the buyer.
        captured: how much has arrived, where it is captured; None: all of it.
    """

    status: Payment.Status
    reference: str | None = None
    next_action: dict[str, Any] | None = None
    reason: str = ""
    captured: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OperationOutcome:
    """What came of a capture or a refund.

    Attributes:
        is_done: whether the provider did it; else it refused, for good.
        reference: the provider's own id of it.
        reason: why it refused, in words for the shop's staff.
        is_last: whether nothing more can be captured of the payment.
    """

    is_done: bool
    reference: str | None = None
    reason: str = ""
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class RefundNews:
    """What a provider tells of a refund.

    Attributes:
        operation_id: the ``public_id`` of the operation that asked for it; None where the shop
            did not, but somebody at the provider's.
        amount: how much.
        outcome: what came of it.
    """

    operation_id: str | None
    amount: Decimal
    outcome: OperationOutcome


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """What a provider tells by itself, such as by a webhook.

    Attributes:
        external_id: the provider's own id of the event.
        kind: the provider's word for what happened.
        payment_id: the ``public_id`` of the payment that it is about, where it says so.
        reference: the provider's own id of that payment.
        outcome: where the payment stands, if it tells that.
        refund: what came of a refund, if it tells that.
    """

    external_id: str
    kind: str
    payment_id: str | None
    reference: str | None = None
    outcome: PaymentOutcome | None = None
    refund: RefundNews | None = None


class PaymentProvider(Protocol):
    """Somebody who takes money.

    All but ``accept`` are called outside any transaction, perhaps repeatedly: the row's
    ``public_id`` is the provider's idempotency key. They raise `ProviderUnavailable`.

    Attributes:
        name: what inputs and ``Payment.provider`` call it.
        is_offline: whether money comes outside the system, so that there is nothing to ask: an
            order is confirmed when it is placed, and staff record what came and went.
    """

    name: str
    is_offline: bool

    def accept(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What of the client's data it needs, checked and fit to be stored.

        Raises:
            Rejected: ``REQUIRED`` or ``INVALID`` on a field below ``payment.data``.
        """
        ...

    def start(self, *, payment: Payment) -> PaymentOutcome:
        """Ask for the payment's amount, with its ``data``. Never called where ``is_offline``."""
        ...

    def confirm(self, *, payment: Payment, data: Mapping[str, Any]) -> PaymentOutcome:
        """Ask what came of a payment; start it where the provider does not know of it.

        Args:
            data: what the client sends after it did what ``next_action`` asked.
        """
        ...

    def capture(self, *, operation: PaymentOperation) -> OperationOutcome:
        """Take money that is authorized."""
        ...

    def refund(self, *, operation: PaymentOperation) -> OperationOutcome:
        """Give captured money back."""
        ...

    def cancel(self, *, payment: Payment) -> PaymentOutcome:
        """Give up a payment of which nothing was captured; where it is too late, say so."""
        ...
