"""What a run came to, in numbers and in complaints."""

from __future__ import annotations

from django.db.models import Count

from commerce.models import Order
from tasks.models import Job
from tests.faults import account
from tests.faults.latency import Waits, wrong_answers
from tests.faults.load import Load
from tests.faults.shop import Shop
from tests.faults.timeline import Timeline
from users.models import Message


def complaints(shop: Shop, load: Load, timeline: Timeline) -> list[str]:
    """Every promise that was broken."""
    return [
        *account.complaints(load, shop.mailbox.mails),
        *(f"Not its job's Message-ID: {stray}" for stray in shop.mailbox.strays),
        *wrong_answers(load.requests, timeline),
        *load.errors,
        *Waits(load.requests, timeline).complaints(),
    ]


def text(shop: Shop, load: Load, timeline: Timeline) -> str:
    """The numbers, as a table for people."""
    mails = shop.mailbox.mails
    jobs = Job.objects.values_list("status").annotate(count=Count("pk"))
    outcomes = {each.outcome for each in load.requests} - {"answered"}
    lines = [
        ("purchases", f"{Order.objects.count():,}, {len(load.purchases):,} of them confirmed"),
        ("messages", f"{Message.objects.count():,}, {len(load.sent):,} of them confirmed"),
        ("jobs", ", ".join(f"{count:,} {status}" for status, count in sorted(jobs))),
        ("deliveries doubled", f"{shop.doubled:,}"),
        ("duplicates swallowed", f"{shop.swallowed():,}"),
        ("mails", f"{mails.total():,} of {len(mails):,} jobs"),
        ("requests", f"{len(load.requests):,}"),
        *(
            (outcome[:20], f"{sum(each.outcome == outcome for each in load.requests):,}")
            for outcome in sorted(outcomes)
        ),
        ("", ""),
        *((fault.name, f"{count} times") for fault, count in timeline.counts().items()),
        ("", ""),
        *(
            (name, f"{count:,} requests, median {1000 * half:.0f} ms, p99 {1000 * p99:.0f} ms")
            for name, count, half, p99 in Waits(load.requests, timeline).rows()
        ),
    ]
    return "\n".join(f"  {name:<36} {value}".rstrip() for name, value in lines)
