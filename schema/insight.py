"""What staff see of a request in development, in ``extensions.nexus``."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.db import connection

from users.viewer import Viewer


class Insight:
    """Collects while a request runs.

    Attributes:
        sql: the statements that the compiler made for it.
        cost: rows that it may read.
    """

    def __init__(self) -> None:
        self.sql: list[str] = []
        self.cost = 0
        self._began = time.perf_counter()

    def seen_by(self, viewer: Viewer) -> dict[str, Any] | None:
        """The extension, for whoever may see it.

        ``statements`` counts all that were run for the request, ``BEGIN`` and ``SAVEPOINT`` too;
        ``ms`` is how long it took.
        """
        # Who has any permission is staff.
        if not (viewer.permissions and settings.DEBUG):
            return None
        return {
            "sql": self.sql,
            "statements": len(connection.queries_log),
            "ms": round((time.perf_counter() - self._began) * 1000, 2),
            "cost": self.cost,
        }
