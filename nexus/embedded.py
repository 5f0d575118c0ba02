"""The embedded PostgreSQL, used where ``DATABASE_URL`` is not set."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def embedded_settings(var: Path) -> dict[str, Any]:
    """Django's database settings for the embedded server under ``var``."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "nexus",
        "USER": "postgres",
        "HOST": str(var / "postgres"),
    }
