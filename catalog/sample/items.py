"""How the sample's products are written down, shortly, and what that stands for."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import cycle, product

from django.conf import settings

from catalog.money import rounded

COLOURS = {
    "Navy": "#2b4468",
    "Ocean": "#2f7d95",
    "Sage": "#6f8f6b",
    "Forest": "#3d5f46",
    "Rust": "#b2563a",
    "Mustard": "#c8973a",
    "Plum": "#6b4a72",
    "Rose": "#c27a86",
    "Charcoal": "#434850",
    "Sand": "#c4b090",
    "Oak": "#b58a58",
    "Cream": "#d9ccb4",
    "Brick": "#a3463b",
    "Sky": "#7ba4c7",
}
SIZES = ("Small", "Medium", "Large")


@dataclass(frozen=True, kw_only=True)
class Item:
    """One product.

    Attributes:
        sku: the beginning of its variants' SKUs; they are numbered from 1.
        category: the slug of its category.
        description: one paragraph a line.
        tint: the colour of its picture where Colour is no option.
        options: values by option name; every combination is a variant.
        extra: what a value adds to the price.
        stock: on hand, one number after the other for the variants, repeated as needed.
        was: the price before, shown crossed out.
    """

    name: str
    slug: str
    sku: str
    category: str
    vendor: str
    price: str
    description: str
    motif: str
    tags: tuple[str, ...] = ()
    tint: str = "Sand"
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    stock: tuple[int, ...] = (24,)
    was: str | None = None
    weight: int | None = None

    def pictures(self) -> list[tuple[str, str]]:
        """(description, colour name) of each picture: one a colour on offer."""
        colours = self.options.get("Colour", ())
        return [(f"{self.name} in {c.lower()}", c) for c in colours] or [(self.name, self.tint)]

    def serialised(self) -> dict[str, object]:
        """As input for ``catalog.serializers.ProductSerializer``, without pictures."""
        return {
            "name": self.name,
            "slug": self.slug,
            "category_slug": self.category,
            "vendor": self.vendor,
            "description": "".join(f"<p>{line}</p>" for line in self.description.splitlines()),
            "tags": list(self.tags),
            "is_published": True,
            "options": [{"name": n, "values": list(v)} for n, v in self.options.items()],
            "variants": [
                self._variant(number, values, stock)
                for (number, values), stock in zip(
                    enumerate(product(*self.options.values()), start=1),
                    cycle(self.stock),
                    strict=False,
                )
            ],
        }

    def _variant(self, number: int, values: tuple[str, ...], stock: int) -> dict[str, object]:
        extra = sum((Decimal(self.extra.get(value, "0")) for value in values), Decimal(0))
        return {
            "sku": f"{self.sku}-{number}",
            "options": [
                {"name": name, "value": value}
                for name, value in zip(self.options, values, strict=True)
            ],
            "price": _amount(Decimal(self.price) + extra),
            "compare_at_price": _amount(Decimal(self.was) + extra) if self.was else None,
            "stock": stock,
            "weight": self.weight,
        }


def _amount(amount: Decimal) -> Decimal:
    """As the shop's currency has it."""
    return rounded(amount, currency=settings.CURRENCY)
