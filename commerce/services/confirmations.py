"""Telling the buyer that the shop has the order."""

from __future__ import annotations

from datetime import datetime

from commerce.models import Order
from commerce.services.payments.books import OVER
from tasks.dispatch import enqueue
from tasks.models import Job
from users.mail import send_mail
from users.models import Notification
from users.services.notifications import notify

KIND = "commerce.send_order_confirmation"


def enqueue_confirmation(order: Order) -> Job:
    """Enqueue an order's confirmation in the transaction that confirms it."""
    return enqueue(KIND, key=job_key(order), order_id=order.pk)


def job_key(order: Order) -> str:
    """What makes an order's confirmation be enqueued once."""
    return f"order:{order.pk}"


def send_confirmation(*, order_id: int, job_id: str, now: datetime) -> None:
    """Mail an order's confirmation to its buyer and notify a customer.

    A repeat sends the mail again with the same Message-ID, by which mail programs know it for
    the same one; the notification is made once. An order that is over by now confirms nothing.

    Args:
        job_id: the job's public id.
        now: when the notification was made.
    """
    order = Order.objects.prefetch_related("lines").filter(pk=order_id).first()
    if order is None or order.status in OVER:
        return
    lines = sorted(order.lines.all(), key=lambda line: line.pk)
    title = f"Your order {order.number} is confirmed"
    send_mail(
        to=order.email,
        subject=title,
        template="commerce/order_confirmation.txt",
        context={"order": order, "lines": lines},
        job_id=job_id,
    )
    if order.user_id is not None:
        notify(
            user_id=order.user_id,
            kind=Notification.Kind.ORDER_CONFIRMED,
            source=f"order:{order.pk}",
            title=title,
            body=f"{len(lines)} line(s), {order.total} {order.currency} in total.",
            data={"order_number": order.number},
            now=now,
        )
