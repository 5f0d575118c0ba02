"""What every test stands on: the database server and the services."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from nexus.embedded import EmbeddedPostgres

COMPILER_TESTS = Path(__file__).parent / "schema" / "compiler"
# Losing the test database in a power cut costs nothing; waiting for the disk does.
UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# Examples that touch a database take as long as they take; .ci/nightly tries many more of them.
hypothesis_settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.register_profile(
    "nightly", hypothesis_settings.get_profile("default"), max_examples=2_000
)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed of what each run tries anew; the processes of one run share it."""
    os.environ.setdefault("ORACLE_SEED", str(secrets.randbelow(10**9)))


def pytest_report_header() -> str:
    """Say how to try the same again."""
    return f"ORACLE_SEED={os.environ['ORACLE_SEED']}"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
) -> Iterator[None]:
    """The database server runs before the first test database is made, and until the last goes."""
    if settings.DATABASE_URL:
        yield
    else:
        with EmbeddedPostgres(settings.VAR / "postgres", parameters=UNSAFE_BUT_FAST):
            yield


@pytest.fixture(scope="session")
def rabbitmq_url() -> str:
    """The RabbitMQ to test against; for tests marked ``rabbitmq``."""
    return _service(
        "RabbitMQ",
        variable="CELERY_BROKER_URL",
        default="amqp://guest:guest@127.0.0.1:5672//",
        start="apt-get install rabbitmq-server && rabbitmq-server -detached",
    )


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The Redis to test against; for tests marked ``redis``."""
    return _service(
        "Redis",
        variable="REDIS_URL",
        default="redis://127.0.0.1:6379/0",
        start="apt-get install redis-server && redis-server --daemonize yes",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by folder, and have a test marked with a service skipped, or fail, without it."""
    for item in items:
        if item.path.is_relative_to(COMPILER_TESTS):
            item.add_marker(pytest.mark.compiler)
        for name in ["rabbitmq", "redis"]:
            if item.get_closest_marker(name) and f"{name}_url" not in item.fixturenames:
                item.fixturenames.insert(0, f"{name}_url")


def _service(name: str, *, variable: str, default: str, start: str) -> str:
    url = settings.SERVICES[variable] or default
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or 0)
    try:
        socket.create_connection(address, timeout=5).close()
    except OSError as error:
        reason = (
            f"No {name} at {address[0]}:{address[1]} ({error}). "
            f"Start one ({start}) or set {variable}."
        )
        if os.environ.get("NEXUS_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return url
