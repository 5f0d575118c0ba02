"""An order's payments, locked together, and what they say about the order."""

from __future__ import annotations

from collections.abc import Iterable

from commerce.models import Order, OrderStatus, Payment, PaymentStatus

# What can't be paid any more.
OVER = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED})
# What brings no money: it was refused, or what was reserved is free again.
REFUSED = frozenset({Payment.Status.FAILED, Payment.Status.CANCELLED})


def lock_payments(order_id: int) -> tuple[Order, list[Payment]]:
    """An order and its payments, as nobody else can change them until the transaction ends.

    Everybody takes the order first: two who change an order's payments can't wait for each other.
    """
    order = Order.objects.select_for_update(no_key=True).get(pk=order_id)
    payments = list(
        Payment.objects.select_for_update(no_key=True).filter(order=order).order_by("pk")
    )
    for payment in payments:
        payment.order = order
    return order, payments


def is_unwanted(payment: Payment) -> bool:
    """Whether an order that is over, or was paid by another one, has no use for a payment."""
    return payment.is_superseded or payment.order.status in OVER


def holds_money(payment: Payment) -> bool:
    """Whether money is reserved or has come, and was not all given back."""
    return payment.authorized > payment.captured or payment.captured > payment.refunded


def show_payment_status(order: Order, payments: Iterable[Payment]) -> None:
    """Have an order show what its payments come to; the one place that decides it."""
    status = payment_status(list(payments), is_over=order.status in OVER)
    if order.payment_status != status:
        order.payment_status = status
        Order.objects.filter(pk=order.pk).update(payment_status=status)


def payment_status(payments: list[Payment], *, is_over: bool) -> PaymentStatus:
    """What payments come to, together.

    Money that was given back tells most; then money that came, once no more is to come; then
    money that is reserved or awaited; a refusal only where nothing else is to be told. One that
    came beside another says nothing: it is given back.

    Args:
        is_over: whether the order is; else it has failed too where what was reserved is free
            again, as happens at the bank's after some days.
    """
    payments = [payment for payment in payments if not payment.is_superseded]
    refunded = sum(payment.refunded for payment in payments)
    captured = sum(payment.captured for payment in payments)
    states = {payment.status for payment in payments}
    if refunded:
        whole = refunded == captured
        return PaymentStatus.REFUNDED if whole else PaymentStatus.PARTIALLY_REFUNDED
    if Payment.Status.AUTHORIZED in states:
        return PaymentStatus.AUTHORIZED
    if Payment.Status.PENDING in states:
        return PaymentStatus.PENDING
    # The payment of an order that costs nothing has captured all of it.
    if captured or Payment.Status.CAPTURED in states:
        return PaymentStatus.PAID
    failures = {Payment.Status.FAILED} if is_over else REFUSED
    return PaymentStatus.FAILED if states & failures else PaymentStatus.PENDING
