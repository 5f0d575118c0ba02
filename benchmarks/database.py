"""The database that is measured: on the embedded PostgreSQL, or beside ``DATABASE_URL``'s own."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dj_database_url
import psycopg2

from benchmarks.operations import PRODUCTS
from benchmarks.processes import parent_of
from nexus.embedded import DATABASE, SUPERUSER, EmbeddedPostgres, embedded_settings

ROOT = Path(__file__).resolve().parents[1]
VAR = ROOT / "var" / "bench"
DATASET = Path(__file__).parent / "dataset.sql"
# Every contender's connections have them, so nobody saves what another pays.
SETTINGS = {
    "jit": "off",
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
}
SAFE = ("fsync", "synchronous_commit", "full_page_writes")


@dataclass(frozen=True)
class Database:
    """Where it is, in the words of libpq's environment variables."""

    host: str
    port: int
    name: str
    user: str
    password: str

    @property
    def url(self) -> str:
        """For Django."""
        login = quote(self.user) + (f":{quote(self.password)}" if self.password else "")
        return f"postgres://{login}@{quote(self.host, safe='')}:{self.port}/{self.name}"

    @property
    def environment(self) -> dict[str, str]:
        """For whatever else speaks to PostgreSQL."""
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGDATABASE": self.name,
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
        }

    def connect(self, name: str | None = None) -> Any:
        """A connection, by default to this database."""
        connection = psycopg2.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=name or self.name,
        )
        connection.autocommit = True
        return connection

    def query(self, sql: str) -> Any:
        """The first column of the first row."""
        connection = self.connect()
        try:
            cursor = connection.cursor()
            cursor.execute(sql)
            return cursor.fetchone()[0]
        finally:
            connection.close()

    def execute(self, sql: str) -> None:
        """Run statements that return nothing."""
        connection = self.connect()
        try:
            connection.cursor().execute(sql)
        finally:
            connection.close()

    def server_pid(self) -> int | None:
        """The process that all of PostgreSQL's descend from; None on another machine."""
        connection = self.connect()
        try:
            mine = connection.info.backend_pid
            is_here = Path(f"/proc/{mine}/comm").read_text().startswith("postgres")
            return parent_of(mine) if is_here else None
        except FileNotFoundError:
            return None
        finally:
            connection.close()


@contextmanager
def database() -> Iterator[Database]:
    """Keep the server running meanwhile; the database exists, perhaps empty."""
    if url := os.environ.get("DATABASE_URL"):
        parsed = dj_database_url.parse(url)
        own = Database(
            host=str(parsed["HOST"] or "127.0.0.1"),
            port=int(parsed["PORT"] or 5432),
            name=f"{parsed['NAME']}_bench",
            user=str(parsed["USER"]),
            password=str(parsed["PASSWORD"]),
        )
        connection = own.connect(str(parsed["NAME"]))
        cursor = connection.cursor()
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [own.name])
        if cursor.fetchone() is None:
            cursor.execute(f'CREATE DATABASE "{own.name}"')
        connection.close()
        yield own
    else:
        embedded = embedded_settings(VAR)
        with EmbeddedPostgres(VAR / "postgres"):
            yield Database(embedded["HOST"], int(embedded["PORT"]), DATABASE, SUPERUSER, "")


def prepare_environment(own: Database) -> None:
    """Have Django, here and in every server, use this database with settings of production."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "nexus.settings",
        "DATABASE_URL": own.url,
        "VAR_DIR": str(VAR.relative_to(ROOT)),
        "DEBUG": "false",
        "HTTPS": "false",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "127.0.0.1",
        "PUBLIC_URL": "https://shop.example.com",
        "ACCESS_TOKEN_SECONDS": "7200",
        "LOG_LEVEL": "WARNING",
        "CELERY_BROKER_URL": "",
        "REDIS_URL": "",
    }


def fill(own: Database, say: Callable[[str], None]) -> None:
    """Migrate and fill the database, where the last run has not; then vacuum and analyse it.

    Needs Django set up.
    """
    from django.core.management import call_command

    from catalog.models import Product
    from catalog.services.listings import refresh_listings, refresh_search

    for name in SAFE:
        if own.query(f"SHOW {name}") != "on":
            sys.exit(f"PostgreSQL runs with {name} off: rates measured so would be worth nothing.")
    connection = own.connect()
    cursor = connection.cursor()
    for name, value in SETTINGS.items():
        cursor.execute(f"ALTER DATABASE \"{own.name}\" SET {name} = '{value}'")
    cursor.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database "
        "WHERE datname = current_database()"
    )
    made_of = hashlib.sha256(DATASET.read_bytes() + str(PRODUCTS).encode()).hexdigest()
    if cursor.fetchone()[0] != made_of:
        say(f"Filling the database with {PRODUCTS:,} products")
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        call_command("migrate", verbosity=0, interactive=False)
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(DATASET.read_text().replace(":products", str(PRODUCTS)))
        # What follows is planned badly for tables that look empty.
        cursor.execute("ANALYZE")
        keys = list(Product.objects.values_list("pk", flat=True))
        for at in range(0, len(keys), 1000):
            refresh_listings(keys[at : at + 1000])
            refresh_search(keys[at : at + 1000])
        cursor.execute(f"COMMENT ON DATABASE \"{own.name}\" IS '{made_of}'")
    else:
        call_command("migrate", verbosity=0, interactive=False)
    cursor.execute("SET statement_timeout = 0")
    cursor.execute("VACUUM (ANALYZE)")
    cursor.execute("CHECKPOINT")
    connection.close()
