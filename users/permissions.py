"""Who may call: one declared rule on every root field, mutation and REST route."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Protocol

from django.core.exceptions import PermissionDenied

from users.viewer import Viewer

_PERMISSION = re.compile(r"[a-z_]+\.[a-z_]+")


class Rule(Protocol):
    """Decides whether a viewer may call.

    Attributes:
        required: the Django permission that it takes, or None where no single one is named.
    """

    @property
    def required(self) -> str | None:
        """The Django permission that the rule takes, if it takes one."""

    def allows(self, viewer: Viewer) -> bool:
        """Whether ``viewer`` may call; asks no database."""


@dataclass(frozen=True, slots=True)
class AllowAny:
    """Everybody, guests too."""

    required: ClassVar[None] = None

    def allows(self, viewer: Viewer) -> bool:
        """Always."""
        return True


@dataclass(frozen=True, slots=True)
class IsAuthenticated:
    """Whoever has an account."""

    required: ClassVar[None] = None

    def allows(self, viewer: Viewer) -> bool:
        """Whether the viewer has an account."""
        return viewer.is_authenticated


@dataclass(frozen=True, slots=True)
class HasPermission:
    """Whose roles include one permission: ``HasPermission("commerce.view_order")``."""

    required: str

    def allows(self, viewer: Viewer) -> bool:
        """Whether the viewer's roles include it."""
        return viewer.may(self.required)


def permission_missing(error: PermissionDenied) -> str | None:
    """The Django permission that a refusal names; None where it says something else."""
    named = _PERMISSION.fullmatch(str(error))
    return named and named[0]
