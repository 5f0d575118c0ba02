"""Relay and worker as the processes that they are."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from catalog.models import Media
from catalog.services.media import delete_media, upload_media
from catalog.services.products import create_product
from tasks.models import Job
from tasks.webhooks.endpoints import ping_endpoint
from tests.catalog.factories import make_product
from tests.catalog.pictures import picture
from tests.tasks import sample
from tests.tasks.waiting import eventually, status_of
from tests.tasks.webhooks.factories import make_endpoint
from tests.tasks.webhooks.receiver import Receiver, silence
from users.viewer import ANONYMOUS, Viewer

ROOT = Path(__file__).resolve().parents[2]
RELAY = [sys.executable, "manage.py", "relay"]
WORKER = [sys.executable, "-m", "celery", "-A", "nexus", "worker", "--concurrency=2"]


class Processes:
    """Processes on the test's database and broker, and what they have printed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen] = []

    def start(self, command: list[str]) -> subprocess.Popen:
        with self._log(len(self._running)).open("w") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=_environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def start_relay(self) -> subprocess.Popen:
        relay = self.start(RELAY)
        eventually(lambda: "Relay is ready" in self.output_of(relay), seconds=30)
        return relay

    def start_worker(self) -> subprocess.Popen:
        worker = self.start([*WORKER, "--include=tests.tasks.sample"])
        eventually(lambda: " ready." in self.output_of(worker), seconds=30)
        return worker

    def output_of(self, process: subprocess.Popen) -> str:
        return self._log(self._running.index(process)).read_text()

    def kill(self, process: subprocess.Popen) -> None:
        """Kill a process and its children, none of whom can do anything about it."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for process in self._running:
            if process.poll() is None:
                self.kill(process)

    def _log(self, number: int) -> Path:
        return self._folder / f"{number}.log"


def _environment() -> dict[str, str]:
    database = connection.settings_dict
    login = quote(database["USER"], safe="")
    if password := database.get("PASSWORD"):
        login += f":{quote(password, safe='')}"
    host = quote(database["HOST"] or "localhost", safe="")
    port = f":{database['PORT']}" if database["PORT"] else ""
    return {
        **os.environ,
        "DATABASE_URL": f"postgres://{login}@{host}{port}/{database['NAME']}",
        "CELERY_BROKER_URL": django_settings.CELERY_BROKER_URL,
        "BROKER_PREFIX": django_settings.BROKER_PREFIX,
        "VAR_DIR": str(django_settings.VAR),
        "JOB_LEASE_SECONDS": "1",
        "WEBHOOK_ALLOW_PRIVATE_ADDRESSES": "true",
        "LOG_LEVEL": "INFO",
        "DJANGO_SETTINGS_MODULE": "nexus.settings",
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def processes(transactional_db, each_broker, tmp_path) -> Iterator[Processes]:
    processes = Processes(tmp_path)
    yield processes
    processes.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def shop(processes) -> Processes:
    """A relay and a worker, ready."""
    processes.relay = processes.start_relay()
    processes.worker = processes.start_worker()
    return processes


def test_a_relay_shows_what_it_has_done(processes, committed):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    relay = processes.start([*RELAY, "--metrics-port", str(port)])
    eventually(lambda: "Relay is ready" in processes.output_of(relay), seconds=30)
    job = committed("sample.write", queue="high", name="a")
    eventually(lambda: status_of(job) == "DISPATCHED")

    lines = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text.splitlines()

    assert 'nexus_relay_published_total{queue="high"} 1.0' in lines
    assert "nexus_relay_up 1.0" in lines
    again = subprocess.run(
        [*RELAY, "--metrics-port", str(port)], cwd=ROOT, capture_output=True, text=True
    )
    assert again.returncode != 0
    assert f"Can't show metrics at port {port}" in again.stderr


class TestRelayAndWorker:
    def test_run_a_committed_job_within_three_seconds(self, shop, committed, tmp_path):
        send = committed("sample.send", path=str(tmp_path / "sent"))
        write = committed("sample.write", queue="bulk", name="a")

        eventually(lambda: status_of(send) == status_of(write) == "SUCCEEDED")

        send.refresh_from_db()
        assert (send.started_at - send.created_at).total_seconds() < 3
        assert (tmp_path / "sent").read_text() == f"{send.public_id}\n"
        assert sample.effects("a") == 1
        assert f"Job {send} succeeded" in shop.output_of(shop.worker)

    def test_end_every_kind_of_failure_as_they_should(self, shop, committed):
        jobs = {
            "sample.fail": ("DEAD", 3, "Something went wrong in the shop. Given up"),
            "sample.poison": ("DEAD", 2, "Given up after 2 attempts."),
            "sample.refuse": ("FAILED", 1, "There is no such order."),
            "sample.unheard_of": ("DEAD", 0, "No worker could take this job."),
        }
        rows = {kind: committed(kind, name="a") for kind in jobs}
        after = committed("sample.write", name="b")

        for kind, (status, attempts, error) in jobs.items():
            eventually(lambda kind=kind: status_of(rows[kind]) in ["DEAD", "FAILED"], seconds=20)
            rows[kind].refresh_from_db()
            assert (rows[kind].status, rows[kind].attempts) == (status, attempts), kind
            assert rows[kind].error.startswith(error)
        assert sample.effects("a") == 0
        eventually(lambda: status_of(after) == "SUCCEEDED")

    def test_do_a_killed_workers_job_again_and_once(self, shop, committed):
        job = committed("sample.write", name="a", seconds=1.5)
        eventually(lambda: status_of(job) == "RUNNING")

        shop.kill(shop.worker)
        assert sample.effects("a") == 0
        shop.start_worker()

        eventually(lambda: status_of(job) == "SUCCEEDED", seconds=20)
        job.refresh_from_db()
        assert (sample.effects("a"), job.attempts) == (1, 2)

    def test_tell_integrators_of_what_has_happened(self, shop, receiver):
        make_endpoint(receiver.url, event_types=["PRODUCT_CREATED"])
        create_product(viewer=ANONYMOUS, given={"name": "Mug"}, now=timezone.now())

        (request,) = eventually(lambda: receiver.received)
        body = json.loads(request.body)
        assert body["type"] == "product.created"
        assert body["data"]["product"]["slug"] == "mug"

    def test_send_a_webhook_again_whose_worker_was_killed(self, shop, receiver):
        receiver.answers = [silence, 200]
        endpoint = make_endpoint(receiver.url, event_types=["PING"])
        delivery = ping_endpoint(endpoint_id=endpoint.pk, now=timezone.now())
        eventually(lambda: receiver.received)

        shop.kill(shop.worker)
        shop.start_worker()

        eventually(lambda: status_of(delivery.job) == "SUCCEEDED", seconds=20)
        first, second = receiver.received
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        delivery.job.refresh_from_db()
        assert delivery.job.attempts == 2

    def test_lose_nothing_of_a_killed_relay(self, shop, committed):
        shop.kill(shop.relay)
        job = committed("sample.write", name="a")

        shop.start_relay()

        eventually(lambda: status_of(job) == "SUCCEEDED")
        assert sample.effects("a") == 1

    def test_stop_at_sigterm_with_the_job_in_hand_done(self, shop, committed):
        job = committed("sample.write", name="a", seconds=1)
        eventually(lambda: status_of(job) == "RUNNING")

        shop.relay.terminate()
        shop.worker.terminate()

        assert shop.relay.wait(timeout=5) == 0
        assert shop.worker.wait(timeout=10) == 0
        assert "Relay has stopped." in shop.output_of(shop.relay)
        assert status_of(job) == "SUCCEEDED"
        assert sample.effects("a") == 1

    def test_shrink_a_picture_and_delete_its_files(self, shop, settings, tmp_path):
        settings.MEDIA_ROOT = folder = tmp_path / "media"
        manager = Viewer(user_id=1, permissions=frozenset({"catalog.change_product"}))
        media_id = upload_media(
            viewer=manager,
            product_id=make_product().pk,
            file=io.BytesIO(picture(size=(400, 200))),
            now=timezone.now(),
        )

        made = Media.objects.filter(pk=media_id, thumbnails=[160, 320])
        eventually(made.exists)
        assert len(list(folder.rglob("*.webp"))) == 2

        delete_media(media_id=media_id, now=timezone.now())
        eventually(lambda: not list(folder.rglob("*.*")))
        eventually(lambda: not Job.objects.exclude(status="SUCCEEDED").exists())


def test_the_relay_explains_itself():
    shown = subprocess.run(
        [*RELAY, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    assert "CELERY_BROKER_URL" in shown
    assert "SIGTERM" in shown
    assert "--metrics-port PORT" in shown
