"""Jobs in the admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from tasks.models import Job
from users.models import User

LIST = "/admin/tasks/job/"


@pytest.fixture
def dead(db):
    return Job.objects.create(
        kind="tests.job",
        status="DEAD",
        error="The mail server does not answer.",
        attempts=10,
        finished_at=timezone.now(),
    )


def log_in(client, role):
    user = User.objects.create_user(f"{role}@example.com", "pass", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)


def send_again(client, *jobs):
    data = {"action": "send_again", "index": "0", "_selected_action": [job.pk for job in jobs]}
    return client.post(LIST, data, follow=True)


def words(response):
    return " ".join(str(message) for message in response.context["messages"])


def test_a_dead_one_says_why_and_is_sent_again(client, dead):
    log_in(client, "order_manager")
    page = client.get(f"{LIST}{dead.pk}/change/")
    assert "The mail server does not answer." in page.text
    assert 'value="send_again"' in page.text
    response = send_again(client, dead)
    assert f"{dead.public_id} is sent again." in words(response)
    dead.refresh_from_db()
    assert (dead.status, dead.attempts) == ("PENDING", 0)
    assert 'value="send_again"' not in client.get(f"{LIST}{dead.pk}/change/").text


def test_one_that_stands_is_refused_in_words(client, dead):
    log_in(client, "order_manager")
    Job.objects.update(status="SUCCEEDED")
    response = send_again(client, dead)
    assert "Only a failed or dead job can be sent again" in words(response)
    dead.refresh_from_db()
    assert dead.status == "SUCCEEDED"


def test_who_may_look_sends_nothing(client, dead):
    log_in(client, "catalog_manager")
    assert 'value="send_again"' not in client.get(f"{LIST}{dead.pk}/change/").text
    send_again(client, dead)
    dead.refresh_from_db()
    assert dead.status == "DEAD"


def test_nobody_writes_one_by_hand(client, dead):
    client.force_login(User.objects.create_superuser("root@example.com", "x"))
    assert client.get(f"{LIST}add/").status_code == 403
    for action in ("change", "delete"):
        assert client.post(f"{LIST}{dead.pk}/{action}/", {"post": "yes"}).status_code == 403
    assert Job.objects.get() == dead
