"""``make faults``: break what the shop stands on while people buy; see whether all is there.

Needs Linux, whose /proc it reads, and RabbitMQ and Redis installed. The seed decides what is broken
in which order and for how long; what the shop is at just then is never quite the same.
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from random import Random
from shutil import rmtree

import django

from tests.faults.programs import adopt_orphans, prefer
from tests.faults.servers import Missing
from tests.tasks.proxy import free_port

# Seconds of the time that are kept for the last jobs, and that these may take at most.
RESERVE, DRAIN = 15.0, 90.0
GOODS, STOCK = 20, 1_000_000
MOST_COMPLAINTS = 20


def main() -> int:
    """Run; 1 where a promise was broken, 2 where a program is missing."""
    options = _options()
    began = time.monotonic()

    def say(what: str) -> None:
        sys.stdout.write(f"[{time.monotonic() - began:4.0f} s] {what}\n")
        sys.stdout.flush()

    # An ordinary exit takes all processes along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    say(f"Faults for {options.minutes:g} minutes; the same again: SEED={options.seed}")
    adopt_orphans()
    folder = Path(tempfile.mkdtemp(prefix="nexus-faults-"))
    folder.chmod(0o755)  # where we are root, PostgreSQL runs as somebody else
    try:
        code = _run(folder, options.seed, until=began + 60 * options.minutes - RESERVE, say=say)
    except Missing as missing:
        say(str(missing))
        code = 2
    if code != 1:
        rmtree(folder)
    return code


def _run(folder: Path, seed: int, *, until: float, say: Callable[[str], None]) -> int:
    port = free_port()
    _prepare_environment(folder, port)
    django.setup()
    # These import models.
    from tests.faults import report
    from tests.faults.account import unfinished
    from tests.faults.campaign import Campaign
    from tests.faults.load import Load
    from tests.faults.shop import MEASURED, Shop
    from tests.faults.timeline import Timeline

    shop, timeline = Shop(folder, port=port), Timeline()
    try:
        say("Starting RabbitMQ, Redis and PostgreSQL")
        shop.start_servers()
        skus = _stocked()
        say("Starting the shop: web, two relays, four workers")
        shop.start()
        prefer("self", MEASURED)
        load = Load(shop.url, skus=skus, random=Random(seed))
        load.start()
        try:
            Campaign(shop, timeline, Random(seed), say).run(until)
        finally:
            load.stop()
        say("All is mended; the last jobs")
        deadline = time.monotonic() + DRAIN
        while unfinished() and time.monotonic() < deadline:
            time.sleep(0.2)
        complaints = report.complaints(shop, load, timeline)
        say("The account\n" + report.text(shop, load, timeline))
    finally:
        shop.stop()
    for complaint in complaints[:MOST_COMPLAINTS]:
        say(f"BROKEN: {complaint}")
    if len(complaints) > MOST_COMPLAINTS:
        say(f"BROKEN: and {len(complaints) - MOST_COMPLAINTS} more")
    say("Every promise was kept" if not complaints else f"Failed; logs are in {folder}")
    return 1 if complaints else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3, help="all in all (default: 3)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    return parser.parse_args()


def _prepare_environment(folder: Path, port: int) -> None:
    """Have Django, here and in every process, use our servers with settings of production."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "nexus.settings",
        "VAR_DIR": str(folder),
        "DATABASE_URL": "",
        "CELERY_BROKER_URL": "",
        "REDIS_URL": "",
        "PORT": str(port),
        "DEBUG": "false",
        "HTTPS": "false",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "127.0.0.1",
        "PUBLIC_URL": "https://shop.example.com",
        "ACCESS_TOKEN_SECONDS": "86400",
        "LOG_LEVEL": "INFO",
    }


def _stocked() -> list[str]:
    """Fill the shop; the SKUs of goods that will not run out."""
    from django.core.management import call_command
    from django.test import override_settings
    from django.utils import timezone

    from catalog.models import StockMovement, Variant
    from catalog.services.stock import adjust_stock
    from tasks.models import Job

    call_command("migrate", verbosity=0, interactive=False)
    with override_settings(DEBUG=True):
        call_command("load_sample", stdout=StringIO())
    Job.objects.all().delete()  # the sample's thumbnails, which take long and count for nothing
    variants = Variant.objects.exclude(sku=None).order_by("pk")[:GOODS]
    for variant in variants:
        adjust_stock(
            variant_id=variant.pk,
            delta=STOCK,
            kind=StockMovement.Kind.CORRECTION,
            reference="faults",
            now=timezone.now(),
        )
    return [variant.sku for variant in variants]


if __name__ == "__main__":
    sys.exit(main())
