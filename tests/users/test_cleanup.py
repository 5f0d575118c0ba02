from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from django.test import Client
from django.utils import timezone

from users.models import BrowserSession, MailedToken, RefreshSession
from users.services.cleanup import delete_expired
from users.services.mailed_tokens import token_of_job
from users.tasks import delete_expired as task


def test_deletes_what_has_expired_and_nothing_else(make_user, tokens_of, now):
    ada = make_user()
    tokens_of(ada)
    Client().force_login(ada)
    token_of_job(
        user=ada,
        purpose=MailedToken.Purpose.PASSWORD_RESET,
        job_id=str(uuid4()),
        lifetime=timedelta(hours=1),
        now=now,
    )
    assert set(delete_expired(now=now).values()) == {0}
    in_an_hour = delete_expired(now=now + timedelta(hours=1, seconds=1))
    assert in_an_hour == {"refresh tokens": 0, "mailed tokens": 1, "browser sessions": 0}
    # The access token that came with it is refused by its row for as long as it may live.
    assert delete_expired(now=now + timedelta(days=30, minutes=4))["refresh tokens"] == 0
    assert RefreshSession.objects.count() == 1
    assert delete_expired(now=now + timedelta(days=30, minutes=6))["refresh tokens"] == 1
    assert not any(
        model.objects.exists() for model in (BrowserSession, MailedToken, RefreshSession)
    )


def test_is_a_job(make_user, tokens_of):
    tokens_of(make_user(), at=timezone.now() - timedelta(days=31))
    task()
    assert not RefreshSession.objects.exists()
