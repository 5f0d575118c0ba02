"""One generated database, and many operations on it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from unittest import mock

from commerce.models import Cart, Order
from schema.compiler.statement import Plan
from schema.execution import plans
from tasks.models import Job
from tests.oracle import database
from tests.oracle.arguments import TERMS, Pools
from tests.oracle.choices import Choices
from tests.oracle.comparison import SCHEMA, difference, is_valid
from tests.oracle.cursors import collect
from tests.oracle.minimal import minimal
from tests.oracle.operations import Generator, Operation, unknown_fields
from tests.oracle.shop import Shop
from tests.schema.compiler.binding import checked_parameters
from users.authentication import viewer_of
from users.models import User
from users.roles import ROLES
from users.viewer import ANONYMOUS, Viewer


class Different(AssertionError):
    """The compiler and the oracle answer differently."""


@dataclass
class Tally:
    """What was done.

    Attributes:
        operations: documents.
        requests: answers compared.
        answered: those of them that had data; the others were refused.
        invalid: documents that were dropped because they break a rule of GraphQL or a limit.
    """

    operations: int = 0
    requests: int = 0
    answered: int = 0
    invalid: int = 0


def viewers_of(shop: Shop, random: Random) -> dict[str, Viewer]:
    """Everybody who has an account, and holders of the keys to carts, orders and jobs, by name."""
    users = {row.email: viewer_of(User.objects.get(pk=row.pk)) for row in shop.rows(User)}
    customers = list(users.values())
    cart, order, job = (random.choice(shop.rows(model)) for model in (Cart, Order, Job))
    return {
        "anonymous": ANONYMOUS,
        **users,
        "guest with a cart": ANONYMOUS.holding(cart_token=cart.token),
        "guest with an order and job": ANONYMOUS.holding(
            order_token=order.token, job_ids=[job.public_id]
        ),
        "customer0 with a cart and order": customers[0].holding(
            cart_token=cart.token, order_token=order.token
        ),
        "customer1 with a job": customers[1].holding(job_ids=[job.public_id]),
    }


@mock.patch.object(Plan, "parameters", checked_parameters)
def compare(*, seed: int, operations: int) -> Tally:
    """Fill the database, which must be empty, and compare answers to this many operations.

    Raises:
        Different: two answers differ; the report shows the smallest operation found.
    """
    random = Random(seed)
    database.fill(random)
    shop = Shop()
    viewers = viewers_of(shop, random)
    everything = Viewer(shop.rows(User)[0].pk, frozenset().union(*ROLES.values()))
    collect(shop, everything, list(viewers.values()), TERMS)
    pools = Pools(shop)
    unknown = frozenset(unknown_fields(SCHEMA, pools))
    plans.clear()
    tally = Tally()

    def difference_in(operation: Operation) -> str | None:
        for request in operation.requests:
            report, has_data = difference(shop, operation, request)
            tally.requests += 1
            tally.answered += has_data
            if report is not None:
                return report
        return None

    def still_differs(operation: Operation) -> bool:
        plans.clear()
        return is_valid(operation.document) and difference_in(operation) is not None

    def made() -> Iterator[tuple[int, Operation]]:
        for number in itertools.count():
            choices = Choices(f"{seed}/{number}")
            operation = Generator(SCHEMA, shop, viewers, pools, unknown, choices).operation()
            if is_valid(operation.document):
                yield number, operation
            else:
                tally.invalid += 1

    for number, operation in itertools.islice(made(), operations):
        tally.operations += 1
        report = difference_in(operation)
        if report is not None:
            smallest = minimal(operation, still_differs)
            plans.clear()
            report = difference_in(smallest) or report
            raise Different(f"{report}\n(seed {seed}, operation {number})")
    return tally
