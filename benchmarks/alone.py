"""What only Nexus is asked: with a token or without, far into a list, and for a long time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from benchmarks.contenders import NEXUS, Running, ask
from benchmarks.database import Database
from benchmarks.load import Target, load
from benchmarks.measure import CLIENTS, WARM_UP_SECONDS
from benchmarks.operations import FOLDER, OPERATIONS, Operation
from benchmarks.processes import resident_bytes

DOCUMENTS = 1_000
PAGE = 1_000
PAGE_SIZE = 10
LARGEST_PAGE = 100
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Alone:
    """What came of it.

    Attributes:
        customer: the rate of the listing with a token, by its rate without.
        far: the rate of page 1, by the rate of page 1,000.
        fresh: bytes that the worker holds after its first answer.
        worn: bytes that it holds after ``requests`` requests of 1,000 documents.
    """

    customer: float
    far: float
    fresh: int
    worn: int
    requests: int


def measure(
    database: Database, *, seconds: float, rounds: int, requests: int, say: Callable[[str], None]
) -> Alone:
    """Run Nexus by itself."""
    with NEXUS.running(database) as running:
        say("Listing with a token and without")
        listing = OPERATIONS[0]
        customer = _ratio(
            running.target(Operation(listing.name, listing.title, as_customer=True)),
            running.target(listing),
            seconds=seconds,
            rounds=rounds,
        )
        say(f"Page 1 and page {PAGE:,}")
        far = _ratio(
            _page(running, None), _page(running, _cursor(running)), seconds=seconds, rounds=rounds
        )
    with NEXUS.running(database) as running:
        say(f"Memory after {requests:,} requests of {DOCUMENTS:,} documents")
        target = _documents(running)
        ask(target, DOCUMENTS)
        fresh, sent = resident_bytes(running.pid), 0
        while sent < requests:
            sent += load(target, clients=CLIENTS, seconds=seconds).requests
        return Alone(customer, far, fresh, resident_bytes(running.pid), sent)


def _ratio(mine: Target, theirs: Target, *, seconds: float, rounds: int) -> float:
    """How many times the rate of ``theirs`` the one of ``mine`` is, in turns."""
    for target in (mine, theirs):
        load(target, clients=CLIENTS, seconds=WARM_UP_SECONDS)
    return median(
        load(mine, clients=CLIENTS, seconds=seconds).rate
        / load(theirs, clients=CLIENTS, seconds=seconds).rate
        for _ in range(rounds)
    )


def _page(running: Running, after: str | None, size: int = PAGE_SIZE) -> Target:
    document = " ".join((FOLDER / "page.graphql").read_text().split())
    variables = {"first": size, "after": after}
    return Target(running.url, json.dumps({"query": document, "variables": variables}))


def _cursor(running: Running) -> str | None:
    """Where page 1,000 begins, found by turning pages."""
    rows, cursor = (PAGE - 1) * PAGE_SIZE, None
    while rows:
        size = min(rows, LARGEST_PAGE)
        cursor = ask(_page(running, cursor, size))["products"]["pageInfo"]["endCursor"]
        rows -= size
    return cursor


def _documents(running: Running) -> Target:
    """Requests of many documents, alike but for an alias: each has a plan and a statement."""
    marker = "drawn"
    document = (
        '{ product(slug: "10000") { id slug n_drawn: name category { name slug } '
        "variants { sku name price { amount currency } } media { url alt } } }"
    )
    return Target(running.url, json.dumps({"query": document}), marker, 1, DOCUMENTS)
