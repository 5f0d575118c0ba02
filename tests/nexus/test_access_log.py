"""The API as `make run` starts it: what it logs of requests, and whom it takes callers for."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from nexus.management.commands.run import api
from tests.tasks.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def log_of(settings, tmp_path) -> Callable[..., str]:
    """What the API logs, from its start to its end, while it is asked for an address once."""

    def log(path: str, *, forwarded_for: str, level: str) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            settings.PORT = probe.getsockname()[1]
        url = f"http://127.0.0.1:{settings.PORT}"

        def ask() -> bool:
            try:
                headers = {"X-Forwarded-For": forwarded_for, "X-Request-Id": "request-7"}
                requests.get(f"{url}{path}", headers=headers, timeout=10)
                return True
            except requests.ConnectionError:
                return False

        log = tmp_path / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                api().command,
                cwd=ROOT,
                env={**os.environ, "LOG_LEVEL": level, "DJANGO_SETTINGS_MODULE": "nexus.settings"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            eventually(ask, seconds=30)
        finally:
            process.terminate()
            process.wait(20)
        return log.read_text()

    return log


def test_names_the_path_and_the_connections_address_alone(log_of):
    log = log_of("/healthz?token=s3cret", forwarded_for="203.0.113.9", level="INFO")
    assert '"GET /healthz HTTP/1.1" 200' in log
    assert "127.0.0.1:" in log
    assert "s3cret" not in log
    assert "203.0.113.9" not in log


def test_names_the_address_that_a_trusted_gateway_tells(log_of, settings):
    settings.FORWARDED_ALLOW_IPS = "127.0.0.0/8"
    assert "203.0.113.9" in log_of("/healthz", forwarded_for="203.0.113.9", level="INFO")


def test_has_no_line_below_the_level(log_of):
    assert log_of("/healthz", forwarded_for="203.0.113.9", level="WARNING") == ""


def test_a_warning_of_djangos_is_one_line_with_the_requests_id(log_of):
    log = log_of("/missing", forwarded_for="203.0.113.9", level="WARNING")
    assert log == "WARNING django.request [request-7] Not Found: /missing\n"
