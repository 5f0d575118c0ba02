"""``manage.py run``: the whole shop on this machine, for development."""

from __future__ import annotations

import errno
import http.client
import signal
import socket
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.models import Q

from catalog.services.media import MAKE_THUMBNAILS
from nexus.embedded import database
from nexus.supervisor import Service, Supervisor, stop_with_parent
from tasks.dispatch import enqueue
from tasks.models import Job
from users.sample import CUSTOMER_EMAIL, PASSWORD, STAFF_EMAIL

HOST = "127.0.0.1"
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Seconds after which we say what we are still waiting for.
PATIENCE = 30


class Command(BaseCommand):
    """Database, API, relay and worker, started, watched and stopped together."""

    help = "Run the shop: database, API, relay and worker, until Ctrl-C or SIGTERM."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--with-parent",
            action="store_true",
            help="Stop when the process that started this one ends, too.",
        )

    def handle(self, *, with_parent: bool, **options: Any) -> None:
        """Run until told to stop, or until a part fails: that is a CommandError."""
        self._refuse_a_port_in_use()
        for number in STOP_SIGNALS:
            signal.signal(number, _interrupt)
        if with_parent:
            stop_with_parent()
        try:
            if not settings.DATABASE_URL:
                self.stdout.write("Starting the database")
            with database(settings):
                self._prepare()
                self._supervise()
        except KeyboardInterrupt:
            pass
        self.stdout.write("Nexus has stopped.")

    def _refuse_a_port_in_use(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, settings.PORT))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise CommandError(f"Can't use port {settings.PORT}: {error}.") from error
                raise CommandError(
                    f"Port {settings.PORT} is in use. Stop what uses it, or choose another: "
                    f"PORT={settings.PORT + 1} make run"
                ) from error

    def _prepare(self) -> None:
        self.stdout.write("Migrating the database")
        call_command("migrate", verbosity=0, interactive=False)
        if settings.DEBUG:
            call_command("load_sample", stdout=self.stdout)
        else:
            call_command("collectstatic", verbosity=0, interactive=False)

    def _supervise(self) -> None:
        stopping = threading.Event()
        for number in STOP_SIGNALS:
            signal.signal(number, lambda *_: stopping.set())
        supervisor = Supervisor(_services(), output=sys.stdout)
        supervisor.start()
        try:
            with transaction.atomic():
                trial = enqueue("nexus.try_out")
            checks: list[tuple[str, Callable[[], bool]]] = [
                ("the API", _api_answers),
                ("relay and worker", partial(_has_succeeded, trial)),
                # The sample's are a hundred jobs: their log lines would scroll the addresses away.
                ("the pictures' smaller versions", _are_thumbnails_made),
            ]
            say_next = time.monotonic() + PATIENCE
            while not stopping.wait(0.1):
                if ended := supervisor.ended():
                    name, code = ended
                    raise CommandError(f"The {name} ended (exit code {code}), so all is stopped.")
                if checks and checks[0][1]():
                    checks.pop(0)
                    if not checks:
                        trial.delete()
                        self._welcome(supervisor)
                        connection.close()
                elif checks and time.monotonic() >= say_next:
                    supervisor.say(f"Still waiting for {checks[0][0]}.")
                    say_next += PATIENCE
        finally:
            connection.close()
            supervisor.say("Stopping")
            for name in supervisor.stop():
                supervisor.say(f"The {name} did not stop in time and was killed.")

    def _welcome(self, supervisor: Supervisor) -> None:
        root = f"http://{HOST}:{settings.PORT}"
        supervisor.say(f"GraphQL, GraphiQL   {root}/graphql")
        supervisor.say(f"REST documentation  {root}/api/docs/")
        supervisor.say(f"Admin               {root}/admin/")
        users = get_user_model().objects.filter(email__in=[STAFF_EMAIL, CUSTOMER_EMAIL])
        if emails := list(users.order_by("email").values_list("email", flat=True)):
            supervisor.say(f"Demo logins         {', '.join(emails)}; password {PASSWORD}")
        supervisor.say(f"Nexus is ready: {root}/graphql")


def _interrupt(*_: object) -> None:
    """Stop at once; more of the same changes nothing."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def api() -> Service:
    """The API, on `HOST` and ``settings.PORT``."""
    uvicorn = ["uvicorn", "nexus.asgi:application", "--loop", "uvloop", "--http", "httptools"]
    address = ["--host", HOST, "--port", str(settings.PORT)]
    # By default uvicorn believes what any client on this machine says of its address.
    trusted = ["--forwarded-allow-ips", settings.FORWARDED_ALLOW_IPS]
    stop = ["--timeout-graceful-shutdown", "5"]
    # Compression would keep its state for every WebSocket, however idle.
    sockets = ["--ws-per-message-deflate", "false"]
    # What is longer is refused as it comes, as a request's body is.
    sockets += ["--ws-max-size", str(settings.GRAPHQL_LIMITS["max_body_bytes"])]
    return Service("api", [sys.executable, "-m", *uvicorn, *address, *trusted, *stop, *sockets])


def _services() -> list[Service]:
    celery = ["celery", "-A", "nexus", "--quiet", "worker"]
    # Celery warns root at length; this is a developer's machine, or a container.
    python = [sys.executable, "-W", "ignore:You're running the worker", "-m"]
    return [
        api(),
        Service("relay", [sys.executable, "manage.py", "relay"]),
        Service("worker", [*python, *celery]),
    ]


def _api_answers() -> bool:
    api = http.client.HTTPConnection(HOST, settings.PORT, timeout=2)
    try:
        api.request("GET", "/readyz")
        return api.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        api.close()


def _has_succeeded(trial: Job) -> bool:
    trial.refresh_from_db(fields=["status"])
    return trial.status == Job.Status.SUCCEEDED


def _are_thumbnails_made() -> bool:
    """Whether each such job was tried; one that failed may wait long for its next attempt."""
    status = Job.Status
    untried = Q(status__in=[status.PENDING, status.DISPATCHED], attempts=0)
    jobs = Job.objects.filter(untried | Q(status=status.RUNNING), kind=MAKE_THUMBNAILS)
    return not jobs.exists()
