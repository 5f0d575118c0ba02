"""What is done to the shop: each fault strikes, lasts, and is mended."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction

from tasks.dispatch import NewJob, enqueue_many
from tasks.models import Job
from tests.faults.meddler import Meddler
from tests.faults.programs import Program
from tests.faults.servers import Server
from tests.faults.shop import LEASE_SECONDS, Shop

T = TypeVar("T")

# Seconds for workers to do what a fault is to meet them at.
PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        of: what is hit: ``"broker"``, ``"jobs"``, ``"cache"``, ``"database"`` or ``"web"``.
        seconds: for how long, at least and at most.
        strike: goes wrong on entering and is mended on leaving.
    """

    name: str
    of: str
    seconds: tuple[float, float]
    strike: Callable[[Shop, Random], AbstractContextManager[None]]


ALL: list[Fault] = []


def _fault(name: str, *, of: str, seconds: tuple[float, float]) -> Callable:
    def register(strike: Callable[[Shop, Random], Iterator[None]]) -> Callable:
        ALL.append(Fault(name, of, seconds, contextmanager(strike)))
        return strike

    return register


# --- The broker. Longer than the relay's patience of 5 s where it is to notice. ------------------
@_fault("broker frozen, connections stall", of="broker", seconds=(6, 7))
def _freeze_broker_warm(shop: Shop, random: Random) -> Iterator[None]:
    shop.rabbitmq.proxy.freeze()
    yield
    shop.rabbitmq.proxy.thaw()


@_fault("broker frozen, new connections hang", of="broker", seconds=(6, 7))
def _freeze_broker_cold(shop: Shop, random: Random) -> Iterator[None]:
    shop.rabbitmq.proxy.freeze()
    shop.rabbitmq.proxy.cut()
    yield
    shop.rabbitmq.proxy.thaw()


@_fault("broker refuses connections", of="broker", seconds=(3, 4))
def _refuse_broker(shop: Shop, random: Random) -> Iterator[None]:
    shop.rabbitmq.proxy.close()
    yield
    shop.rabbitmq.proxy.open()


@_fault("broker connections reset", of="broker", seconds=(2, 3))
def _reset_broker(shop: Shop, random: Random) -> Iterator[None]:
    shop.rabbitmq.proxy.cut()
    yield
    shop.rabbitmq.proxy.cut()


@_fault("broker slow", of="broker", seconds=(3, 4))
def _slow_broker(shop: Shop, random: Random) -> Iterator[None]:
    shop.rabbitmq.proxy.slow_down(0.3)
    yield
    shop.rabbitmq.proxy.slow_down(0)


@_fault("broker's disk full", of="broker", seconds=(6, 7))
def _fill_broker(shop: Shop, random: Random) -> Iterator[None]:
    shop.rabbitmq.fill_disk()
    yield
    shop.rabbitmq.make_room()


@_fault("broker killed", of="broker", seconds=(0.5, 2))
def _kill_broker(shop: Shop, random: Random) -> Iterator[None]:
    yield from _killed(shop.rabbitmq)
    shop.rabbitmq.await_ready()


@_fault("deliveries doubled and shuffled", of="broker", seconds=(4, 5))
def _meddle(shop: Shop, random: Random) -> Iterator[None]:
    meddler = Meddler(shop.rabbitmq.url, random)
    meddler.start()
    yield
    meddler.stop()
    shop.doubled += meddler.duplicated


# --- What runs the jobs -------------------------------------------------------------------------
@_fault("relay killed", of="jobs", seconds=(0.5, 2))
def _kill_relay(shop: Shop, random: Random) -> Iterator[None]:
    yield from _killed(random.choice(shop.relays))


@_fault("worker killed", of="jobs", seconds=(0.5, 2))
def _kill_worker(shop: Shop, random: Random) -> Iterator[None]:
    """The parent alone, whose children learn of it by themselves."""
    worker = random.choice(shop.workers[1:])
    worker.kill_parent()
    yield
    worker.start()


