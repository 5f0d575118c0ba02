"""The verdict: what clients were told against what the database and the mailbox hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from django.db.models import Count, Max

from commerce.models import Order
from commerce.services.confirmations import KIND as CONFIRMATION
from commerce.services.confirmations import job_key
from nexus.invariants import INVARIANTS
from schema.compiler.ids import decode_id
from tasks.invariants import violations_of
from tasks.models import IdempotencyRecord, Job
from tests.faults.load import Load, Purchase, Sent
from users.models import Message, Notification
from users.signals import NOTIFY_RECIPIENT, notification_key

WRITE, POISON = "sample.write", "sample.poison"


def unfinished() -> int:
    """How many jobs are still to be done."""
    return Job.objects.filter(
        status__in=[Job.Status.PENDING, Job.Status.DISPATCHED, Job.Status.RUNNING]
    ).count()


def complaints(load: Load, mails: Counter[str]) -> list[str]:
    """All that is not as it must be, in words; empty where every promise was kept."""
    return [
        *_of_jobs(),
        *_of_purchases(load.purchases),
        *_of_messages(load.sent),
        *_of_effects(load.jobs),
        *_of_mails(mails),
        *violations_of(INVARIANTS),
    ]


def _of_jobs() -> Iterator[str]:
    """Every job has ended as its task does."""
    for job in Job.objects.exclude(status=Job.Status.SUCCEEDED).exclude(
        kind=POISON, status=Job.Status.DEAD
    ):
        yield f"{job} is {job.status} after {job.attempts} attempts: {job.error}"
    for job in Job.objects.filter(kind=POISON, status=Job.Status.SUCCEEDED):
        yield f"{job} was poisoned and succeeded"


def _of_purchases(purchases: Iterable[Purchase]) -> Iterator[str]:
    """One order for each purchase, confirmed or not, with its one job."""
    orders = set(Order.objects.values_list("number", flat=True))
    for purchase in purchases:
        if len(purchase.numbers) != 1:
            yield f"One purchase made the orders {sorted(purchase.numbers)}"
        yield from (f"Order {number} is lost" for number in purchase.numbers - orders)
        yield from _lost(purchase.job_ids)
    numbers = Counter(number for purchase in purchases for number in purchase.numbers)
    yield from (f"Order {each} answers {n} purchases" for each, n in numbers.items() if n > 1)
    confirmed = set(Job.objects.filter(kind=CONFIRMATION).values_list("key", flat=True))
    for order in Order.objects.all():
        if job_key(order) not in confirmed:
            yield f"Order {order.number} has no job"
    confirmations = Notification.objects.filter(kind=Notification.Kind.ORDER_CONFIRMED)
    told = Counter(confirmations.values_list("source", flat=True))
    for pk in Order.objects.exclude(user=None).values_list("pk", flat=True):
        if told[f"order:{pk}"] != 1:
            yield f"The buyer of order {pk} was notified {told[f'order:{pk}']} times"


def _of_messages(sent: Iterable[Sent]) -> Iterator[str]:
    """One message for each that was confirmed; one job and one notification for each at all."""
    bodies = Counter(Message.objects.values_list("body", flat=True))
    for each in sent:
        if bodies[each.body] != 1:
            yield f"Message {each.body} is there {bodies[each.body]} times"
        yield from _lost(each.job_ids)
    yield from (f"Message {body} is there {n} times" for body, n in bodies.items() if n > 1)
    keys = set(Job.objects.filter(kind=NOTIFY_RECIPIENT).values_list("key", flat=True))
    arrivals = Notification.objects.filter(kind=Notification.Kind.MESSAGE_RECEIVED)
    told = Counter(arrivals.values_list("source", flat=True))
    for pk in Message.objects.values_list("pk", flat=True):
        if notification_key(pk) not in keys:
            yield f"Message {pk} has no job"
        if told[f"message:{pk}"] != 1:
            yield f"Of message {pk} its recipient was notified {told[f'message:{pk}']} times"
    for row in Notification.objects.values("user").annotate(n=Count("pk"), last=Max("sequence")):
        if row["n"] != row["last"]:
            yield f"Account {row['user']} has {row['n']} notifications up to number {row['last']}"


def _of_effects(names: Iterable[str]) -> Iterator[str]:
    """A job that counts has counted once, however often it was delivered."""
    effects = Counter(
        IdempotencyRecord.objects.filter(operation="sample").values_list("actor", flat=True)
    )
    jobs = set(Job.objects.filter(kind=WRITE).values_list("kwargs__name", flat=True))
    yield from (f"Job {name} was committed and is lost" for name in set(names) - jobs)
    for name in jobs | effects.keys():
        if effects[name] != 1:
            yield f"Job {name} had its effect {effects[name]} times"


def _of_mails(mails: Counter[str]) -> Iterator[str]:
    """Each confirmation was mailed by its own job, and nothing else was."""
    jobs = Job.objects.filter(kind=CONFIRMATION).values_list("public_id", flat=True)
    ids = {str(public_id) for public_id in jobs}
    yield from (f"The mail of job {each} was not sent" for each in sorted(ids - mails.keys()))
    yield from (f"A mail came of {each}, which is no job" for each in sorted(mails.keys() - ids))


def _lost(job_ids: Iterable[str]) -> Iterator[str]:
    """Of the jobs that a client was told of, those that are gone."""
    keys = {decode_id(each)[1] for each in job_ids}
    known = Job.objects.filter(public_id__in=keys).values_list("public_id", flat=True)
    keys -= {str(public_id) for public_id in known}
    yield from (f"Job {key}, which a client was told of, is lost" for key in keys)
