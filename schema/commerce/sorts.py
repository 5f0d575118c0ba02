"""Orders of the lists of orders."""

from __future__ import annotations

from schema.compiler.readings import Sort
from schema.enumeration import enumeration

OrderSort = enumeration(
    "OrderSort",
    ["NEWEST", "OLDEST"],
    "An order of orders.",
    {"NEWEST": "The latest placed first.", "OLDEST": "The earliest placed first."},
)

_KEYS, _CASTS = ("placed_at", "id"), ("timestamptz", "bigint")

ORDER_SORTS = {
    "NEWEST": Sort(_KEYS, _CASTS, descending=True),
    "OLDEST": Sort(_KEYS, _CASTS),
}
VOUCHER_SORTS = {"NEWEST": Sort(("id",), ("bigint",), descending=True)}
EVENT_SORTS = {"OLDEST": Sort(("sequence", "id"), ("bigint", "bigint"))}
