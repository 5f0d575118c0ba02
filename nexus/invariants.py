"""Every domain's invariants."""

from __future__ import annotations

from catalog import invariants as catalogue
from commerce import invariants as commerce

INVARIANTS = [*catalogue.INVARIANTS, *commerce.INVARIANTS]
