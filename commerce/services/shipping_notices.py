"""Telling the buyer that a parcel is on its way."""

from __future__ import annotations

from datetime import datetime

from commerce.models import Fulfillment
from tasks.dispatch import enqueue
from tasks.models import Job
from users.mail import send_mail
from users.models import Notification
from users.services.notifications import notify

KIND = "commerce.send_shipping_notice"


def enqueue_notice(fulfillment: Fulfillment) -> Job:
    """Enqueue a parcel's notice in the transaction that sends it."""
    return enqueue(KIND, key=job_key(fulfillment), fulfillment_id=fulfillment.pk)


def job_key(fulfillment: Fulfillment) -> str:
    """What makes a parcel's notice be enqueued once."""
    return f"fulfillment:{fulfillment.pk}"


def send_notice(*, fulfillment_id: int, job_id: str, now: datetime) -> None:
    """Mail what is in a parcel to its buyer and notify a customer.

    A repeat sends the mail again with the same Message-ID, by which mail programs know it for
    the same one; the notification is made once. A parcel that was cancelled meanwhile is none.

    Args:
        job_id: the job's public id.
        now: when the notification was made.
    """
    fulfillment = (
        Fulfillment.objects.select_related("order")
        .prefetch_related("lines__order_line")
        .exclude(status=Fulfillment.Status.CANCELLED)
        .filter(pk=fulfillment_id)
        .first()
    )
    if fulfillment is None:
        return
    order = fulfillment.order
    lines = sorted(fulfillment.lines.all(), key=lambda line: line.pk)
    title = f"Your parcel of order {order.number} is on its way"
    send_mail(
        to=order.email,
        subject=title,
        template="commerce/shipping_notice.txt",
        context={"order": order, "fulfillment": fulfillment, "lines": lines},
        job_id=job_id,
    )
    if order.user_id is not None:
        tracking = fulfillment.tracking_number
        notify(
            user_id=order.user_id,
            kind=Notification.Kind.ORDER_SHIPPED,
            source=f"fulfillment:{fulfillment.pk}",
            title=title,
            body=f"Its tracking number is {tracking}." if tracking else "",
            data={"order_number": order.number, "tracking_number": tracking},
            now=now,
        )
