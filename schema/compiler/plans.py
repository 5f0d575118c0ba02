"""What was made for earlier requests, least recently used forgotten first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """A cache that is bounded in entries and in their weight, shared by all threads of a process.

    Clients decide how large each entry is; so many of the largest would fill the memory.

    Args:
        size: how many entries are kept at most.
        weight: how much they may weigh together; by default any weight is kept.
    """

    def __init__(self, size: int, weight: float = float("inf")) -> None:
        self._size = size
        self._most = weight
        self._weight = 0
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> T | None:
        """What is kept under a key."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: T, weight: int = 0) -> None:
        """Keep a value, in place of those least recently used where there are too many."""
        with self._lock:
            self._forget(key)
            self._kept[key] = value, weight
            self._weight += weight
            while len(self._kept) > self._size or self._weight > self._most:
                self._forget(next(iter(self._kept)))

    def _forget(self, key: Hashable) -> None:
        _, weight = self._kept.pop(key, (None, 0))
        self._weight -= weight

    def clear(self) -> None:
        """Forget all, as after a change of settings."""
        with self._lock:
            self._kept.clear()
            self._weight = 0
