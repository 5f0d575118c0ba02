"""When which fault was on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.faults.faults import Fault


@dataclass
class Span:
    """A stretch of time, on the monotonic clock; without an end while it lasts."""

    began: float
    ended: float = float("inf")

    def meets(self, began: float, ended: float) -> bool:
        return self.began <= ended and began <= self.ended

    def holds(self, began: float, ended: float) -> bool:
        return self.began <= began and ended <= self.ended


class Timeline:
    """The spans of all faults, some of which overlap, and of all measurements."""

    def __init__(self) -> None:
        self._faults: list[tuple[Fault, Span]] = []
        self._measurements: list[Span] = []

    @contextmanager
    def during(self, fault: Fault) -> Iterator[None]:
        """A fault is on, until the shop has got over it."""
        with _lasting() as span:
            self._faults.append((fault, span))
            yield

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Whoever waits now waits for the faults that are on, and nothing else."""
        with _lasting() as span:
            self._measurements.append(span)
            yield

    def is_measured(self, began: float, ended: float) -> bool:
        return any(span.holds(began, ended) for span in self._measurements)

    def between(self, began: float, ended: float) -> set[Fault]:
        """The faults that were on at any moment of a stretch of time."""
        return {fault for fault, span in self._faults if span.meets(began, ended)}

    def counts(self) -> Counter[Fault]:
        """How often each fault has struck."""
        return Counter(fault for fault, _ in self._faults)


@contextmanager
def _lasting() -> Iterator[Span]:
    span = Span(time.monotonic())
    try:
        yield span
    finally:
        span.ended = time.monotonic()
