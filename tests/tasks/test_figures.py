from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from tasks.figures import Figures, figures
from tasks.models import Job

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db


def some_jobs(now: datetime = NOW) -> None:
    def job(status: str, **values) -> None:
        Job.objects.create(**{"kind": "shop.mail", "status": status, "not_before": now, **values})

    job("PENDING", not_before=now - 3 * MINUTE)
    job("PENDING", not_before=now + 3 * MINUTE)
    job("PENDING", not_before=now + MINUTE, attempts=2)
    job("DISPATCHED", not_before=now - MINUTE)
    job("RUNNING")
    job("RUNNING", queue="bulk", kind="shop.import")
    job("FAILED", finished_at=now - 2 * MINUTE, error="There is no such order.")
    job("DEAD", finished_at=now - MINUTE, error="Given up after 3 attempts.")
    for minutes in [1, 2, 4, 6]:
        job("SUCCEEDED", finished_at=now - minutes * MINUTE)


def test_figures_of_every_queue():
    some_jobs()

    assert figures(by="queue", now=NOW) == [
        Figures(name="high"),
        Figures(
            name="default",
            waiting=2,
            oldest=3 * MINUTE,
            delayed=1,
            retrying=1,
            running=1,
            failed=1,
            dead=1,
            per_minute=0.6,
        ),
        Figures(name="bulk", running=1),
    ]


def test_figures_of_the_kinds_that_there_are():
    some_jobs()
    assert {one.name: one.running for one in figures(by="kind", now=NOW)} == {
        "shop.mail": 1,
        "shop.import": 1,
    }


def test_figures_cost_the_same_however_many_jobs(django_assert_num_queries):
    for _ in range(30):
        some_jobs()
    with django_assert_num_queries(3):
        figures(by="kind", now=NOW)


class TestCommand:
    def shown(self, *arguments: str) -> list[str]:
        output = StringIO()
        call_command("jobs", *arguments, stdout=output)
        return output.getvalue().splitlines()

    def test_shows_a_table(self, monkeypatch):
        monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
        some_jobs()

        assert self.shown() == [
            "queue    waiting  oldest  delayed  retrying  running  failed  dead  done/min",
            "high           0     0 s        0         0        0       0     0       0.0",
            "default        2   180 s        1         1        1       1     1       0.6",
            "bulk           0     0 s        0         0        1       0     0       0.0",
        ]
        assert [line.split()[0] for line in self.shown("--by", "kind")] == [
            "kind",
            "shop.import",
            "shop.mail",
        ]

    def test_lists_what_went_wrong_the_last_first(self):
        some_jobs()
        dead, failed = self.shown("--dead", "5")

        assert dead.startswith("2026-03-01T11:59:00+00:00  DEAD    shop.mail ")
        assert dead.endswith("  Given up after 3 attempts.")
        assert failed.startswith("2026-03-01T11:58:00+00:00  FAILED  shop.mail ")
        assert self.shown("--dead", "1") == [dead]
