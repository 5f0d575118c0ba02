"""How domain services refuse, and how jobs ask for another attempt."""

from __future__ import annotations

from django.core.exceptions import ValidationError


class Rejected(ValidationError):
    """A rule that the caller can mend was broken.

    Args:
        code: the API's upper-case code, e.g. ``"OUT_OF_STOCK"``.
        message: one sentence that says what is wrong and what to do.
        field: the path inside the input, dotted: ``"lines.0.quantity"``; empty for the whole.

    Several refusals at once are a plain ``ValidationError`` of a list of these.
    """

    def __init__(self, code: str, message: str, *, field: str = "") -> None:
        super().__init__(message, code=code)
        self.field = field


class TryAgain(Exception):
    """Raised by a job that can't be done now but may be later, with a reason fit for a client.

    For example ``TryAgain("The mail server does not take the mail.")``. Any other exception makes
    another attempt too, but tells the client nothing.
    """
