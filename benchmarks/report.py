"""The results as Markdown: the table, what each answer costs, and which bars are met."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.alone import MEGABYTE, Alone
from benchmarks.contenders import GRAPHENE, HELLO, NEXUS, REST, VIEW
from benchmarks.database import Database
from benchmarks.dispatch import Dispatch, writers
from benchmarks.dispatch.measure import BACKLOG
from benchmarks.load import tool
from benchmarks.measure import CLIENTS, FLOOR, HELLO_OPERATION, Results, Sample
from benchmarks.operations import OPERATIONS, PRODUCTS
from benchmarks.purchases import Purchases
from tasks.relay import POLL_INTERVAL

POSTGRAPHILE = "PostGraphile"


@dataclass(frozen=True)
class Bar:
    """Something wanted, and what it came to.

    Attributes:
        figure: None where it could not be measured.
    """

    wanted: str
    figure: str | None
    met: bool

    @property
    def outcome(self) -> str:
        """In a word."""
        if self.figure is None:
            return "not measured"
        return "met" if self.met else "**missed**"


def markdown(
    database: Database,
    results: Results | None,
    alone: Alone | None,
    bought: Purchases | None,
    dispatched: Dispatch | None,
) -> str:
    """The whole report of what was measured."""
    parts = [_circumstances(database)]
    wanted: list[Bar] = []
    if results:
        parts += [
            "## Answers a second\n",
            _rates(results),
            "## What an answer costs\n",
            "Answers for one second of CPU time, of the server's process and of PostgreSQL's; "
            "statements of one request, `BEGIN` and `SAVEPOINT` included; milliseconds.\n",
            _costs(results),
        ]
        wanted += bars(results, alone)
    if bought:
        parts += ["## Purchases a second\n", purchases(bought)]
        wanted += purchase_bars(bought)
    if dispatched:
        parts += ["## Background jobs\n", jobs(dispatched)]
        wanted += job_bars(dispatched)
    parts += [
        "## Bars\n",
        _table(
            ["wanted", "measured", ""],
            [[bar.wanted, bar.figure or "", bar.outcome] for bar in wanted],
        ),
    ]
    return "\n".join(parts)


def bars(results: Results, alone: Alone | None) -> list[Bar]:
    """What is wanted of Nexus's reads."""
    found = [
        *(_at_least(results, name, FLOOR, least) for name, least in FLOORS.items()),
        _lookup(results),
        *(_times(results, name, GRAPHENE.name, 20) for name in ("listing", "deep")),
        *(_times(results, name, POSTGRAPHILE, 2) for name in ("listing", "detail", "deep")),
        _rest(results),
    ]
    if alone:
        found += [
            Bar(
                "Listing with a token: at most 15 % slower",
                f"{1 - alone.customer:.0%}",
                alone.customer >= 0.85,
            ),
            Bar(
                "Page 1 at most 1.2 times as fast as page 1,000",
                f"{alone.far:.2f}",
                alone.far <= 1.2,
            ),
            Bar(
                "Worker under 120 MB after 100,000 requests of 1,000 documents",
                f"{alone.worn / MEGABYTE:.0f} MB after {alone.requests:,}"
                f" (at first {alone.fresh / MEGABYTE:.0f})",
                alone.worn < 120 * MEGABYTE,
            ),
        ]
    return found


# Purchases a second of others, measured once on a machine like this one, by the number of clients.
PEERS = {"Saleor": {1: 0.6, 8: 0.5}, "Vendure": {1: 3.0, 8: 5.4}}


