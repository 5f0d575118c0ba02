"""What the shop's staff do with an order's money: capture it and give it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog.money import is_payable, plain
from commerce.models import Order, Payment, PaymentOperation
from commerce.services.orders import plain_words
from commerce.services.payments.books import lock_payments
from commerce.services.payments.jobs import FINISH, operation_key
from commerce.services.payments.operations import (
    left_to_capture,
    left_to_refund,
    perform,
    refuse_failed,
    reserve,
)
from commerce.services.transitions import find_order
from commerce.states import TRANSITIONS, OrderAction
from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.models import Job
from tasks.transactions import in_transaction
from users.viewer import Viewer

Kind = PaymentOperation.Kind


@dataclass(frozen=True, slots=True)
class Operated:
    """An order after a capture or refund, and the job that goes on where it is not done yet."""

    order: Order
    jobs: list[Job]


def capture_payment(
    *,
    viewer: Viewer,
    order_number: str,
    amount: Decimal | None = None,
    idempotency_key: str,
    now: datetime,
) -> Operated:
    """Take reserved money of an order, or record that money has come outside the system.

    Args:
        amount: how much; all that is left where it is None.
        idempotency_key: a repeat with the same key and arguments captures once.

    Raises:
        ValidationError: ``NOT_FOUND`` or ``INVALID_TRANSITION`` on ``orderNumber``; ``INVALID``
            on ``amount``; ``PAYMENT_DECLINED`` where the provider refuses; ``REQUIRED``,
            ``INVALID`` or ``IDEMPOTENCY_CONFLICT`` on ``idempotencyKey``.
    """
    return _operate(
        _Wanted(Kind.CAPTURE, OrderAction.CAPTURE, "paymentCapture", left_to_capture, "captured"),
        viewer=viewer,
        order_number=order_number,
        amount=amount,
        reason="",
        idempotency_key=idempotency_key,
        now=now,
    )


def refund_payment(
    *,
    viewer: Viewer,
    order_number: str,
    amount: Decimal | None = None,
    reason: str = "",
    idempotency_key: str,
    now: datetime,
) -> Operated:
    """Give captured money of an order back.

    Args:
        amount: how much; all that is left where it is None.
        reason: goes into the order's history.
        idempotency_key: a repeat with the same key and arguments gives back once.

    Raises:
        ValidationError: as ``capture_payment``, and ``INVALID`` on ``reason``.
    """
    reason = plain_words(reason, field="reason")
    return _operate(
        _Wanted(Kind.REFUND, OrderAction.REFUND, "paymentRefund", left_to_refund, "given back"),
        viewer=viewer,
        order_number=order_number,
        amount=amount,
        reason=reason,
        idempotency_key=idempotency_key,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An operation: its kind, the table's row, its mutation's name, what a payment has left for it,
    its verb."""

    kind: Kind
    action: OrderAction
    mutation: str
    left: Callable[[Payment], Decimal]
    done: str


def _operate(
    wanted: _Wanted,
    *,
    viewer: Viewer,
    order_number: str,
    amount: Decimal | None,
    reason: str,
    idempotency_key: str,
    now: datetime,
) -> Operated:
    if not idempotency_key:
        raise Rejected("REQUIRED", "Give a key of your choice.", field="idempotencyKey")

    def effect() -> dict[str, Any]:
        found = find_order(viewer=viewer, number=order_number, field="orderNumber")
        order, payments = lock_payments(found.pk)
        payment, whole = _choose(wanted, order, payments, amount)
        operation = reserve(payment, kind=wanted.kind, amount=whole, reason=reason, now=now)
        return {"operation": operation.pk}

    request = {
        "order_number": order_number,
        "amount": None if amount is None else plain(amount),
        "reason": reason,
    }
    made = in_transaction(
        lambda: once(
            actor=f"user:{viewer.user_id}",
            operation=wanted.mutation,
            key=idempotency_key,
            request=request,
            effect=effect,
        )
    )
    operations = PaymentOperation.objects.select_related("payment__order")
    operation = operations.get(pk=made["operation"])
    order = operation.payment.order
    if operation.status == PaymentOperation.Status.PENDING:
        operation = perform(operation, now=now)
        order.refresh_from_db()
    refuse_failed(operation)
    return Operated(order, _going_on(operation))


def _choose(
    wanted: _Wanted, order: Order, payments: list[Payment], amount: Decimal | None
) -> tuple[Payment, Decimal]:
    """The payment of an order that has so much left, and how much is meant."""
    if amount is not None:
        _refuse_no_amount(amount, currency=order.currency)
    possible = TRANSITIONS[wanted.action].possible
    if not Order.objects.filter(possible, pk=order.pk).exists():
        raise Rejected(
            "INVALID_TRANSITION",
            f"The order is {order.status}, its payment {order.payment_status}: "
            f"nothing can be {wanted.done}.",
            field="orderNumber",
        )
    left = [(wanted.left(payment), payment) for payment in payments]
    most, payment = max(left, key=lambda each: each[0])
    if amount is not None and amount > most:
        raise Rejected(
            "INVALID",
            f"At most {most} {order.currency} can be {wanted.done}.",
            field="amount",
        )
    return payment, amount or most


def _refuse_no_amount(amount: Decimal, *, currency: str) -> None:
    if not amount.is_finite() or amount <= 0:
        raise Rejected("INVALID", "Give an amount above 0.", field="amount")
    if amount >= Decimal(10) ** 10 or not is_payable(amount, currency=currency):
        raise Rejected("INVALID", f"That is no amount of {currency}.", field="amount")


def _going_on(operation: PaymentOperation) -> list[Job]:
    """The job that asks again, while the provider has not answered."""
    if operation.status != PaymentOperation.Status.PENDING:
        return []
    return list(Job.objects.filter(kind=FINISH, key=operation_key(operation)))
