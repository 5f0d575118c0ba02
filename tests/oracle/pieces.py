"""What the rows of a made-up shop are made of."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import nh3

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TEXTS = [
    "Ocean Shirt",
    "ocean shirt",
    "Älg 100% wool",
    "mug_1",
    'O\'Neil "the" great',
    "back\\slash \\u0041",
    "tab\tand\nline",
    "emoji \U0001f9f6 yarn",
    "<b>bold</b> &amp; plain",
    "separators \u2028 \u2029",
    "control \x01 \x1f \x7f",
    "%s %(x)s $1 {0}",
    "  spaces  ",
    "Zebra",
]
WORDS = ["ocean", "shirt", "mug", "wool", "red", "Älg", "100%", "it's", "new"]
COUNTRIES = ["GB", "DE", "FR", "US"]
AMOUNTS = ["0.00", "0.01", "9.90", "10.00", "10.00", "55.50", "1234567890.12"]


class Pieces:
    """Texts, times and amounts, as ``random`` decides."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.numbers = itertools.count()

    def some(self, most: int, least: int = 0) -> range:
        """A range of a random length."""
        return range(self.random.randint(least, most))

    def maybe(self, value: Any, otherwise: Any = None) -> Any:
        """The value, or as often the other one."""
        return value if self.random.random() < 0.5 else otherwise

    def text(self, *, blank: bool = True) -> str:
        """A text; perhaps none."""
        if blank and self.random.random() < 0.2:
            return ""
        return self.random.choice(TEXTS)

    def html(self) -> str:
        """A description, sanitised; some are longer than a summary."""
        size = self.random.choice([0, 3, 60])
        words = " ".join(self.random.choices([*WORDS, "a &amp; b", "<b>bold</b>"], k=size))
        return nh3.clean(f"<p>{words}</p><ul><li>{words[:20]}</li></ul>" if words else "")

    def time(self) -> datetime:
        """A time that other rows may share; with or without microseconds."""
        fine = self.random.choice([0, 0, 1, 500_000, 123_400])
        return START + timedelta(days=self.random.randint(-3, 3), microseconds=fine)

    def amount(self) -> Decimal:
        """A price."""
        return Decimal(self.random.choice(AMOUNTS[:-1] if self.random.random() < 0.9 else AMOUNTS))

    def address(self) -> dict[str, Any]:
        """A postal address as carts and orders keep it; older ones may lack what may be empty."""
        address = {"name": self.text(blank=False), "street": self.text(), "city": self.text()}
        address["country"] = self.random.choice(COUNTRIES)
        for part in ("postal_code", "phone"):
            if self.random.random() < 0.8:
                address[part] = self.random.choice(["", None, "N1 9GU", self.text()])
        return address

    def number(self) -> int:
        """One that no other row has."""
        return next(self.numbers)
