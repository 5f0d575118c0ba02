from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from tasks.models import Job
from users.models import User
from users.services.accounts import register_user
from users.services.sessions import RateLimited
from users.services.verification import request_verification, send_verification, verify_email
from users.tasks import send_email_verification


@pytest.fixture
def ada(make_user) -> User:
    return make_user(first_name="Ada")


def refusals(call: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        call()
    return [(error.code, error.field) for error in caught.value.error_list]


def token_in_mail() -> str:
    found = re.search(r"token=(\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


class TestVerification:
    @pytest.mark.django_db(transaction=True)
    def test_follows_a_registration(self, now):
        user, (job,) = register_user(email="ada@example.com", password="correct horse", now=now)
        send_email_verification.apply(kwargs=job.kwargs, task_id=str(job.public_id), throw=True)
        (message,) = mail.outbox
        assert message.to == ["ada@example.com"]
        assert message.extra_headers["X-Job-ID"] == str(job.public_id)
        assert "within 7 days" in message.body
        assert verify_email(token=token_in_mail(), now=now) == user
        user.refresh_from_db()
        assert user.is_email_verified

    def test_leads_where_the_settings_say(self, ada, settings, now):
        settings.EMAIL_VERIFICATION_URL = "https://shop.example.com/hello/{token}/"
        send_verification(user_id=ada.pk, job_id=str(uuid4()), now=now)
        assert re.search(r"https://shop.example.com/hello/\S{43}/\n", str(mail.outbox[0].body))

    @pytest.mark.parametrize("change", [{"is_active": False}, {"is_email_verified": True}], ids=str)
    def test_sends_nothing_that_is_not_needed(self, change, ada, now):
        User.objects.update(**change)
        send_verification(user_id=ada.pk, job_id=str(uuid4()), now=now)
        assert mail.outbox == []

    def test_works_once(self, ada, now):
        send_verification(user_id=ada.pk, job_id=str(uuid4()), now=now)
        verify = partial(verify_email, token=token_in_mail(), now=now)
        verify()
        assert refusals(verify) == [("INVALID", "token")]

    @pytest.mark.parametrize(
        "change", [{"is_active": False}, {"email": "bea@example.com"}], ids=str
    )
    def test_is_refused_after_the_account_was(self, change, ada, now):
        send_verification(user_id=ada.pk, job_id=str(uuid4()), now=now)
        User.objects.update(**change)
        assert refusals(partial(verify_email, token=token_in_mail(), now=now)) == [
            ("INVALID", "token")
        ]
        assert not User.objects.get().is_email_verified

    def test_is_refused_late(self, ada, now):
        send_verification(user_id=ada.pk, job_id=str(uuid4()), now=now)
        late = partial(verify_email, token=token_in_mail(), now=now + timedelta(days=7))
        assert refusals(late) == [("INVALID", "token")]

    def test_outlives_a_change_of_the_password(self, ada, now):
        send_verification(user_id=ada.pk, job_id=str(uuid4()), now=now)
        ada.set_password("staple battery horse")
        ada.save()
        assert verify_email(token=token_in_mail(), now=now) == ada

    def test_throttles_who_guesses(self, ada, settings, now):
        settings.LOGIN_ATTEMPTS_PER_MINUTE = 2
        guess = partial(verify_email, token="x", address="1.1.1.1", now=now.replace(second=0))
        for _ in range(2):
            assert refusals(guess) == [("INVALID", "token")]
        with pytest.raises(RateLimited):
            guess()


class TestRequestVerification:
    @pytest.fixture
    def ask(self, ada, now):
        return partial(request_verification, user_id=ada.pk, now=now.replace(minute=0))

    def test_enqueues_one_more_mail_each_time(self, ask, ada):
        jobs = [*ask(), *ask()]
        assert [job.kwargs for job in jobs] == [{"user_id": ada.pk}] * 2
        assert list(Job.objects.order_by("pk")) == jobs

    def test_gives_a_repeat_the_same_job(self, ask):
        assert ask(idempotency_key="k") == ask(idempotency_key="k") == list(Job.objects.all())

    def test_refuses_where_nothing_is_left_to_verify(self, ask):
        User.objects.update(is_email_verified=True)
        assert refusals(ask) == [("INVALID", "")]
        assert not Job.objects.exists()

    def test_is_throttled(self, ask, settings):
        settings.MAILS_PER_HOUR = 2
        ask(), ask()
        with pytest.raises(RateLimited):
            ask()
        assert Job.objects.count() == 2
