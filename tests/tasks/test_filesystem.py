"""The folder that stands in for a broker."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from time import sleep

import pytest
from kombu import Connection, Queue

from tasks import broker

LEASE = timedelta(seconds=0.2)


@pytest.fixture
def folder(settings, tmp_path) -> Path:
    settings.CELERY_BROKER_URL = ""
    settings.VAR = tmp_path
    settings.JOB_RESEND_AFTER = LEASE
    return tmp_path / "broker"


def connect() -> Connection:
    return Connection(broker.url(), transport_options=broker.transport_options())


def test_a_start_clears_away_what_a_killed_reader_had_taken(folder):
    connect()
    for name in ["draft", "message.default.msg"]:
        (folder / "taken" / name).write_text("{}")
    sleep(LEASE.total_seconds() + 0.1)

    connect()

    assert not list((folder / "taken").iterdir())


def test_a_start_leaves_a_message_that_waited_for_long_and_is_taken_just_now(folder):
    connect()
    waiting = folder / "messages" / "message.default.msg"
    waiting.write_text("{}")
    os.utime(waiting, (0, 0))
    sleep(LEASE.total_seconds() + 0.1)
    taken = waiting.rename(folder / "taken" / waiting.name)

    connect()

    assert taken.exists()


def test_a_start_leaves_messages_that_wait(folder):
    with connect() as connection:
        queue = Queue("waiting")(connection.channel())
        queue.declare()
        connection.Producer().publish("hello", routing_key="waiting")
        sleep(LEASE.total_seconds() + 0.1)
        with connect() as other:
            assert Queue("waiting")(other.channel()).get().payload == "hello"
