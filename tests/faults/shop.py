"""The shop under test: its servers and every process of its own."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import requests
from django.db import connection

from nexus.management.commands.run import HOST, api
from tests.faults.mailbox import Mailbox
from tests.faults.programs import Program, kill_all
from tests.faults.servers import PATIENCE_SECONDS, PostgreSQL, RabbitMQ, Redis

RELAYS, WORKERS = 2, 4
# What is measured comes first; what is beside it here, runs on machines of its own in earnest.
MEASURED, NICENESS = -10, 5
# Short, so that what was killed or lost comes again while somebody watches.
LEASE_SECONDS, RESEND_SECONDS = 2, 4


class Shop:
    """Web server, two relays and four workers on servers of their own, all behind proxies."""

    def __init__(self, folder: Path, *, port: int) -> None:
        self._folder = folder
        self.url = f"http://{HOST}:{port}"
        self.rabbitmq = RabbitMQ(folder)
        self.redis = Redis(folder)
        self.postgres = PostgreSQL(folder)
        self.servers = [self.rabbitmq, self.redis, self.postgres]
        self.mailbox = Mailbox()
        self.doubled = 0  # messages that a meddler has added

    def start_servers(self) -> None:
        """Start what the shop stands on; RabbitMQ may take longer."""
        for server in self.servers:
            server.start()
            server.proxy.open()
        self.mailbox.open()

    def start(self) -> None:
        """Start the shop's own processes and wait until all are ready; needs Django set up."""
        environment = {
            **os.environ,
            "DATABASE_URL": self.postgres.proxy.url,
            "CELERY_BROKER_URL": self.rabbitmq.proxy.url,
            "REDIS_URL": self.redis.proxy.url,
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": HOST,
            "EMAIL_PORT": str(self.mailbox.port),
            "JOB_LEASE_SECONDS": str(LEASE_SECONDS),
            "JOB_RESEND_SECONDS": str(RESEND_SECONDS),
        }

        def program(name: str, command: list[str], niceness: int = NICENESS) -> Program:
            return Program(
                name, command, folder=self._folder, environment=environment, niceness=niceness
            )

        relay = [sys.executable, "manage.py", "relay"]
        worker = [sys.executable, "-m", "celery", "-A", "nexus", "worker", "--concurrency=2"]
        worker += ["--include=tests.tasks.sample"]
        self.web = program("web", [*api().command, "--no-access-log"], niceness=MEASURED)
        self.relays = [program(f"relay-{number}", relay) for number in range(RELAYS)]
        self.workers = [
            program(f"worker-{number}", [*worker, f"--hostname=worker-{number}"])
            for number in range(WORKERS)
        ]
        for server in self.servers:
            server.await_ready()
        for each in [self.web, *self.relays, *self.workers]:
            each.start()
        self.await_web()
        for each in self.relays:
            self._await_output(each, "Relay is ready")
        for each in self.workers:
            self._await_output(each, " ready.")

    def await_web(self) -> None:
        """Wait until the web server answers."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with suppress(requests.RequestException):
                if requests.get(f"{self.url}/readyz", timeout=5).ok:
                    return
            time.sleep(0.1)
        raise TimeoutError("The web server does not come up.")

    def heal(self) -> None:
        """Bring back whatever a fault has left dead, frozen or slow."""
        for server in self.servers:
            server.proxy.slow_down(0)
            server.proxy.thaw()
            server.start()
            server.await_ready()
        self.rabbitmq.make_room()
        for each in [self.web, *self.relays, *self.workers]:
            each.resume()
            each.start()
        self.await_web()
        connection.close()  # this thread's own may have gone with the database

    def stop(self) -> None:
        """End everything; nothing that was started here stays."""
        for server in self.servers:
            server.proxy.close()
        self.mailbox.close()
        self.postgres.stop()
        kill_all(str(self._folder))

    def swallowed(self) -> int:
        """How many deliveries workers have found to be repeated."""
        return sum(each.output.count("is not started: a repeated message") for each in self.workers)

    def _await_output(self, program: Program, text: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in program.output:
            if time.monotonic() > deadline or not program.is_running:
                raise TimeoutError(f"{program.name} does not come up:\n{program.output[-2000:]}")
            time.sleep(0.05)
