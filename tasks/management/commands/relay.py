"""``manage.py relay``: carry committed jobs to the broker."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

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

    def handle(self, **options: Any) -> None:
        """Relay until told to stop."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Relay(stop, timetable=Timetable(all_periodic())).run()
        self.stdout.write("Relay has stopped.")
