"""The Celery application: ``celery -A nexus worker``."""

from __future__ import annotations

import logging
import os
from typing import Any

import django
from celery import Celery, signals
from django.apps import apps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexus.settings")

app = Celery("nexus")


def _configure() -> dict[str, Any]:
    # Read when first needed: our settings import this package. Setting up twice would configure
    # logging again, over the head of whoever has changed it.
    if not apps.ready:
        django.setup()
    from tasks import broker

    return {
        "broker_url": broker.url(),
        "broker_transport_options": broker.transport_options(),
        "broker_connection_timeout": broker.TIMEOUT,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_heartbeat": 30,
        "task_queues": broker.queues(),
        "task_create_missing_queues": False,
        "task_default_queue": broker.queue_name("default"),
        "accept_content": ["json"],
        "task_serializer": "json",
        # A job's row is its result.
        "task_ignore_result": True,
        # A message is done with when its task is, and goes back where the worker dies before.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        # A process takes one message at a time: the next may go to a process that is free.
        "worker_prefetch_multiplier": 1,
        # Below the 30 minutes after which RabbitMQ takes an unfinished message away.
        "task_time_limit": 20 * 60,
        "worker_consumer": "tasks.worker:Consumer",
        "worker_enable_remote_control": False,
        "worker_disable_rate_limits": True,
        # Celery's Django fix-up: a process keeps its connection for so many jobs. A new one for
        # each would cost more than most jobs; `tasks.job` drops one that is broken or old.
        "CELERY_DB_REUSE_MAX": 1000,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }


app.add_defaults(_configure)
app.autodiscover_tasks()


@signals.setup_logging.connect
def _keep_our_logging(**kwargs: Any) -> None:
    """Have Celery leave logging as Django's settings say; its being connected does that."""
    # `tasks.job` says the same with the job's id and the request's.
    for chatty in ["celery.worker.strategy", "celery.app.trace"]:
        logging.getLogger(chatty).setLevel(logging.WARNING)


@signals.task_unknown.connect
def _give_up_unknown_task(**kwargs: Any) -> None:
    from tasks.worker import on_unknown_task

    on_unknown_task(**kwargs)
