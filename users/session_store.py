"""Django's database sessions, kept in :class:`users.models.BrowserSession`."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from users.models import BrowserSession


class SessionStore(DatabaseStore):
    """Stores a session together with the account that logged in to it."""

    @classmethod
    def get_model_class(cls) -> type[BrowserSession]:
        """The table of the sessions."""
        return BrowserSession

    def create_model_instance(self, data: dict[str, Any]) -> BrowserSession:
        """The row for ``data``; Django's log-in and log-out keep the account's key in it."""
        row = cast(BrowserSession, super().create_model_instance(data))
        row.user_id = data.get(SESSION_KEY)
        return row
