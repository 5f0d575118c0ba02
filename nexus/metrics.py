"""``/metrics`` for Prometheus, closed unless ``METRICS_TOKEN`` opens it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from tasks.figures import figures

logger = logging.getLogger(__name__)


class MetricsMiddleware:
    """Answers ``/metrics`` to who presents the token; without one set, there is no such page.

    It stands before the check of the host's name, because Prometheus calls by address.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer Prometheus, or pass the request on."""
        if request.path != "/metrics":
            return self.get_response(request)
        expected = f"Bearer {settings.METRICS_TOKEN}"
        presented = request.headers.get("Authorization", "")
        if not settings.METRICS_TOKEN or not constant_time_compare(presented, expected):
            return HttpResponseNotFound("not found\n", content_type="text/plain")
        response = HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
        response["Cache-Control"] = "no-store"
        return response


class JobCollector(Collector):
    """The state of the background jobs, read from their rows: any process answers the same."""

    def describe(self) -> list[Metric]:
        """Nothing, so that registering asks no database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges; without the jobs' where the database does not answer."""
        try:
            rows = figures(by="queue", now=timezone.now())
        except DatabaseError as error:
            logger.warning("The database does not answer: %s", error)
            rows = []
        up = GaugeMetricFamily("nexus_database_up", "Whether the database answers.")
        up.add_metric([], float(bool(rows)))
        jobs = GaugeMetricFamily(
            "nexus_jobs", "Jobs that have not succeeded.", labels=["queue", "state"]
        )
        oldest = GaugeMetricFamily(
            "nexus_jobs_oldest_waiting_seconds",
            "How long the longest waiting job has been due.",
            labels=["queue"],
        )
        rate = GaugeMetricFamily(
            "nexus_jobs_succeeded_per_minute",
            "Jobs that succeeded a minute, in the last five.",
            labels=["queue"],
        )
        for row in rows:
            for state in ("waiting", "delayed", "retrying", "running", "failed", "dead"):
                jobs.add_metric([row.name, state], getattr(row, state))
            oldest.add_metric([row.name], row.oldest.total_seconds())
            rate.add_metric([row.name], row.per_minute)
        yield from (up, jobs, oldest, rate)


REGISTRY.register(JobCollector())
