from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import identify_hasher
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tasks.models import Job
from tests.users.conftest import PASSWORD
from users.authentication import viewer_for_token
from users.models import BrowserSession, MailedToken, RefreshSession, User
from users.services.passwords import (
    change_password,
    confirm_password_reset,
    request_password_reset,
    send_password_reset,
)
from users.services.sessions import RateLimited, log_in, refresh_session
from users.services.verification import send_verification
from users.tokens import InvalidToken

NEW = "staple battery horse"


@pytest.fixture
def ada(make_user) -> User:
    return make_user()


@pytest.fixture
def mailed(now) -> Callable[..., str]:
    """The token that an account's mail says."""

    def token(user: User, *, job_id: str = "", at: datetime | None = None) -> str:
        send_password_reset(user_id=user.pk, job_id=job_id or str(uuid4()), now=at or now)
        found = re.search(r"token=(\S+)", str(mail.outbox[-1].body))
        assert found
        return found[1]

    return token


def refusals(call: Callable[[], Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        call()
    return [(error.code, error.field) for error in caught.value.error_list]


def assert_ended(token: str, refresh_token: str, now: datetime) -> None:
    with pytest.raises(InvalidToken):
        viewer_for_token(token)
    with pytest.raises(InvalidToken):
        refresh_session(refresh_token=refresh_token, now=now)


class TestChangePassword:
    @pytest.fixture
    def change(self, ada, now):
        return partial(
            change_password,
            user_id=ada.pk,
            current_password=PASSWORD,
            new_password=NEW,
            address=None,
            now=now,
        )

    def test_ends_every_log_in_and_begins_a_new_one(self, change, ada, tokens_of, now):
        before = tokens_of(ada)
        browser = Client()
        browser.force_login(ada)
        pair = change()
        assert_ended(before.token, before.refresh_token, now)
        assert not BrowserSession.objects.exists()
        assert viewer_for_token(pair.token).user_id == ada.pk
        assert refresh_session(refresh_token=pair.refresh_token, now=now).token
        assert log_in(email=ada.email, password=NEW, address=None, now=now).token

    def test_ends_the_links_that_set_a_password(self, change, ada, mailed, now):
        token = mailed(ada)
        change()
        reset = partial(confirm_password_reset, token=token, new_password="x" * 20, now=now)
        assert refusals(reset) == [("INVALID", "token")]

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"current_password": "wrong"}, [("INVALID", "currentPassword")]),
            ({"current_password": ""}, [("REQUIRED", "currentPassword")]),
            ({"new_password": ""}, [("REQUIRED", "newPassword")]),
            ({"new_password": "password"}, [("INVALID", "newPassword")]),
            ({"new_password": "ada@example.com"}, [("INVALID", "newPassword")]),
            ({"new_password": "x" * 1001}, [("INVALID", "newPassword")]),
        ],
        ids=lambda value: str(value)[:50],
    )
    def test_refuses_and_ends_nothing(self, changes, expected, change, ada, tokens_of):
        before = tokens_of(ada)
        assert refusals(partial(change, **changes)) == expected
        ada.refresh_from_db()
        assert ada.check_password(PASSWORD)
        assert viewer_for_token(before.token).user_id == ada.pk
        assert RefreshSession.objects.count() == 1

    def test_shares_its_attempts_with_log_in(self, change, ada, settings, now):
        settings.LOGIN_ATTEMPTS_PER_MINUTE = 2
        noon = now.replace(second=0)
        for _ in range(2):
            refusals(partial(change, current_password="wrong", now=noon))
        with pytest.raises(RateLimited):
            change(now=noon)
        with pytest.raises(RateLimited):
            log_in(email=ada.email, password=PASSWORD, address=None, now=noon)

    @pytest.mark.concurrency
    @pytest.mark.django_db(transaction=True)
    def test_lets_one_of_many_changes_win(self, change, ada, race):
        answers = race(*[partial(change, new_password=f"{NEW} {n}") for n in range(4)])
        won = [n for n, answer in enumerate(answers) if not isinstance(answer, Exception)]
        lost = [answer for answer in answers if isinstance(answer, Exception)]
        assert {getattr(error, "field", error) for error in lost} <= {"currentPassword"}
        ada.refresh_from_db()
        assert len(won) == 1
        assert ada.check_password(f"{NEW} {won[0]}")


class TestRequestPasswordReset:
    @pytest.fixture
    def request_reset(self, db, now):
        return partial(request_password_reset, address=None, now=now.replace(minute=0))

    def test_enqueues_a_mail(self, request_reset, ada):
        request_reset(email=" ADA@example.com ")
        job = Job.objects.get()
        assert (job.kind, job.kwargs) == ("users.send_password_reset", {"user_id": ada.pk})

    def test_does_the_same_for_accounts_and_for_nobody(self, request_reset, ada, make_user):
        make_user("off@example.com", is_active=False)
        done = []
        for name in ("ada", "nobody", "off"):
            with CaptureQueriesContext(connection) as queries:
                request_reset(email=f"{name}@example.com")
            done.append([re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in queries])
        assert done[0] == done[1] == done[2]
        assert [job.kwargs["user_id"] for job in Job.objects.order_by("pk")] == [ada.pk, None, None]

    def test_sends_nothing_to_nobody(self, now):
        send_password_reset(user_id=None, job_id=str(uuid4()), now=now)
        assert mail.outbox == []

    @pytest.mark.parametrize(("email", "code"), [("", "REQUIRED"), ("x", "INVALID")])
    def test_refuses_what_is_no_address(self, email, code, request_reset):
        assert refusals(partial(request_reset, email=email)) == [(code, "email")]
        assert not Job.objects.exists()

    @pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
    def test_is_throttled_for_each_account_whether_it_exists_or_not(
        self, email, request_reset, ada, settings
    ):
        settings.MAILS_PER_HOUR = 2
        for spelling in (email, email.upper()):
            request_reset(email=spelling)
        with pytest.raises(RateLimited) as caught:
            request_reset(email=email)
        assert 3_500 < caught.value.retry_after <= 3_600
        assert Job.objects.count() == 2

    def test_is_throttled_for_each_address(self, request_reset, settings):
        settings.LOGIN_ATTEMPTS_PER_MINUTE = 2
        for number in range(2):
            request_reset(email=f"{number}@example.com", address="1.1.1.1")
        with pytest.raises(RateLimited):
            request_reset(email="3@example.com", address="1.1.1.1")
        request_reset(email="3@example.com", address="2.2.2.2")


