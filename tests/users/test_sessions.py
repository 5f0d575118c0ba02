from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from statistics import median
from time import perf_counter

import pytest
from django.contrib.auth.hashers import identify_hasher, make_password
from django.db import transaction

from tests.users.conftest import PASSWORD
from users.authentication import viewer_for_token
from users.models import RefreshSession, User
from users.services.sessions import (
    REUSE_GRACE,
    InvalidCredentials,
    RateLimited,
    TokenPair,
    end_sessions,
    log_in,
    refresh_session,
    revoke_session,
    start_session,
    verify_token,
)
from users.services.throttling import attempt
from users.tokens import InvalidToken

AFTER_GRACE = REUSE_GRACE + timedelta(seconds=1)


@pytest.fixture
def ada(make_user) -> User:
    return make_user()


@pytest.fixture
def pair(ada, tokens_of) -> TokenPair:
    return tokens_of(ada)


def families() -> set[object]:
    return set(RefreshSession.objects.values_list("family", flat=True))


def assert_refused(
    call: Callable[..., object], *, reason: str = "TOKEN_INVALID", **kwargs: object
) -> None:
    with pytest.raises(InvalidToken) as caught:
        call(**kwargs)
    assert caught.value.reason == reason


class TestLogIn:
    def test_gives_a_token_that_works(self, ada, now):
        pair = log_in(email=" ADA@Example.com ", password=PASSWORD, address="::1", now=now)
        assert viewer_for_token(pair.token).user_id == ada.pk
        assert verify_token(token=pair.token) == pair.payload
        assert pair.refresh_expires_in == int((now + timedelta(days=30)).timestamp())
        ada.refresh_from_db()
        assert ada.last_login == now

    def test_keeps_a_hash_of_256_random_bits(self, pair):
        row = RefreshSession.objects.get()
        assert len(pair.refresh_token) == 43  # 32 bytes in base64
        assert row.token_hash == sha256(pair.refresh_token.encode()).hexdigest()
        assert pair.refresh_token not in str(RefreshSession.objects.values().get())

    def test_starts_a_family_of_its_own(self, ada, tokens_of):
        tokens_of(ada), tokens_of(ada)
        assert len(families()) == 2

    def test_clears_away_what_has_expired(self, ada, tokens_of, now):
        tokens_of(ada, at=now - timedelta(days=31))
        tokens_of(ada)
        assert RefreshSession.objects.count() == 1

    def test_renews_an_old_hash_without_ending_anything(self, ada, tokens_of, settings, now):
        before = tokens_of(ada)
        settings.PASSWORD_HASHERS = [
            "django.contrib.auth.hashers.Argon2PasswordHasher",
            "django.contrib.auth.hashers.MD5PasswordHasher",
        ]
        after = tokens_of(ada)
        ada.refresh_from_db()
        assert identify_hasher(ada.password).algorithm == "argon2"
        for pair in [before, after]:
            assert viewer_for_token(pair.token).user_id == ada.pk
            assert refresh_session(refresh_token=pair.refresh_token, now=now).token

    def test_answers_the_same_whatever_is_wrong(self, ada, make_user, now):
        make_user("off@example.com", is_active=False)
        make_user("none@example.com").set_unusable_password()
        answers = set()
        for email, password in [
            ("ada@example.com", "wrong"),
            ("nobody@example.com", PASSWORD),
            ("off@example.com", PASSWORD),
            ("none@example.com", ""),
            ("nul\0@example.com", PASSWORD),
            ("", ""),
        ]:
            with pytest.raises(InvalidCredentials) as caught:
                log_in(email=email, password=password, address=None, now=now)
            answers.add(str(caught.value))
        assert len(answers) == 1
        assert not RefreshSession.objects.exists()

    def test_takes_the_same_time_for_unknown_accounts(self, ada, make_user, settings, now):
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
        settings.LOGIN_ATTEMPTS_PER_MINUTE = 100
        make_user("off@example.com", is_active=False)
        User.objects.update(password=make_password(PASSWORD))

        def seconds(email: str) -> float:
            began = perf_counter()
            with pytest.raises(InvalidCredentials):
                log_in(email=email, password="wrong", address=None, now=now)
            return perf_counter() - began

        emails = ["ada@example.com", "nobody@example.com", "off@example.com"]
        rounds = [[seconds(email) for email in emails] for _ in range(7)]
        times = [median(column) for column in zip(*rounds, strict=True)]
        # Without a comparison, an unknown account would be answered in a twentieth.
        assert max(times) < 2 * min(times)


