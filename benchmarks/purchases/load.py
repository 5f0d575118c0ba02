"""Purchases over HTTP, by clients in a process of their own."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from graphql import parse, print_ast
from graphql.utilities import separate_operations, strip_ignored_characters

from benchmarks.node import node
from benchmarks.purchases.goods import ADDRESS, METHOD, RANGES, SKU_OFFSET

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Load:
    """What came of it.

    Attributes:
        failed: purchases that did not end in an order.
        failure: what the first of them was answered.
        median: milliseconds of half of the purchases at most.
        slow: likewise, of 99 in 100.
    """

    purchases: int
    seconds: float
    failed: int
    failure: str
    median: float
    slow: float

    @property
    def rate(self) -> float:
        """Purchases a second."""
        return self.purchases / self.seconds


@cache
def documents() -> dict[str, str]:
    """What is sent for each step, by the operation's name."""
    return {
        name: strip_ignored_characters(print_ast(document))
        for name, document in separate_operations(
            parse((HERE / "operations.graphql").read_text())
        ).items()
    }


def plan(url: str) -> dict[str, Any]:
    """What the clients need to know."""
    from schema.compiler.ids import encode_id

    return {
        "url": url,
        "documents": documents(),
        "goods": [[low + SKU_OFFSET, high + SKU_OFFSET] for low, high in RANGES],
        "address": ADDRESS,
        "method": encode_id("ShippingMethod", METHOD),
    }


def load(url: str, *, clients: int, seconds: float) -> Load:
    """Have so many clients buy, one purchase after the other.

    Raises:
        ValueError: a purchase failed.
    """
    given = {**plan(url), "clients": clients, "seconds": seconds}
    output = subprocess.run(
        [*node(), str(HERE / "buy.mjs"), json.dumps(given)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = Load(**json.loads(output))
    if found.failed:
        raise ValueError(f"{found.failed} purchases failed; the first: {found.failure}")
    return found
