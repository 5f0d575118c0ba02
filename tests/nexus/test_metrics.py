"""What Prometheus reads, and nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.utils import OperationalError
from django.utils import timezone

from tasks.models import Job

pytestmark = pytest.mark.django_db
TOKEN = "a-token-for-prometheus"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def opened(settings):
    settings.METRICS_TOKEN = TOKEN


class TestAccess:
    def test_there_is_no_page_by_default(self, client):
        for headers in [{}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"}]:
            assert client.get("/metrics", headers=headers).status_code == 404

    @pytest.mark.parametrize("presented", ["", "Bearer", "Bearer wrong", TOKEN, "Bearer \xfc"])
    def test_a_wrong_token_finds_no_page_either(self, client, opened, presented):
        assert client.get("/metrics", headers={"Authorization": presented}).status_code == 404

    def test_the_token_opens_it_by_any_host_name(self, client, opened):
        response = client.get("/metrics", headers={**BEARER, "Host": "10.0.0.7:8000"})
        assert response.status_code == 200
        assert response["Content-Type"].startswith("text/plain; version=")
        assert response["Cache-Control"] == "no-store"


def test_tells_how_the_jobs_stand(client, opened):
    Job.objects.create(kind="shop.mail", queue="high")
    Job.objects.create(kind="shop.mail", status="DEAD")

    lines = client.get("/metrics", headers=BEARER).text.splitlines()

    assert 'nexus_jobs{queue="high",state="waiting"} 1.0' in lines
    assert 'nexus_jobs{queue="default",state="dead"} 1.0' in lines
    assert 'nexus_jobs{queue="bulk",state="waiting"} 0.0' in lines
    assert "nexus_database_up 1.0" in lines
    assert any(line.startswith("nexus_jobs_oldest_waiting_seconds") for line in lines)


def test_counts_a_job_at_every_step_of_its_life(client, opened):
    job = Job.objects.create(kind="shop.mail")
    now = timezone.now()
    later = now + timedelta(minutes=1)
    for step, figure in [
        ({"status": "PENDING", "not_before": later}, 'nexus_jobs{queue="default",state="delayed"}'),
        ({"not_before": now}, 'nexus_jobs{queue="default",state="waiting"}'),
        ({"status": "DISPATCHED"}, 'nexus_jobs{queue="default",state="waiting"}'),
        ({"status": "RUNNING", "attempts": 1}, 'nexus_jobs{queue="default",state="running"}'),
        (
            {"status": "PENDING", "not_before": later},
            'nexus_jobs{queue="default",state="retrying"}',
        ),
        ({"status": "FAILED"}, 'nexus_jobs{queue="default",state="failed"}'),
        ({"status": "DEAD"}, 'nexus_jobs{queue="default",state="dead"}'),
        (
            {"status": "SUCCEEDED", "finished_at": now},
            'nexus_jobs_succeeded_per_minute{queue="default"}',
        ),
    ]:
        Job.objects.filter(pk=job.pk).update(**step)
        lines = client.get("/metrics", headers=BEARER).text.splitlines()
        figures = [line for line in lines if line.startswith(("nexus_jobs{", "nexus_jobs_succ"))]
        counted = [line.rpartition(" ")[0] for line in figures if not line.endswith(" 0.0")]
        assert counted == [figure]


def test_a_database_that_is_away_is_a_figure_too(client, opened, caplog):
    def refuse(*_):
        raise OperationalError("connection refused at 10.0.0.1")

    with connection.execute_wrapper(refuse):
        response = client.get("/metrics", headers=BEARER)

    assert response.status_code == 200
    assert "nexus_database_up 0.0" in response.text.splitlines()
    assert "10.0.0.1" not in response.text