def purchases(bought: Purchases) -> str:
    """How many are bought, in words and as a table."""
    rows = [
        [
            f"{clients} client{'s' if clients > 1 else ''}",
            f"{bought.floor(clients):,.0f}",
            f"**{bought.rate(clients):,.1f}**",
            f"{bought.share(clients):.0%}",
            *(str(rates[clients]) for rates in PEERS.values()),
            f"{bought.rate(clients) / max(rates[clients] for rates in PEERS.values()):.1f} x",
            f"{median(found.median for found in bought.loads[clients]):,.0f}",
            f"{median(found.slow for found in bought.loads[clients]):,.0f}",
        ]
        for clients in bought.loads
    ]
    head = ["", "pgbench: the floor", "Nexus", "of the floor", *PEERS]
    books = (
        "afterwards the books agree"
        if not bought.broken
        else f"**afterwards the books do not agree: {bought.broken}**"
    )
    return (
        "A purchase is cartCreate with two lines, cartUpdate with address and shipping method, "
        "and checkoutComplete with manual payment, each answered in full, on one server process. "
        f"It sends {bought.statements} statements, transactions included, which pgbench replays "
        f"with carts, goods and keys of its own. {bought.orders:,} orders were placed, "
        f"replayed ones included; {books}. "
        f"For a second of CPU time the server sells {bought.of_server:,.0f}, PostgreSQL "
        f"{bought.of_postgres:,.0f}. Milliseconds are those of a whole purchase.\n\n"
        + _table([*head, "times the better", "median", "99th percentile"], rows)
    )


def purchase_bars(bought: Purchases) -> list[Bar]:
    """What is wanted of purchases, with the most clients."""
    most = max(bought.loads)
    share = bought.share(most)
    peer = max(rates[most] for rates in PEERS.values())
    times = bought.rate(most) / peer
    return [
        Bar(
            f"Purchases, {most} clients: at least 25 % of the floor", f"{share:.0%}", share >= 0.25
        ),
        Bar(
            f"Purchases, {most} clients: at least 10 times the better of Saleor and Vendure",
            f"{times:.1f}",
            times >= 10,
        ),
        Bar(
            "Purchases: the books agree afterwards",
            f"{sum(bought.broken.values())} do not",
            not bought.broken,
        ),
    ]


def jobs(found: Dispatch) -> str:
    """How they get to their workers, in words and as a table."""
    rows = [
        [f"{load} jobs a second", f"{found.p50(load):,.0f}", f"{found.p99(load):,.0f}"]
        for load in found.latencies
    ]
    return (
        f"One relay brings {found.rate:,.0f} jobs a second to a quorum queue of RabbitMQ, each "
        f"confirmed. One that starts where {BACKLOG:,} have waited is done with them after "
        f"{found.drained:,.0f} s, {BACKLOG / found.drained:,.0f} a second. Enqueueing its job is "
        f"{found.enqueue:.1%} of a purchase. A look of the relay for jobs takes "
        f"{1000 * found.look:.2f} ms, of which there are {1 / POLL_INTERVAL:.0f} a second; were it "
        f"woken by NOTIFY instead, {writers.CLIENTS} clients would write "
        f"{1 - found.notify:.0%} fewer jobs. Milliseconds are those from the commit until the "
        "task has started.\n\n" + _table(["", "median", "99th percentile"], rows)
    )


def job_bars(found: Dispatch) -> list[Bar]:
    """What is wanted of dispatch."""
    return [
        Bar(
            "Relay: at least 3,000 confirmed jobs a second in one process",
            f"{found.rate:,.0f}",
            found.rate >= 3000,
        ),
        *(
            Bar(
                f"From commit to start, {load} jobs a second: median under 50 ms, 99 % under 300",
                f"{found.p50(load):,.0f}; {found.p99(load):,.0f}",
                found.p50(load) < 50 and found.p99(load) < 300,
            )
            for load in found.latencies
        ),
        Bar(
            "Enqueueing: less than 10 % of a purchase", f"{found.enqueue:.1%}", found.enqueue < 0.1
        ),
    ]


FLOORS = {"listing": 0.65, "deep": 0.90, "detail": 0.45}


def _at_least(results: Results, operation: str, of: str, least: float) -> Bar:
    ratio = results.ratio(operation, of)
    return Bar(
        f"{operation.capitalize()}: at least {least:.0%} of the floor",
        None if ratio is None else f"{ratio:.0%}",
        ratio is not None and ratio >= least,
    )