class TestThrottle:
    @pytest.fixture(autouse=True)
    def _two_a_minute(self, settings):
        settings.LOGIN_ATTEMPTS_PER_MINUTE = 2

    @pytest.fixture
    def noon(self, now) -> datetime:
        """The full minute, so that no attempt falls into the next."""
        return now.replace(second=0, microsecond=0)

    def fail(self, now: datetime, email: str = "ada@example.com", address: str | None = None):
        with pytest.raises(InvalidCredentials):
            log_in(email=email, password="wrong", address=address, now=now)

    def test_refuses_an_account_even_with_the_right_password(self, ada, noon):
        self.fail(noon, address="1.1.1.1")
        self.fail(noon, email="ADA@example.com", address="2.2.2.2")
        with pytest.raises(RateLimited) as caught:
            log_in(
                email="ada@example.com",
                password=PASSWORD,
                address="3.3.3.3",
                now=noon + timedelta(seconds=20),
            )
        assert caught.value.retry_after == 40
        assert not RefreshSession.objects.exists()

    def test_refuses_an_account_however_its_address_is_spelt(self, make_user, noon):
        # Python's lower case of the dotted capital is two characters, PostgreSQL's is "i".
        spelling = "adm\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}n@example.com"
        admin = make_user("admin@example.com")
        assert User.objects.of_email(spelling).first() == admin
        self.fail(noon, email="admin@example.com")
        self.fail(noon, email=spelling)
        for email in [spelling, "admin@example.com"]:
            with pytest.raises(RateLimited):
                log_in(email=email, password=PASSWORD, address=None, now=noon)

    def test_refuses_an_unknown_account_as_well(self, db, noon):
        self.fail(noon, email="nobody@example.com")
        self.fail(noon, email="nobody@example.com")
        with pytest.raises(RateLimited):
            log_in(email="nobody@example.com", password="x", address=None, now=noon)

    def test_refuses_an_address_that_tries_many_accounts(self, ada, noon):
        self.fail(noon, email="a@example.com", address="1.1.1.1")
        self.fail(noon, email="b@example.com", address="1.1.1.1")
        with pytest.raises(RateLimited):
            log_in(email=ada.email, password=PASSWORD, address="1.1.1.1", now=noon)
        assert log_in(email=ada.email, password=PASSWORD, address="2.2.2.2", now=noon).token

    def test_lets_in_again_in_the_next_minute(self, ada, noon):
        self.fail(noon)
        self.fail(noon)
        in_a_minute = noon + timedelta(seconds=60)
        assert log_in(email=ada.email, password=PASSWORD, address=None, now=in_a_minute).token

    def test_does_not_count_success(self, ada, noon):
        for _ in range(5):
            assert log_in(email=ada.email, password=PASSWORD, address="1.1.1.1", now=noon).token

    def test_counts_an_attempt_while_it_runs(self, noon):
        with (
            attempt("guess", "ada", now=noon),
            attempt("guess", "ada", now=noon),
            pytest.raises(RateLimited),
            attempt("guess", "ada", now=noon),
        ):
            pass

    def test_lets_everybody_in_while_the_cache_is_down(self, ada, noon, settings):
        # As the shop's own settings with a Redis that nobody runs.
        settings.CACHES = {
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": "redis://127.0.0.1:1/0",
                "OPTIONS": {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 0.1},
            }
        }
        for _ in range(3):
            self.fail(noon)
        assert log_in(email=ada.email, password=PASSWORD, address=None, now=noon).token

    @pytest.mark.redis
    def test_counts_in_redis(self, ada, noon, settings, redis_url):
        settings.CACHES = {
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": redis_url,
                "KEY_PREFIX": f"test-{noon.timestamp()}-{ada.pk}",
            }
        }
        self.fail(noon)
        assert log_in(email=ada.email, password=PASSWORD, address=None, now=noon).token
        self.fail(noon)
        with pytest.raises(RateLimited):
            log_in(email=ada.email, password=PASSWORD, address=None, now=noon)


