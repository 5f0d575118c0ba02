"""Random decisions.

Hypothesis varies what it has tried, so that of a thousand operations most are alike and a third of
the fields never come up. Here each is drawn anew, and what fails is made small in
``tests.oracle.minimal``.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Decides; the same again for the same seed."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)

    def number(self, least: int, most: int) -> int:
        """A number between the two."""
        return self._random.randint(least, most)

    def chance(self, percent: int) -> bool:
        """Whether something that happens so often does."""
        return self._random.random() * 100 < percent

    def one(self, items: Sequence[T]) -> T:
        """One of several."""
        return self._random.choice(items)

    def shuffled(self, items: list[T]) -> list[T]:
        """The items in another order."""
        return self._random.sample(items, len(items))
