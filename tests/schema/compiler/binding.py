"""Which Python values the event loop's connections take for a parameter of each type.

They send values in PostgreSQL's binary format, which knows no text that happens to look like a
number.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from schema.compiler.slots import Bindings
from schema.compiler.statement import Plan

TAKEN: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "bigint": (int,),
    "numeric": (Decimal, int),
    "double precision": (float, int),
    "boolean": (bool,),
    "timestamptz": (datetime,),
    "uuid": (UUID, str),
}
_parameters = Plan.parameters


def checked_parameters(plan: Plan, bindings: Bindings) -> list[Any]:
    """``Plan.parameters``, which fails where a value is not of its slot's type."""
    values = _parameters(plan, bindings)
    for slot, value in zip(plan.slots, values, strict=True):
        is_list = slot.cast.endswith("[]")
        taken = TAKEN[slot.cast.removesuffix("[]")]
        for each in value if is_list and value is not None else [value]:
            assert each is None or type(each) in taken, (slot.cast, value)
    return values
