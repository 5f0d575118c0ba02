"""Takes turns: in each round every contender gets every operation, so that a machine that slows
down slows all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

from benchmarks import floor
from benchmarks.contenders import (
    GRAPHENE,
    HELLO,
    NEXUS,
    REST,
    VIEW,
    Running,
    ask,
    census,
    postgraphile,
)
from benchmarks.database import Database
from benchmarks.load import Load, Target, load
from benchmarks.operations import OPERATIONS
from benchmarks.processes import cpu_seconds, settle
from benchmarks.statements import counted

CLIENTS = 16
WARM_UP_SECONDS = 2.0
# So few answers say little: who is as slow gets three times as long.
FEW_ANSWERS = 100
FLOOR = "pgbench"
HELLO_OPERATION = "hello"


@dataclass(frozen=True)
class Sample:
    """One contender under one load.

    Attributes:
        of_server: answers for a second of the server's CPU time.
        of_postgres: answers for a second of PostgreSQL's; 0 where it runs on another machine.
    """

    rate: float
    of_server: float = 0.0
    of_postgres: float = 0.0
    median: float = 0.0
    slow: float = 0.0


@dataclass
class Results:
    """All samples, by contender and operation, and statements likewise."""

    samples: dict[tuple[str, str], list[Sample]] = field(default_factory=lambda: defaultdict(list))
    statements: dict[tuple[str, str], int] = field(default_factory=dict)

    def of(self, contender: str, operation: str) -> Sample | None:
        """The median of each figure; None where nothing was measured."""
        samples = self.samples.get((contender, operation))
        if not samples:
            return None
        names = ("rate", "of_server", "of_postgres", "median", "slow")
        return Sample(*(median(getattr(sample, name) for sample in samples) for name in names))

    def ratio(self, operation: str, to: str, of: str = NEXUS.name) -> float | None:
        """How many times another contender's rate this one has: the median of the rounds."""
        pairs = zip(
            self.samples.get((of, operation), []),
            self.samples.get((to, operation), []),
            strict=False,
        )
        ratios = [mine.rate / theirs.rate for mine, theirs in pairs if theirs.rate]
        return median(ratios) if ratios else None


class Bench:
    """One run of the benchmark.

    Args:
        database: filled.
        seconds: of each load.
        rounds: how often each contender is asked each operation.
        say: tells how far it is.
    """

    def __init__(
        self, database: Database, *, seconds: float, rounds: int, say: Callable[[str], None]
    ) -> None:
        self.database = database
        self.postgres = database.server_pid()
        self.seconds = seconds
        self.rounds = rounds
        self.say = say
        self.results = Results()
        peer = postgraphile()
        self.contenders = [each for each in (NEXUS, peer, GRAPHENE, VIEW, REST) if each]
        if peer is None:
            say("PostGraphile is left out: it needs Node of 22 or newer and its packages.")

    def inspect(self) -> None:
        """See that all answer alike, and count their statements."""
        known: dict[str, object] = {}
        for contender in self.contenders:
            self.say(f"Comparing answers: {contender.name}")
            with (
                counted(self.database) as (way, counter),
                contender.running(way) as running,
            ):
                for operation in filter(running.answers, OPERATIONS):
                    drawn = 11 if operation.as_customer or operation.draws else 0
                    if operation.name == "search":
                        drawn = 411
                    target = running.target(operation)
                    found = census(ask(target, drawn))
                    if not found or known.setdefault(operation.name, found) != found:
                        raise ValueError(f"{contender.name} answers {operation.name} otherwise.")
                    counts = []
                    for _ in range(5):
                        before = counter.statements
                        ask(target, drawn)
                        counts.append(counter.statements - before)
                    # Now and then a connection is checked, or a statement prepared.
                    self.results.statements[contender.name, operation.name] = min(counts)

    def measure(self) -> None:
        """All rounds of all operations."""
        with ExitStack() as servers:
            running = [
                servers.enter_context(contender.running(self.database))
                for contender in self.contenders
            ]
            hello = servers.enter_context(HELLO.running(self.database))
            for operation in OPERATIONS:
                for each in running:
                    if each.answers(operation):
                        load(each.target(operation), clients=CLIENTS, seconds=WARM_UP_SECONDS)
                        settle(each.pid)
            for turn in range(self.rounds):
                for operation in OPERATIONS:
                    self.say(f"Round {turn + 1} of {self.rounds}: {operation.name}")
                    rate = floor.measure(operation, self.database, seconds=self.seconds)
                    self.results.samples[FLOOR, operation.name].append(Sample(rate))
                    for each in running:
                        if each.answers(operation):
                            self._sample(each, operation.name, each.target(operation))
                self._sample(hello, HELLO_OPERATION, Target(hello.url))

    def _sample(self, running: Running, operation: str, target: Target) -> None:
        sample, found = self._loaded(running, target, self.seconds)
        if found.requests < FEW_ANSWERS:
            sample, found = self._loaded(running, target, 3 * self.seconds)
        if found.failed:
            self.say(f"{running.contender.name} failed {found.failed} times at {operation}.")
        self.results.samples[running.contender.name, operation].append(sample)

    def _loaded(self, running: Running, target: Target, seconds: float) -> tuple[Sample, Load]:
        before = self._cpu(running)
        found = load(target, clients=CLIENTS, seconds=seconds)
        server, postgres = (
            found.requests / spent if (spent := after - earlier) else 0.0
            for after, earlier in zip(self._cpu(running), before, strict=True)
        )
        settle(running.pid)
        return Sample(found.rate, server, postgres, found.median, found.slow), found

    def _cpu(self, running: Running) -> tuple[float, float]:
        return cpu_seconds(running.pid), cpu_seconds(self.postgres) if self.postgres else 0.0
