"""That a run of `make faults` fails where it should."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from django.utils import timezone

from commerce.services.confirmations import KIND as CONFIRMATION
from schema.compiler.ids import encode_id
from tasks.models import Job
from tests.faults.account import complaints, unfinished
from tests.faults.load import Load, Purchase, Sent
from tests.tasks.sample import have_effect
from users.models import Message, User
from users.services.notifications import notify_recipient
from users.signals import NOTIFY_RECIPIENT

pytestmark = pytest.mark.django_db


@pytest.fixture
def load() -> Load:
    """Nobody has done anything."""
    return Load("http://127.0.0.1:1", skus=[], random=Random(0))


def ended(kind: str, status: str = "SUCCEEDED", **values) -> Job:
    return Job.objects.create(kind=kind, status=status, **values)


def counted(name: str, *, effects: int = 1) -> Job:
    for _ in range(effects):
        have_effect(name)
    return ended("sample.write", kwargs={"name": name})


def message(body: str) -> Message:
    """One that has arrived; its own job is made by saving it."""
    people = [User.objects.get_or_create(email=f"{n}@example.com")[0] for n in "ab"]
    sent = Message.objects.create(sender=people[0], recipient=people[1], body=body)
    notify_recipient(message_id=sent.pk, now=timezone.now())
    Job.objects.filter(kind=NOTIFY_RECIPIENT).update(status="SUCCEEDED")
    return sent


def test_nothing_is_wrong_with_what_is_right(load):
    counted("a")
    load.jobs.append("a")
    mailed = ended(CONFIRMATION)
    ended("sample.poison", "DEAD")
    message("hello")
    load.sent.append(Sent("hello", (encode_id("Job", counted("b").public_id),)))

    # At least once, so twice is as good.
    assert complaints(load, Counter({str(mailed.public_id): 2})) == []
    assert unfinished() == 0


@pytest.mark.parametrize("status", ["PENDING", "DISPATCHED", "RUNNING", "FAILED", "DEAD"])
def test_a_job_that_is_not_done_is_wrong(load, status):
    job = ended("users.notify_recipient", status)
    assert complaints(load, Counter()) == [f"{job} is {status} after 0 attempts: "]


def test_a_poisoned_job_that_succeeds_is_wrong(load):
    ended("sample.poison")
    assert len(complaints(load, Counter())) == 1


def test_a_lost_job_is_wrong(load):
    load.jobs.append("a")
    gone = encode_id("Job", "00000000-0000-4000-8000-000000000000")
    load.purchases.append(Purchase(frozenset({"N-1"}), (gone,)))
    assert complaints(load, Counter()) == [
        "Order N-1 is lost",
        "Job 00000000-0000-4000-8000-000000000000, which a client was told of, is lost",
        "Job a was committed and is lost",
    ]


@pytest.mark.parametrize("effects", [0, 2])
def test_an_effect_that_was_not_had_once_is_wrong(load, effects):
    counted("a", effects=effects)
    assert complaints(load, Counter()) == [f"Job a had its effect {effects} times"]


def test_two_orders_of_one_purchase_are_wrong(load):
    load.purchases.append(Purchase(frozenset({"N-1", "N-2"}), ()))
    assert "One purchase made the orders ['N-1', 'N-2']" in complaints(load, Counter())


def test_a_message_without_its_notification_is_wrong(load):
    sent = message("hello")
    sent.recipient.notifications.all().delete()
    assert complaints(load, Counter()) == [
        f"Of message {sent.pk} its recipient was notified 0 times"
    ]


def test_a_message_that_is_there_twice_or_not_at_all_is_wrong(load):
    message("hello")
    message("hello")
    load.sent.append(Sent("bye", ()))
    assert complaints(load, Counter()) == [
        "Message bye is there 0 times",
        "Message hello is there 2 times",
    ]


def test_a_mail_that_was_not_sent_or_is_no_jobs_is_wrong(load):
    job = ended(CONFIRMATION)
    assert complaints(load, Counter({"order-7": 1})) == [
        f"The mail of job {job.public_id} was not sent",
        "A mail came of order-7, which is no job",
    ]
