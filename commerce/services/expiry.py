"""Orders that nobody pays give back what they hold."""

from __future__ import annotations

import logging
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from commerce.models import Order, OrderEvent, Payment
from commerce.services.events import append_events
from commerce.services.orders import give_back
from commerce.services.payments.books import lock_payments
from commerce.services.payments.giving_back import give_up_payments
from commerce.states import TRANSITIONS, SystemAction
from tasks.errors import Rejected
from tasks.transactions import in_transaction

logger = logging.getLogger(__name__)

BATCH = 500
# How many of those that failed are named.
SHOWN = 10
EXPIRE = TRANSITIONS[SystemAction.EXPIRE]


def expire_unpaid_orders(*, now: datetime) -> int:
    """Expire the orders whose last payment was begun too long ago; how many.

    Each is a transaction of its own: one that fails keeps no other from expiring. A payment that
    comes later is given back.

    Raises:
        ValidationError: ``INVALID_TRANSITION`` where some failed, after all others have expired.
    """
    due = _due(now).order_by("pk")
    count, last, failed = 0, 0, []
    while pks := list(due.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        for last in pks:
            try:
                count += _expire(last, now=now)
            except Exception:
                logger.exception("Order %s could not expire", last)
                failed.append(last)
    if failed:
        # A refusal ends the job, and the next one comes at its time: it does not wait for retries.
        keys = ", ".join(map(str, failed[:SHOWN]))
        message = f"{len(failed)} orders could not expire, among them those with the keys {keys}."
        raise Rejected("INVALID_TRANSITION", message)
    return count


def _due(now: datetime) -> QuerySet[Order]:
    """Those that wait, and have been given no other payment since.

    An order is placed with its first payment: the older of its two conditions has the index.
    """
    latest = now - settings.ORDER_PAYMENT_TIMEOUT
    newer = Payment.objects.filter(order=OuterRef("pk"), created_at__gte=latest)
    return Order.objects.filter(~Exists(newer), EXPIRE.in_state, placed_at__lt=latest)


def _expire(pk: int, *, now: datetime) -> bool:
    """Expire an order unless it was paid, cancelled or tried again meanwhile."""

    def expire() -> bool:
        # The condition looks at payments too: it is only sure once nobody else can add one.
        lock_payments(pk)
        if not _due(now).filter(pk=pk).update(status=EXPIRE.target):
            return False
        order = Order.objects.get(pk=pk)
        give_up_payments(order)
        message = "The order was not paid in time and has expired."
        append_events(order, (OrderEvent.Kind.EXPIRED, message), now=now)
        give_back(order)
        return True

    return in_transaction(expire)