def _times(results: Results, operation: str, of: str, least: float) -> Bar:
    ratio = results.ratio(operation, of)
    return Bar(
        f"{operation.capitalize()}: at least {least:.0f} times {of}",
        None if ratio is None else f"{ratio:.1f}",
        ratio is not None and ratio >= least,
    )


def _rest(results: Results) -> Bar:
    ratio = results.ratio("listing", REST.name, of=VIEW.name)
    return Bar(
        "Listing by REST: at most 1.5 times the cost of GraphQL by Django's view",
        None if ratio is None else f"{ratio:.2f}",
        ratio is not None and ratio <= 1.5,
    )


def _lookup(results: Results) -> Bar:
    mine, hello = results.of(NEXUS.name, "lookup"), results.of(HELLO.name, HELLO_OPERATION)
    wanted = "Look-up: at least 4,000 a second, or 30 % of uvicorn's hello, world"
    if mine is None or hello is None:
        return Bar(wanted, None, met=False)
    share = mine.rate / hello.rate
    return Bar(wanted, f"{mine.rate:,.0f}; {share:.0%}", mine.rate >= 4000 or share >= 0.3)


def _rates(results: Results) -> str:
    rows = []
    for operation in OPERATIONS:
        row = [operation.title, _rate(results.of(FLOOR, operation.name))]
        row += [f"**{_rate(results.of(NEXUS.name, operation.name))}**"]
        row += [_percent(results.ratio(operation.name, FLOOR))]
        for peer in (POSTGRAPHILE, GRAPHENE.name):
            row += [_rate(results.of(peer, operation.name))]
            ratio = results.ratio(operation.name, peer)
            row += [f"{ratio:.1f} x" if ratio else "—"]
        rows.append(row)
    hello = _rate(results.of(HELLO.name, HELLO_OPERATION))
    rows.append(["uvicorn's hello, world", "", hello, "", "", "", "", ""])
    return _table(
        [
            *("", "pgbench: the floor", "Nexus", "of the floor"),
            *(POSTGRAPHILE, "Nexus is", GRAPHENE.name, "Nexus is"),
        ],
        rows,
    )


def _costs(results: Results) -> str:
    rows = [
        [operation.title, name, *_cost(sample, results.statements.get((name, operation.name)))]
        for operation in OPERATIONS
        for name in (NEXUS.name, POSTGRAPHILE, GRAPHENE.name, VIEW.name, REST.name)
        if (sample := results.of(name, operation.name))
    ]
    return _table(["", "", "server", "PostgreSQL", "statements", "median", "99th percentile"], rows)


def _cost(sample: Sample, statements: int | None) -> list[str]:
    return [
        f"{sample.of_server:,.0f}",
        f"{sample.of_postgres:,.0f}" if sample.of_postgres else "—",
        "—" if statements is None else str(statements),
        f"{sample.median:.1f}",
        f"{sample.slow:.1f}",
    ]


def _circumstances(database: Database) -> str:
    settings = ", ".join(
        f"`{name}` {database.query(f'SHOW {name}')}"
        for name in ("shared_buffers", "fsync", "synchronous_commit", "jit")
    )
    version = database.query("SHOW server_version").split()[0]
    return (
        f"{datetime.now(UTC):%d %B %Y}; {_processor()}, {os.cpu_count()} cores; Python "
        f"{platform.python_version()}; PostgreSQL {version} ({settings}); {PRODUCTS:,} products, "
        f"3 variants, 2 media and 5 reviews each. {CLIENTS} clients of {tool()} (pgbench: 8) on "
        "the same machine, one server process, no response cache. Each figure is the median of "
        "the rounds; a ratio is the median of the rounds' ratios.\n"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _rate(sample: Sample | None) -> str:
    if sample is None:
        return "—"
    return f"{sample.rate:,.0f}" if sample.rate >= 100 else f"{sample.rate:.1f}"


def _percent(ratio: float | None) -> str:
    return "—" if ratio is None else f"{ratio:.0%}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
