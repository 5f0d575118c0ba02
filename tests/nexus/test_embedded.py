"""The embedded PostgreSQL's life."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from nexus.embedded import EmbeddedPostgres, embedded_settings

ROOT = Path(__file__).resolve().parents[2]
USE_UNTIL_EOF = """
import sys
from pathlib import Path
from nexus.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]) / "postgres"):
    print("up", flush=True)
    sys.stdin.read()
"""


def connect(var: Path):
    settings = embedded_settings(var)
    return psycopg2.connect(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        dbname=settings["NAME"],
    )


def answers(var: Path) -> bool:
    try:
        connect(var).close()
    except psycopg2.OperationalError:
        return False
    return True


def another_user_of(var: Path) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", USE_UNTIL_EOF, str(var)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


def test_runs_inside_the_block_alone_and_keeps_its_data(var):
    with EmbeddedPostgres(var / "postgres"):
        with connect(var) as connection:
            connection.cursor().execute("CREATE TABLE kept AS SELECT 7 AS number")
        connection.close()
    assert not answers(var)
    with EmbeddedPostgres(var / "postgres"):
        connection = connect(var)
        cursor = connection.cursor()
        cursor.execute("SELECT number FROM kept")
        assert cursor.fetchall() == [(7,)]
        connection.close()


def test_the_last_one_out_stops_it(var):
    with EmbeddedPostgres(var / "postgres"):
        other = another_user_of(var)
    assert answers(var), "the other process still uses it"
    other.communicate(timeout=30)
    assert not answers(var)


def test_a_killed_user_counts_no_more(var):
    other = another_user_of(var)
    other.kill()
    other.communicate()
    assert answers(var), "nobody was left to stop it"
    with EmbeddedPostgres(var / "postgres"):
        pass
    assert not answers(var)


def test_a_path_too_long_for_a_socket_works(var):
    deep = var / ("long" * 30)
    with EmbeddedPostgres(deep / "postgres"):
        assert answers(deep)


def test_sorts_and_folds_case_alike_whatever_the_locale(var, monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    with EmbeddedPostgres(var / "postgres"):
        connection = connect(var)
        cursor = connection.cursor()
        cursor.execute("SELECT lower('É'), 'Z' < 'a'")
        assert cursor.fetchone() == ("é", True)
        connection.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's home is closed to the server's user")
def test_a_roots_closed_home_stays_closed(var):
    home = var / "root"
    home.mkdir(mode=0o700)
    with EmbeddedPostgres(home / "var" / "postgres"):
        assert answers(home / "var")
    assert home.stat().st_mode & 0o777 == 0o700
    data = (home / "var" / "postgres").resolve()
    assert data.parent == Path("/var/lib")
    subprocess.run(["rm", "-r", str(data)], check=True)
