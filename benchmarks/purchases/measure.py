"""Takes turns: in each round pgbench replays purchases, then clients buy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from benchmarks.contenders import NEXUS
from benchmarks.database import Database
from benchmarks.floor import pgbench
from benchmarks.processes import cpu_seconds, settle
from benchmarks.purchases.goods import broken, orders, stocked
from benchmarks.purchases.load import Load, load
from benchmarks.purchases.replay import captured, script

CLIENTS = (1, 8)
WARM_UP_SECONDS = 2.0


@dataclass
class Purchases:
    """What came of it, by the number of clients.

    Attributes:
        statements: of one purchase, those of transactions included.
        orders: how many were placed in all.
        broken: what of the books does not agree afterwards, and how often.
        of_server: purchases for a second of the server's CPU time, with the most clients.
        of_postgres: likewise of PostgreSQL's; 0 where it runs on another machine.
    """

    statements: int = 0
    orders: int = 0
    broken: dict[str, int] = field(default_factory=dict)
    floors: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    loads: dict[int, list[Load]] = field(default_factory=lambda: defaultdict(list))
    of_server: float = 0.0
    of_postgres: float = 0.0

    def rate(self, clients: int) -> float:
        """Purchases a second."""
        return median(found.rate for found in self.loads[clients])

    def floor(self, clients: int) -> float:
        """What pgbench came to."""
        return median(self.floors[clients])

    def share(self, clients: int) -> float:
        """The rate by pgbench's: the median of the rounds."""
        pairs = zip(self.loads[clients], self.floors[clients], strict=True)
        return median(found.rate / floor for found, floor in pairs)


def measure(own: Database, *, seconds: float, rounds: int, say: Callable[[str], None]) -> Purchases:
    """Buy in a copy of the shop; no server of the shop may run."""
    say("Purchases: stocking a copy of the shop")
    found = Purchases()
    with stocked(own) as shop:
        statements, prepared = captured(shop)
        found.statements = len(statements)
        replayed = script(statements, prepared)
        postgres = shop.server_pid()
        with NEXUS.running(shop) as running:
            load(running.url, clients=max(CLIENTS), seconds=WARM_UP_SECONDS)
            costs = []
            for turn in range(rounds):
                for clients in CLIENTS:
                    say(f"Purchases: round {turn + 1} of {rounds}, {clients} clients")
                    floor = pgbench(
                        replayed,
                        shop,
                        clients=clients,
                        seconds=seconds,
                        options=["--protocol=simple", "--define=is_new=1"],
                    )
                    settle(running.pid)
                    before = cpu_seconds(running.pid), cpu_seconds(postgres) if postgres else 0.0
                    bought = load(running.url, clients=clients, seconds=seconds)
                    after = cpu_seconds(running.pid), cpu_seconds(postgres) if postgres else 0.0
                    costs.append(
                        [
                            bought.purchases / (late - early) if late > early else 0.0
                            for late, early in zip(after, before, strict=True)
                        ]
                    )
                    found.floors[clients].append(floor)
                    found.loads[clients].append(bought)
            found.orders, found.broken = orders(shop), broken(shop)
            found.of_server, found.of_postgres = (median(cost) for cost in zip(*costs, strict=True))
    return found
