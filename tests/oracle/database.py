"""A shop's database, made up at random: small, and full of what rarely meets.

Rows keep the rules that services and constraints keep, and otherwise seek trouble: texts that need
escaping, times and prices that several rows share, relations with and without their other end.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from uuid import uuid4

from django.contrib.auth.models import Group

from commerce.models import Order
from tasks.models import Job
from tasks.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEventType
from tests.oracle.goods import Goods
from tests.oracle.imports import make_imports
from tests.oracle.pieces import COUNTRIES, Pieces
from tests.oracle.purchases import Purchases
from users.models import Address, Message, Notification, User
from users.roles import ROLES

# Each role twice would prove no more; customers differ by what they own.
CUSTOMERS = 4


def fill(random: Random) -> None:
    """Make the rows of one database; ``random`` decides everything but primary keys."""
    pieces = Pieces(random)
    users = _users(pieces)
    goods = Goods(pieces, users)
    purchases = Purchases(pieces, users[:CUSTOMERS], goods.variants)
    _about_users(pieces, users, purchases.orders)
    _jobs(pieces)
    _webhooks(pieces)
    make_imports(pieces, users)


def _users(pieces: Pieces) -> list[User]:
    names = [f"customer{number}" for number in range(CUSTOMERS)] + sorted(ROLES)
    users = User.objects.bulk_create(
        User(
            email=f"{name}@Example.com",
            first_name=pieces.text(),
            last_name=pieces.maybe("", pieces.text()),
            is_email_verified=pieces.maybe(True, False),
        )
        for name in names
    )
    for user, role in zip(users[CUSTOMERS:], sorted(ROLES), strict=True):
        user.groups.add(Group.objects.get(name=role))
    users[-1].groups.add(Group.objects.get(name="admin"))
    return users


def _about_users(pieces: Pieces, users: Sequence[User], orders: Sequence[Order]) -> None:
    Address.objects.bulk_create(
        Address(
            user=user,
            name=pieces.text(),
            street=pieces.text(),
            city=pieces.text(),
            postal_code="N1 9GU",
            country=pieces.random.choice(COUNTRIES),
            is_default_shipping=number == 0,
            is_default_billing=number == 1,
        )
        for user in users
        for number in pieces.some(3)
    )
    Message.objects.bulk_create(
        Message(
            sender=pieces.random.choice(users),
            recipient=pieces.random.choice(users),
            order=pieces.random.choice([None, *orders]),
            body=pieces.text(blank=False),
            created_at=pieces.time(),
        )
        for _ in range(30)
    )
    Notification.objects.bulk_create(
        Notification(
            user=user,
            kind=pieces.random.choice(Notification.Kind.values),
            source=f"message:{number}",
            sequence=number + 1,
            title=pieces.text(),
            body=pieces.text(),
            read_at=pieces.maybe(pieces.time()),
            created_at=pieces.time(),
        )
        for user in users
        for number in pieces.some(5)
    )


def _webhooks(pieces: Pieces) -> None:
    endpoints = WebhookEndpoint.objects.bulk_create(
        WebhookEndpoint(
            url=f"https://example.com/{number}",
            description=pieces.text(),
            event_types=pieces.random.sample(WebhookEventType.values, k=number + 1),
            is_active=pieces.maybe(True, False),
            previous_secret_until=pieces.maybe(pieces.time()),
            created_at=pieces.time(),
        )
        for number in range(3)
    )
    jobs = Job.objects.bulk_create(
        Job(
            kind="webhooks.send_delivery",
            status=status,
            attempts=pieces.random.randint(0, 18),
            error=pieces.text(),
            not_before=pieces.time(),
            started_at=pieces.maybe(pieces.time()),
        )
        for status in Job.Status.values * 3
    )
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            endpoint=pieces.random.choice(endpoints),
            job=job,
            event_id=uuid4(),
            event_type=pieces.random.choice(WebhookEventType.values),
            payload=pieces.text(),
            response_status=pieces.random.choice([None, 200, 500]),
            response_excerpt=pieces.text(),
            created_at=pieces.time(),
        )
        for job in jobs
    )


def _jobs(pieces: Pieces) -> None:
    Job.objects.bulk_create(
        Job(
            kind=pieces.random.choice(["users.notify_recipient", "catalog.import", "x"]),
            status=pieces.random.choice(Job.Status.values),
            attempts=pieces.random.randint(0, 3),
            progress=pieces.random.randint(0, 100),
            error=pieces.text(),
            created_at=pieces.time(),
            finished_at=pieces.maybe(pieces.time()),
        )
        for _ in range(15)
    )