class TestSendPasswordReset:
    def test_mails_a_link_of_the_settings_and_keeps_a_hash_alone(self, ada, mailed, settings):
        settings.PASSWORD_RESET_URL = "https://shop.example.com/new?token={token}"
        token = mailed(ada, job_id="a-job")
        message = mail.outbox[0]
        assert message.to == [ada.email]
        assert f"https://shop.example.com/new?token={token}\n" in message.body
        assert "within 60 minutes" in message.body
        assert message.extra_headers["Message-ID"] == "<a-job@example.com>"
        assert len(token) == 43  # 32 bytes in base64
        assert token not in str(MailedToken.objects.values().get())

    def test_sends_the_same_token_when_its_job_runs_again(self, ada, mailed, now):
        first = mailed(ada, job_id="a-job")
        again = mailed(ada, job_id="a-job", at=now + timedelta(minutes=30))
        other = mailed(ada, job_id="b-job")
        assert first == again != other
        assert MailedToken.objects.earliest("pk").expires_at == now + timedelta(hours=1)
        assert MailedToken.objects.count() == 2

    def test_sends_nothing_to_a_disabled_account(self, ada, now):
        User.objects.update(is_active=False)
        send_password_reset(user_id=ada.pk, job_id=str(uuid4()), now=now)
        assert mail.outbox == []


class TestConfirmPasswordReset:
    @pytest.fixture
    def confirm(self, now):
        return partial(confirm_password_reset, new_password=NEW, now=now)

    def test_sets_the_password_verifies_the_address_and_ends_every_log_in(
        self, confirm, ada, mailed, tokens_of, now
    ):
        before = tokens_of(ada)
        assert confirm(token=mailed(ada)) == ada
        ada.refresh_from_db()
        assert ada.check_password(NEW)
        assert ada.is_email_verified
        assert_ended(before.token, before.refresh_token, now)

    def test_opens_an_account_that_had_no_password(self, confirm, ada, mailed):
        ada.set_unusable_password()
        ada.save()
        confirm(token=mailed(ada))
        ada.refresh_from_db()
        assert ada.check_password(NEW)
        assert identify_hasher(ada.password)

    def test_works_once_for_each_token_and_ends_the_others(self, confirm, ada, mailed):
        tokens = [mailed(ada), mailed(ada)]
        confirm(token=tokens[0])
        for token in tokens:
            assert refusals(partial(confirm, token=token)) == [("INVALID", "token")]

    def test_keeps_the_token_where_the_password_is_refused(self, confirm, ada, mailed):
        token = mailed(ada)
        for weak in ("password", ada.email, ""):
            (refusal,) = refusals(partial(confirm, token=token, new_password=weak))
            assert refusal[1] == "newPassword"
        assert confirm(token=token)

    def test_refuses_a_token_that_expired(self, confirm, ada, mailed, now):
        token = mailed(ada)
        late = partial(confirm, token=token, now=now + timedelta(hours=1))
        assert refusals(late) == [("INVALID", "token")]

    @pytest.mark.parametrize(
        "change", [{"is_active": False}, {"email": "bea@example.com"}], ids=str
    )
    def test_refuses_after_the_account_was(self, change, confirm, ada, mailed):
        token = mailed(ada)
        User.objects.update(**change)
        assert refusals(partial(confirm, token=token)) == [("INVALID", "token")]

    @pytest.mark.parametrize("token", ["", "garbage", "\0", "\udc80", "x" * 5000])
    def test_refuses_a_token_that_nobody_got(self, token, confirm, ada):
        assert refusals(partial(confirm, token=token)) == [("INVALID", "token")]

    def test_refuses_a_token_that_verifies_an_address(self, confirm, ada, now):
        send_verification(user_id=ada.pk, job_id=str(uuid4()), now=now)
        found = re.search(r"token=(\S+)", str(mail.outbox[-1].body))
        assert found
        assert refusals(partial(confirm, token=found[1])) == [("INVALID", "token")]

    def test_throttles_who_guesses(self, confirm, ada, mailed, settings, now):
        settings.LOGIN_ATTEMPTS_PER_MINUTE = 2
        noon, token = now.replace(second=0), mailed(ada)
        for _ in range(2):
            refusals(partial(confirm, token="x", address="1.1.1.1", now=noon))
        with pytest.raises(RateLimited):
            confirm(token=token, address="1.1.1.1", now=noon)
        assert confirm(token=token, address="2.2.2.2", now=noon)

    @pytest.mark.concurrency
    @pytest.mark.django_db(transaction=True)
    def test_lets_one_of_many_win(self, confirm, ada, mailed, race):
        token = mailed(ada)
        answers = race(
            *[partial(confirm, token=token, new_password=f"{NEW} {n}") for n in range(4)]
        )
        won = [n for n, answer in enumerate(answers) if isinstance(answer, User)]
        ada.refresh_from_db()
        assert len(won) == 1
        assert ada.check_password(f"{NEW} {won[0]}")