@_fault("worker's child killed", of="jobs", seconds=(0.5, 1))
def _kill_child(shop: Shop, random: Random) -> Iterator[None]:
    if children := random.choice(shop.workers).children():
        with suppress(ProcessLookupError):
            os.kill(random.choice(children), signal.SIGKILL)
    yield


@_fault("worker overtaken", of="jobs", seconds=(0.5, 2))
def _freeze_worker(shop: Shop, random: Random) -> Iterator[None]:
    """It goes on with jobs whose lease has ended, and which other workers have begun anew."""
    worker = shop.workers[0]  # which nobody kills: what it has left frozen would stay so
    names = [uuid.uuid4().hex for _ in range(3 * len(shop.workers))]
    _enqueue([_long_job(name) for name in names])
    jobs = Job.objects.filter(key__in=names)
    # Each worker has two processes, and the last four jobs wait for one.
    _until(lambda: jobs.filter(started_at=None).count() <= len(shop.workers))
    worker.pause()
    _until(lambda: jobs.filter(status=Job.Status.RUNNING, attempts__gt=1).exists())
    yield
    worker.resume()


@_fault("task poisoned", of="jobs", seconds=(0.5, 1))
def _poison(shop: Shop, random: Random) -> Iterator[None]:
    """Jobs that kill whichever child runs them."""
    _enqueue([NewJob(kind="sample.poison", queue=queue) for queue in Job.Queue.values])
    yield


# --- The rest -----------------------------------------------------------------------------------
@_fault("cache killed", of="cache", seconds=(1, 3))
def _kill_cache(shop: Shop, random: Random) -> Iterator[None]:
    yield from _killed(shop.redis)


@_fault("cache frozen", of="cache", seconds=(2, 4))
def _freeze_cache(shop: Shop, random: Random) -> Iterator[None]:
    shop.redis.proxy.freeze()
    yield
    shop.redis.proxy.thaw()


@_fault("database killed", of="database", seconds=(0.2, 1.5))
def _kill_database(shop: Shop, random: Random) -> Iterator[None]:
    yield from _killed(shop.postgres)


@_fault("database connections reset", of="database", seconds=(0.2, 1))
def _reset_database(shop: Shop, random: Random) -> Iterator[None]:
    shop.postgres.proxy.cut()
    yield


@_fault("database frozen", of="database", seconds=(1, 2))
def _freeze_database(shop: Shop, random: Random) -> Iterator[None]:
    shop.postgres.proxy.freeze()
    yield
    shop.postgres.proxy.thaw()


@_fault("web killed", of="web", seconds=(0.2, 1))
def _kill_web(shop: Shop, random: Random) -> Iterator[None]:
    yield from _killed(shop.web)
    shop.await_web()


BROKER, JOBS = ([fault for fault in ALL if fault.of == of] for of in ("broker", "jobs"))
KILLS = [fault for fault in ALL if fault.name.endswith("killed")]


def _killed(victim: Server | Program) -> Iterator[None]:
    victim.kill()
    yield
    victim.start()


def _long_job(name: str) -> NewJob:
    arguments = {"name": name, "seconds": LEASE_SECONDS / 2}
    return NewJob(kind="sample.write", key=name, kwargs=arguments)


def _enqueue(jobs: list[NewJob]) -> None:
    def commit() -> None:
        with transaction.atomic():
            enqueue_many(jobs)

    _patiently(commit)


def _patiently(step: Callable[[], T]) -> T:
    """Run a step as soon as the database lets us."""
    while True:
        try:
            return step()
        except (OperationalError, InterfaceError):
            time.sleep(0.2)
        finally:
            connection.close()


def _until(condition: Callable[[], bool]) -> None:
    """Wait for it, but not if other faults keep it from becoming true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _patiently(condition) and time.monotonic() < deadline:
        time.sleep(0.05)
