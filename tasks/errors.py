"""How every domain service refuses: one exception with a code and the field it speaks of."""

from __future__ import annotations

from django.core.exceptions import ValidationError


class Rejected(ValidationError):
    """A rule that the caller can mend was broken.

    Args:
        code: the contract's upper-case code, e.g. ``"OUT_OF_STOCK"``.
        message: one sentence that says what is wrong and what to do.
        field: the path inside the input, dotted: ``"lines.0.quantity"``; empty for the whole.

    Several refusals at once are a plain ``ValidationError`` of a list of these.
    """

    def __init__(self, code: str, message: str, *, field: str = "") -> None:
        super().__init__(message, code=code)
        self.field = field
