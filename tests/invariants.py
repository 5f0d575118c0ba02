"""Whether the shop's books agree, for tests that did something to them."""

from __future__ import annotations

from nexus.invariants import INVARIANTS
from tasks.invariants import violations_of


def broken_invariants() -> list[str]:
    """What breaks any domain's invariants: ``assert broken_invariants() == []``."""
    return violations_of(INVARIANTS)
