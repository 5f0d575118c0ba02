"""What clients had to wait and were answered, by what was wrong with the shop meanwhile."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from tests.faults.load import MEASURED, Request
from tests.faults.timeline import Timeline

HEALTHY, BROKER = "healthy", "any broker fault"
# Requests whose 99th percentile tells more than who was unlucky: of a healthy shop, of one fault.
ENOUGH, MANY = 300, 1_000
# What clients may get beside an answer while this is away.
EXCUSES = {"web": "unreachable", "database": "unavailable"}
# Seconds for which a connection may go unchecked that broke while nobody used it.
AFTERMATH = 6.0
# Times the healthy 99th percentile, and seconds more.
FACTOR, SLACK = 1.5, 0.020


class Waits:
    """Seconds until an answer, while nothing was wrong or the broker alone."""

    def __init__(self, requests: Iterable[Request], timeline: Timeline) -> None:
        self._waits: dict[str, list[float]] = defaultdict(list)
        for each in requests:
            if each.name not in MEASURED or not timeline.is_measured(each.began, each.ended):
                continue
            faults = timeline.between(each.began, each.ended)
            for name in {fault.name for fault in faults} | {BROKER if faults else HEALTHY}:
                self._waits[name].append(each.ended - each.began)

    def p99(self, name: str) -> float:
        """The 99th percentile under a fault; of none where nothing was measured."""
        return percentile(self._waits[name], 0.99)

    def rows(self) -> list[tuple[str, int, float, float]]:
        """Of each fault: its name, how many requests, and their median and 99th percentile."""
        order = [HEALTHY, BROKER, *sorted(self._waits.keys() - {HEALTHY, BROKER})]
        return [
            (name, len(waits), percentile(waits, 0.5), percentile(waits, 0.99))
            for name in order
            if (waits := self._waits[name])
        ]

    def complaints(self) -> list[str]:
        """The faults that made clients wait."""
        if len(self._waits[HEALTHY]) < ENOUGH:
            return [f"Only {len(self._waits[HEALTHY])} requests met a healthy shop."]
        most = FACTOR * self.p99(HEALTHY) + SLACK
        return [
            f"{name}: p99 {1000 * p99:.0f} ms, more than {1000 * most:.0f} ms"
            for name, count, _, p99 in self.rows()
            if p99 > most and (count >= MANY or name == BROKER)
        ]


def percentile(values: Iterable[float], share: float) -> float:
    """The least value that so large a share of them does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def wrong_answers(requests: Iterable[Request], timeline: Timeline) -> list[str]:
    """The answers that clients should not have had, each with how often they had it."""
    found: Counter[str] = Counter()
    for each in requests:
        faults = timeline.between(each.began - AFTERMATH, each.ended)
        excuses = {"answered"} | {EXCUSES[fault.of] for fault in faults if fault.of in EXCUSES}
        if each.outcome not in excuses:
            names = ", ".join(sorted(fault.name for fault in faults)) or "nothing wrong"
            found[f"{each.name}: {each.outcome} ({names})"] += 1
    return [f"{what}: {count} times" for what, count in found.most_common()]
