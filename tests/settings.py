"""Settings of the test suite: those of the shop, apart from a developer's shop and ``.env``."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# The environment goes before `.env`, and reaches the processes that tests start.
os.environ["DEBUG"] = "true"
os.environ["VAR_DIR"] = str(ROOT / "var" / "test")
os.environ["LOG_LEVEL"] = "WARNING"
# Tests come from one address, faster than people.
os.environ["REST_REQUESTS_PER_MINUTE"] = "0"
# Tests that need these services ask the fixtures `rabbitmq_url` and `redis_url` for them.
SERVICES = {name: os.environ.pop(name, "") for name in ["CELERY_BROKER_URL", "REDIS_URL"]}
os.environ |= dict.fromkeys(SERVICES, "")

from nexus.settings import *  # noqa: E402, F403

# A hash that takes no time; the shop's own is slow on purpose.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# As Django's test runner does, so that no test depends on debug pages.
DEBUG = False
