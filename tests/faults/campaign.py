"""What goes wrong when: first one thing after the other, then anything, several at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random

from tests.faults.account import unfinished
from tests.faults.faults import ALL, BROKER, JOBS, KILLS, Fault
from tests.faults.shop import Shop
from tests.faults.timeline import Timeline

# Seconds of quiet before and after each broker fault, and at most for its backlog to go.
QUIET, CATCH_UP = 3.0, 15.0
# Jobs under way that are no backlog.
BUSY = 5
# Seconds from one fault to the next where anything fails.
BETWEEN = (0.3, 1.5)
# Of faults anywhere, before it is the broker's turn again.
STRETCH = 60.0


class Campaign:
    """Strikes the shop as ``random`` says and keeps the time of everything.

    Args:
        say: tells how far it is.
    """

    def __init__(
        self, shop: Shop, timeline: Timeline, random: Random, say: Callable[[str], None]
    ) -> None:
        self._shop = shop
        self._timeline = timeline
        self._random = random
        self._say = say

    def run(self, until: float) -> None:
        """Every fault at least once, and more of them until a time on the monotonic clock."""
        while True:
            began = time.monotonic()
            time.sleep(QUIET)
            self.break_broker()
            self.break_workers()
            another = time.monotonic() - began + 2 * STRETCH
            is_last = until - time.monotonic() < another
            self.break_anything(until if is_last else time.monotonic() + STRETCH)
            if is_last:
                return

    def break_broker(self) -> None:
        """Each fault of the broker by itself, while waits are measured."""
        with self._timeline.measuring():
            time.sleep(QUIET)
            for fault in self._shuffled(BROKER):
                with self._timeline.during(fault):
                    self._strike(fault)
                    self._catch_up()
                time.sleep(QUIET)

    def break_workers(self) -> None:
        """Each fault of who runs the jobs by itself, so that it surely meets one at work."""
        for fault in self._shuffled(JOBS):
            self._strike_in_passing(fault)

    def break_anything(self, until: float) -> None:
        """Every fault, and every kill once more, each on top of those that still last."""
        striking: dict[Fault, Future[None]] = {}
        waiting = [*self._shuffled(KILLS), *self._shuffled(ALL)]
        with ThreadPoolExecutor(len(ALL)) as pool:
            while waiting or time.monotonic() < until:
                fault = (waiting or self._shuffled(ALL)).pop()
                if fault in striking:
                    striking[fault].result()
                _raise_errors(striking.values())
                striking[fault] = pool.submit(self._strike_in_passing, fault)
                time.sleep(self._random.uniform(*BETWEEN))
        _raise_errors(striking.values())
        self._shop.heal()

    def _strike_in_passing(self, fault: Fault) -> None:
        with self._timeline.during(fault):
            self._strike(fault)

    def _strike(self, fault: Fault) -> None:
        self._say(fault.name)
        with fault.strike(self._shop, self._random):
            time.sleep(self._random.uniform(*fault.seconds))

    def _catch_up(self) -> None:
        """Wait until the jobs are done that the fault has held up."""
        deadline = time.monotonic() + CATCH_UP
        while unfinished() > BUSY and time.monotonic() < deadline:
            time.sleep(0.2)

    def _shuffled(self, faults: list[Fault]) -> list[Fault]:
        return self._random.sample(faults, len(faults))


def _raise_errors(striking: Iterable[Future[None]]) -> None:
    """A fault that can't be mended ends the run."""
    for future in striking:
        if future.done():
            future.result()