class TestRefreshSession:
    def test_gives_new_tokens_in_the_same_family(self, ada, pair, now):
        following = refresh_session(refresh_token=pair.refresh_token, now=now)
        assert following.refresh_token != pair.refresh_token
        assert viewer_for_token(following.token).user_id == ada.pk
        assert len(families()) == 1
        assert RefreshSession.objects.count() == 2

    def test_forgives_a_second_use_while_an_answer_may_be_lost(self, pair, now):
        first = refresh_session(refresh_token=pair.refresh_token, now=now)
        again = refresh_session(refresh_token=pair.refresh_token, now=now + REUSE_GRACE)
        assert len(families()) == 1
        for each in [first, again]:
            assert refresh_session(refresh_token=each.refresh_token, now=now + REUSE_GRACE).token

    def test_does_not_extend_the_grace_by_using_it(self, pair, now):
        for seconds in [0, 4]:
            refresh_session(refresh_token=pair.refresh_token, now=now + timedelta(seconds=seconds))
        assert_refused(
            refresh_session, refresh_token=pair.refresh_token, now=now + timedelta(seconds=8)
        )

    def test_ends_the_family_when_a_token_comes_again_later(self, ada, pair, tokens_of, now):
        other_device = tokens_of(ada)
        following = refresh_session(refresh_token=pair.refresh_token, now=now)
        later = now + AFTER_GRACE
        assert_refused(refresh_session, refresh_token=pair.refresh_token, now=later)
        assert_refused(refresh_session, refresh_token=following.refresh_token, now=later)
        assert_refused(verify_token, token=following.token)
        assert viewer_for_token(other_device.token).user_id == ada.pk
        assert refresh_session(refresh_token=other_device.refresh_token, now=later).token

    def test_refuses_a_disabled_account(self, pair, now):
        User.objects.update(is_active=False)
        assert_refused(refresh_session, refresh_token=pair.refresh_token, now=now)
        assert RefreshSession.objects.count() == 1

    def test_refuses_a_token_older_than_the_password(self, ada, pair, now):
        ada.set_password("staple battery horse")
        ada.save()
        assert_refused(refresh_session, refresh_token=pair.refresh_token, now=now)

    def test_refuses_a_token_from_before_the_account_was_disabled_for_a_while(self, ada, pair, now):
        end_sessions(user_id=ada.pk, now=now)
        assert_refused(refresh_session, refresh_token=pair.refresh_token, now=now)
        assert_refused(verify_token, token=pair.token)

    def test_says_that_a_token_has_expired(self, pair, now):
        assert_refused(
            refresh_session,
            reason="TOKEN_EXPIRED",
            refresh_token=pair.refresh_token,
            now=now + timedelta(days=30),
        )

    @pytest.mark.parametrize("token", ["", "garbage", "\0", "\udc80", "x" * 5000])
    def test_refuses_a_token_that_nobody_got(self, token, pair, now):
        assert_refused(refresh_session, refresh_token=token, now=now)

    def test_does_not_take_an_access_token(self, pair, now):
        assert_refused(refresh_session, refresh_token=pair.token, now=now)
        assert_refused(verify_token, token=pair.refresh_token)

    @pytest.mark.django_db(transaction=True)
    def test_refuses_to_run_where_the_end_of_a_family_could_be_undone(self, pair, now):
        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
            refresh_session(refresh_token=pair.refresh_token, now=now)


class TestRevokeSession:
    def test_ends_the_whole_family_and_says_when(self, ada, pair, tokens_of, now):
        following = refresh_session(refresh_token=pair.refresh_token, now=now)
        revoked = revoke_session(refresh_token=pair.refresh_token, now=now)
        assert revoked == int(now.timestamp())
        assert_refused(refresh_session, refresh_token=following.refresh_token, now=now)
        assert_refused(verify_token, token=following.token)

    def test_repeats_its_answer(self, pair, now):
        first = revoke_session(refresh_token=pair.refresh_token, now=now)
        later = now + timedelta(hours=1)
        assert revoke_session(refresh_token=pair.refresh_token, now=later) == first

    def test_refuses_a_token_that_nobody_got(self, db, now):
        assert_refused(revoke_session, refresh_token="garbage", now=now)


class TestEndSessions:
    def test_ends_a_log_in_too_whose_password_was_checked_just_before(self, ada, now):
        end_sessions(user_id=ada.pk, now=now)
        late = start_session(user=ada, now=now)
        assert_refused(verify_token, token=late.token)
        assert_refused(refresh_session, refresh_token=late.refresh_token, now=now)

    def test_is_when_the_log_ins_ended(self, ada, pair, now):
        end_sessions(user_id=ada.pk, now=now - timedelta(hours=1))
        ended = revoke_session(refresh_token=pair.refresh_token, now=now)
        assert ended == int((now - timedelta(hours=1)).timestamp())
