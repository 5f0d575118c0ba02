"""Asking for an order's payment: the rows of step A."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from commerce.models import Order, OrderEvent, OrderStatus, Payment
from commerce.payments import PaymentProvider, is_offline
from commerce.services import confirmations
from commerce.services.events import append_events
from commerce.services.payments import jobs
from commerce.services.payments.books import OVER, REFUSED, lock_payments, show_payment_status
from tasks.errors import Rejected
from tasks.models import Job

PAYMENT_IS_DUE = "The order is confirmed; payment is due."
NOTHING_IS_DUE = "The order is confirmed; there is nothing to pay."


def ask_for_payment(
    order: Order, *, provider: PaymentProvider, data: dict[str, Any], now: datetime
) -> tuple[Payment, Job]:
    """Write down that an order is to be paid, and the job that sees to what follows.

    Nobody is asked for nothing: the payment of an order that costs nothing is there at once.

    Args:
        data: what the provider has accepted of what the client sent.
    """
    payment = Payment.objects.create(
        order=order,
        provider=provider.name,
        amount=order.total,
        status=Payment.Status.PENDING if order.total else Payment.Status.CAPTURED,
        data=data,
        created_at=now,
    )
    if provider.is_offline or not order.total:
        return payment, confirmations.enqueue_confirmation(order)
    return payment, jobs.enqueue_asking(payment, now=now)


def ask_again(
    order_number: str,
    *,
    quote_total: Decimal | None,
    provider: PaymentProvider,
    data: dict[str, Any],
    now: datetime,
) -> tuple[Payment, Job] | None:
    """Ask for another payment of an order whose payments were refused, or are free again.

    None where it is paid, or may yet be, or is over.

    Raises:
        Rejected: ``PRICE_CHANGED`` on ``quoteTotal``, where the order has another total.
    """
    pk = Order.objects.values_list("pk", flat=True).get(number=order_number)
    order, payments = lock_payments(pk)
    if order.status in OVER or any(payment.status not in REFUSED for payment in payments):
        return None
    if quote_total is not None and quote_total != order.total:
        raise Rejected("PRICE_CHANGED", f"The order's total is {order.total}.", field="quoteTotal")
    if provider.is_offline and order.status == OrderStatus.PENDING_PAYMENT:
        order.status = OrderStatus.CONFIRMED
        order.save(update_fields=["status"])
        append_events(order, (OrderEvent.Kind.CONFIRMED, PAYMENT_IS_DUE), now=now)
    payment, job = ask_for_payment(order, provider=provider, data=data, now=now)
    show_payment_status(order, [*payments, payment])
    return payment, job


def jobs_of(payment: Payment) -> list[Job]:
    """What goes on in the background: the order's confirmation or, before that, asking."""
    order = payment.order
    kind, key = confirmations.KIND, confirmations.job_key(order)
    if payment.status == Payment.Status.PENDING and not is_offline(payment):
        kind, key = jobs.ASK, jobs.payment_key(payment)
    return list(Job.objects.filter(kind=kind, key=key))
