"""Settings: all documented, and production refuses to start unsafely."""

from __future__ import annotations

import os
import re
import runpy
import socket
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from decouple import AutoConfig

ROOT = Path(__file__).resolve().parents[2]
# What production can't do without.
PRODUCTION = {
    "SECRET_KEY": "k" * 48,
    "ALLOWED_HOSTS": "shop.example.com",
    "PUBLIC_URL": "https://shop.example.com",
}


@pytest.fixture
def variables_read(monkeypatch) -> dict[str, object]:
    """The variables that the settings read, with their defaults in development."""
    read: dict[str, object] = {}

    def remember(self, name, default=None, cast=None):
        read[name] = default
        return cast(default) if cast and isinstance(default, str) else default

    monkeypatch.setattr(AutoConfig, "__call__", remember)
    runpy.run_path(str(ROOT / "nexus" / "settings.py"))
    return read


@pytest.fixture
def documented() -> dict[str, str]:
    """The variables in ``.env.example``, with the defaults it gives."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.removeprefix("#").split("=", 1) for line in lines if is_variable(line))


def is_variable(line: str) -> bool:
    return re.match(r"#?[A-Z][A-Z0-9_]*=", line) is not None


def test_env_example_names_the_variables_that_settings_read(variables_read, documented):
    assert documented.keys() == variables_read.keys()


def test_env_example_gives_the_defaults(variables_read, documented):
    paths = {"IMPORT_ROOT", "MEDIA_ROOT"}
    for name in documented.keys() - paths:
        default = variables_read[name]
        expected = str(default).lower() if isinstance(default, bool) else str(default)
        assert documented[name] == expected, name


def test_env_example_explains_every_variable():
    blocks = re.split(r"\n(?=# )", (ROOT / ".env.example").read_text())
    for block in blocks:
        lines = block.splitlines()
        for first, line in pairwise(lines):
            if is_variable(line):
                assert first.startswith("# ") or is_variable(first), f"{line} stands alone"


def settings_with(command: str = "check", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of manage.py under these variables and no others."""
    return subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "VAR_DIR": os.environ["VAR_DIR"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class TestProduction:
    def test_starts_with_a_secret_key_hosts_and_its_address(self):
        run = settings_with(DEBUG="false", **PRODUCTION)
        assert run.returncode == 0, run.stderr

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("SECRET_KEY", None),
            ("SECRET_KEY", "short"),
            ("ALLOWED_HOSTS", None),
            ("ALLOWED_HOSTS", ""),
            ("ALLOWED_HOSTS", "*"),
            ("ALLOWED_HOSTS", "shop.example.com,*"),
            ("PUBLIC_URL", None),
            ("PUBLIC_URL", ""),
            ("PUBLIC_URL", "shop.example.com"),
            ("PUBLIC_URL", "http://127.0.0.1:8000"),
            ("PUBLIC_URL", "http://localhost"),
        ],
    )
    def test_refuses_in_one_clear_line(self, name, value):
        """A value of None: the variable is not set."""
        environment = {**PRODUCTION, name: value}
        run = settings_with(
            DEBUG="false", **{n: v for n, v in environment.items() if v is not None}
        )
        assert run.returncode != 0
        assert run.stderr.startswith(f"manage.py: With DEBUG=false, {name} must")
        assert len(run.stderr.splitlines()) == 1


def test_development_needs_no_variable():
    assert settings_with().returncode == 0


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("PORT", "abc", "PORT must be a whole number, not 'abc'."),
        ("PORT", "80000", "PORT must be from 1 to 65535, not 80000."),
        ("PORT", "0", "PORT must be from 1 to 65535, not 0."),
        ("PORT", "-1", "PORT must be from 1 to 65535, not -1."),
        ("ACCESS_TOKEN_SECONDS", "abc", "ACCESS_TOKEN_SECONDS must be a whole number, not 'abc'."),
        ("JOB_LEASE_SECONDS", "abc", "JOB_LEASE_SECONDS must be a number, not 'abc'."),
        ("JOB_RETENTION_DAYS", "0", "JOB_RETENTION_DAYS must be a day or more, not 0."),
        ("DEBUG", "maybe", "DEBUG must be true or false, not 'maybe'."),
        ("CURRENCY", "euro", "CURRENCY must be three upper-case letters such as EUR, not 'euro'."),
        (
            "CURRENCY",
            "KWD",
            "CURRENCY can't be KWD: its amounts have 3 digits after the point, "
            "and the shop keeps 2.",
        ),
        ("CURRENCY", "eur", "CURRENCY must be three upper-case letters such as EUR, not 'eur'."),
        *(
            (
                "DATABASE_URL",
                url,
                "DATABASE_URL must be like postgres://USER:PASSWORD@HOST:PORT/NAME.",
            )
            for url in ["foo", "mysql://u:p@h/shop", "postgres://h:port/shop", "postgres://h:1"]
        ),
    ],
)
def test_a_bad_value_is_told_in_one_line(name, value, complaint):
    run = settings_with(**{name: value})
    assert run.returncode != 0
    assert run.stderr == f"manage.py: {complaint}\n"


@pytest.mark.parametrize("command", ["migrate", "run"])
def test_an_unreachable_database_is_told_in_one_line(command):
    with socket.socket() as deaf, socket.socket() as free:
        for probe in [deaf, free]:  # bound, and never listening
            probe.bind(("127.0.0.1", 0))
        port, api = deaf.getsockname()[1], free.getsockname()[1]
        free.close()
        url = f"postgres://ada:s3cret@127.0.0.1:{port}/shop"
        run = settings_with(command, DATABASE_URL=url, PORT=str(api))
    assert run.returncode != 0
    assert run.stderr.startswith(f"manage.py: Can't reach PostgreSQL at 127.0.0.1:{port} (")
    assert len(run.stderr.splitlines()) == 1
    assert "s3cret" not in run.stderr
    assert "Starting the database" not in run.stdout
