"""The shop's settings and models; Django's own way of serving them, without middleware."""

from __future__ import annotations

from nexus.settings import *  # noqa: F403
from nexus.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [name for name in INSTALLED_APPS if name not in ("nexus", "schema")]
# Persistent connections without a SELECT 1 before each request.
DATABASES["default"] |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": False}
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "benchmarks.peers.graphene_stock.urls"
