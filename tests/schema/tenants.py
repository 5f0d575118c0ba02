"""Four who buy in one shop, two customers and two guests, with everything that anybody can have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone
from graphql import GraphQLObjectType

from catalog.models import Product, Review, Stock
from commerce.models import Order
from commerce.services.notes import create_order_note
from schema.compiler.ids import encode_id
from schema.execution import composed
from tasks.models import Job
from tests.commerce.factories import make_voucher
from tests.schema.shop import Endpoint, buy, make_user, ready_cart, token_of
from tests.schema.things import owned
from users.authentication import viewer_of
from users.models import Notification, User
from users.services.notifications import notify

APPS = ("users", "catalog", "commerce", "tasks")
NAMES = ("ada", "bea", "guest1", "guest2")
CUSTOMERS, GUESTS = NAMES[:2], NAMES[2:]


@dataclass
class Tenant:
    """One who buys.

    Attributes:
        name: of :data:`NAMES`.
        bearer: a customer's access token.
        rows: what came to be with this tenant, by model: primary keys.
        keys: what opens a row or finds it, by kind: ids, tokens, numbers, texts.
        things: what mutations and subscriptions are called with, where they are wanted.
    """

    name: str
    bearer: str | None
    rows: dict[type[Model], set[Any]] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    things: dict[str, str] = field(default_factory=dict)

    @property
    def values(self) -> list[str]:
        """All keys."""
        return [value for values in self.keys.values() for value in values]


def make_tenants(endpoint: Endpoint, *, with_things: bool = False) -> dict[str, Tenant]:
    """All four, in a filled shop, each with rows of every type that somebody may own."""
    staff = make_user("staff@example.com", role="admin")
    make_voucher("SAVE")
    Stock.objects.filter(on_hand__gt=0).update(on_hand=1000)
    tenants = {}
    for name in NAMES:
        before = _rows()
        tenant = _make(endpoint, name, staff)
        if with_things:
            user = User.objects.of_email(f"{name}@example.com").first()
            tenant.things = owned(endpoint, user)
        tenant.rows = {
            model: pks - before[model] for model, pks in _rows().items() if pks - before[model]
        }
        tenant.keys |= _ids(tenant)
        tenants[name] = tenant
    return tenants


def _make(endpoint: Endpoint, name: str, staff: User) -> Tenant:
    """A tenant: every kind of row that somebody may own is made here, for each alike."""
    email = f"{name}@example.com"
    bearer = user = None
    if name in CUSTOMERS:
        user = make_user(email, first_name=name.title(), last_name=f"Byron{name}")
        bearer = token_of(user)
        _about(endpoint, user, bearer, staff)
    bought = buy(endpoint, bearer=bearer)["order"]
    order = Order.objects.get(number=bought["number"])
    order.email = email
    order.save()
    lines = [{"orderLineId": bought["lines"][0]["id"], "quantity": 1}]
    endpoint.call(
        "FulfillmentCreate",
        bearer=token_of(staff),
        orderNumber=order.number,
        trackingNumber=f"track-{name}",
        lines=lines,
    )
    endpoint.call("ReturnRequest", token=order.token, reason=f"too small for {name}", lines=lines)
    create_order_note(
        viewer=viewer_of(staff), order_number=order.number, body=f"About {name}", now=timezone.now()
    )
    if user is not None:
        endpoint.call(
            "MessageSend",
            bearer=bearer,
            recipientEmail=staff.email,
            body=f"Where is it? {name}",
            orderNumber=order.number,
        )
    cart = ready_cart(endpoint, bearer=bearer)
    endpoint.call(
        "CartUpdate", bearer=bearer, token=cart["token"], email=email, voucherCodes=["SAVE"]
    )
    return Tenant(
        name,
        bearer,
        keys={
            "cart token": [cart["token"]],
            "order token": [order.token],
            "number": [order.number],
            "text": [email, name, f"track-{name}", f"Byron{name}"],
        },
    )


def _about(endpoint: Endpoint, user: User, bearer: str, staff: User) -> None:
    """What only an account has."""
    address = {"name": user.full_name, "street": "1 Way", "city": "London", "country": "GB"}
    endpoint.call("AddressCreate", bearer=bearer, **address, isDefaultShipping=True)
    endpoint.call(
        "MessageSend", bearer=token_of(staff), recipientEmail=user.email, body=f"Dear {user}"
    )
    notify(
        user_id=user.pk,
        kind=Notification.Kind.MESSAGE_RECEIVED,
        source="message:1",
        title=f"To {user}",
        now=timezone.now(),
    )
    # Not published: a published one is everybody's to read.
    Review.objects.create(
        product=Product.objects.get(slug="mug"),
        user=user,
        rating=1,
        title=f"By {user}",
        body="No.",
        status=Review.Status.PENDING,
        created_at=timezone.now(),
    )


def _rows() -> dict[type[Model], set[Any]]:
    return {
        model: set(model._default_manager.values_list("pk", flat=True))
        for app in APPS
        for model in apps.get_app_config(app).get_models()
    }


def _ids(tenant: Tenant) -> dict[str, list[str]]:
    """The global ids of all rows that have one; those of jobs apart."""
    schema, mapping = composed()
    ids: dict[str, list[str]] = {"id": [], "job id": []}
    for name, model in mapping.models.items():
        pks = sorted(tenant.rows.get(model, ()), key=str)
        if model is Job:
            public = Job.objects.filter(pk__in=pks).values_list("public_id", flat=True)
            ids["job id"] += [encode_id(name, public_id) for public_id in public]
        elif isinstance(type_ := schema.type_map[name], GraphQLObjectType) and type_.interfaces:
            ids["id"] += [encode_id(name, pk) for pk in pks]
    return ids


@contextmanager
def alone(tenant: Tenant, tenants: dict[str, Tenant]) -> Iterator[None]:
    """A shop in which the others never were; afterwards they are back."""
    kept = transaction.savepoint()
    try:
        with connection.cursor() as cursor:
            # Some rows are only ever added, which triggers see to.
            cursor.execute("SET LOCAL session_replication_role = replica")
            for other in tenants.values():
                if other is tenant:
                    continue
                for model, pks in other.rows.items():
                    meta = model._meta
                    # Not by the ORM, which follows relations to rows of the tenant.
                    cursor.execute(
                        f'DELETE FROM "{meta.db_table}" WHERE "{meta.pk.column}"::text = ANY(%s)',  # noqa: S608
                        [[str(pk) for pk in pks]],
                    )
            cursor.execute("SET LOCAL session_replication_role = origin")
        yield
    finally:
        transaction.savepoint_rollback(kept)
