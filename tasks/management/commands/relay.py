"""``manage.py relay``: carry committed jobs to the broker."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from prometheus_client import start_http_server

from tasks.periodic import Timetable, all_periodic
from tasks.relay import Relay


class Command(BaseCommand):
    """Runs the relay until SIGTERM or Ctrl-C."""

    help = (
        "Publish committed jobs to the broker (CELERY_BROKER_URL; files under VAR_DIR without "
        "it), send again what no worker finished in time, and enqueue the periodic jobs that are "
        "due. Runs until SIGTERM or Ctrl-C, which let the batch in hand finish. Outages of the "
        "broker and of the database are waited out; jobs stay in the database meanwhile and lose "
        "no attempt. Two relays may run side by side."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--metrics-port",
            type=int,
            metavar="PORT",
            help="show Prometheus here what this relay has done; by default nobody is",
        )
        parser.add_argument(
            "--metrics-address",
            default="127.0.0.1",
            metavar="ADDRESS",
            help="the address of that port, by default this machine's own; 0.0.0.0 is every one",
        )

    def handle(self, *, metrics_port: int | None, metrics_address: str, **options: Any) -> None:
        """Relay until told to stop."""
        stop = threading.Event()
        if metrics_port is not None:
            try:
                start_http_server(metrics_port, addr=metrics_address)
            except OSError as error:
                raise CommandError(f"Can't show metrics at port {metrics_port}: {error}") from error
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Relay(stop, timetable=Timetable(all_periodic())).run()
        self.stdout.write("Relay has stopped.")
