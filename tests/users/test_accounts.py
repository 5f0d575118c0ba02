from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection

from tasks.models import Job
from users.models import User
from users.services.accounts import register_user, update_profile
from users.services.sessions import RateLimited, log_in

PASSWORD = "correct horse battery"


def refusals(call) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        call()
    return [(error.code, error.field) for error in caught.value.error_list]


class TestRegisterUser:
    @pytest.fixture
    def register(self, db, now):
        def register(**changes: Any) -> User:
            given = {"email": "ada@example.com", "password": PASSWORD, "now": now} | changes
            return register_user(**given)[0]

        return register

    def test_makes_an_account_that_can_log_in(self, register, now):
        user = register(first_name=" Ada ", last_name="Byron")
        assert (user.full_name, user.created_at) == ("Ada Byron", now)
        assert user.is_active
        assert not any([user.is_staff, user.is_superuser, user.is_email_verified])
        assert log_in(email=user.email, password=PASSWORD, address=None, now=now).token

    def test_lowers_the_domain_and_keeps_the_name(self, register):
        assert register(email=" Ada.B@EXAMPLE.Com ").email == "Ada.B@example.com"

    def test_keeps_blanks_around_a_password(self, register, now):
        user = register(password=" spaced out ")
        assert user.check_password(" spaced out ")

    def test_refuses_a_known_address_whatever_its_case(self, register):
        register()
        known = partial(register, email="ADA@example.COM")
        assert refusals(known) == [("ALREADY_EXISTS", "email")]
        assert User.objects.count() == 1

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"email": ""}, [("REQUIRED", "email")]),
            ({"email": None}, [("REQUIRED", "email")]),
            ({"email": "no address"}, [("INVALID", "email")]),
            ({"email": "nul\0@example.com"}, [("INVALID", "email")] * 2),
            ({"email": "a" * 250 + "@example.com"}, [("INVALID", "email")]),
            ({"password": ""}, [("REQUIRED", "password")]),
            ({"password": "short1x"}, [("INVALID", "password")]),
            ({"password": "12345678901"}, [("INVALID", "password")] * 2),
            ({"password": "ada@example.com"}, [("INVALID", "password")]),
            ({"password": "x" * 1001}, [("INVALID", "password")]),
            ({"first_name": "x" * 151}, [("INVALID", "firstName")]),
            ({"email": "x", "password": ""}, [("INVALID", "email"), ("REQUIRED", "password")]),
        ],
        ids=lambda value: str(value)[:60],
    )
    def test_refuses_and_makes_nothing(self, changes, expected, register):
        assert refusals(partial(register, **changes)) == expected
        assert not User.objects.exists()
        assert not Job.objects.exists()

    def test_says_what_to_do_about_a_weak_password(self, register):
        with pytest.raises(ValidationError) as caught:
            register(password="password")
        assert caught.value.messages == [
            "Choose another password: this one is among the most used."
        ]

    def test_says_how_long_a_password_must_be(self, register):
        with pytest.raises(ValidationError, match="at least 8 characters"):
            register(password="short1x")

    def test_throttles_who_keeps_asking_which_addresses_are_known(self, register, settings):
        settings.LOGIN_ATTEMPTS_PER_MINUTE = 2
        register(address="1.1.1.1")
        for _ in range(2):
            refusals(partial(register, address="1.1.1.1"))
        with pytest.raises(RateLimited):
            register(email="new@example.com", address="1.1.1.1")
        assert register(email="new@example.com", address="2.2.2.2").pk

    def test_enqueues_the_mail_that_verifies_the_address(self, db, now):
        user, jobs = register_user(email="ada@example.com", password=PASSWORD, now=now)
        assert [(job.kind, job.kwargs) for job in jobs] == [
            ("users.send_email_verification", {"user_id": user.pk})
        ]
        assert list(Job.objects.all()) == jobs

    def test_gives_a_repeat_the_same_account_and_job(self, db, now):
        given = {"email": "ada@example.com", "password": PASSWORD, "idempotency_key": "k"}
        first = register_user(**given, now=now)
        again = register_user(**given | {"email": "ada@EXAMPLE.com"}, now=now)
        assert again == first
        assert User.objects.count() == Job.objects.count() == 1

    @pytest.mark.parametrize(
        "changes", [{"password": "staple battery horse"}, {"email": "b@c.de"}, {"last_name": "B"}]
    )
    def test_refuses_a_repeat_that_asks_for_something_else(self, changes, register):
        register(idempotency_key="k")
        assert refusals(partial(register, idempotency_key="k", **changes)) == [
            ("IDEMPOTENCY_CONFLICT", "idempotencyKey")
        ]
        assert User.objects.count() == 1

    def test_gives_an_account_to_nobody_who_knows_its_old_password(self, register, now):
        user = register(idempotency_key="k")
        user.set_password("staple battery horse")
        user.save()
        assert refusals(partial(register, idempotency_key="k")) == [
            ("IDEMPOTENCY_CONFLICT", "idempotencyKey")
        ]

    @pytest.mark.concurrency
    @pytest.mark.django_db(transaction=True)
    def test_lets_one_of_many_racers_have_the_address(self, race, now):
        emails = ["ada@example.com", "ADA@example.com", "Ada@Example.com", "aDa@example.com"] * 2
        answers = race(
            *[partial(register_user, email=email, password=PASSWORD, now=now) for email in emails]
        )
        lost = [answer for answer in answers if not isinstance(answer, tuple)]
        assert len(lost) == 7
        assert {(error.code, error.field) for error in lost} == {("ALREADY_EXISTS", "email")}
        assert User.objects.count() == 1


class TestUpdateProfile:
    def test_changes_what_is_named_and_leaves_the_rest(self, make_user):
        user = make_user(first_name="Ada", last_name="Byron")
        update_profile(user_id=user.pk, changes={"last_name": " King "})
        user.refresh_from_db()
        assert user.full_name == "Ada King"
        update_profile(user_id=user.pk, changes={"first_name": None})
        update_profile(user_id=user.pk, changes={})
        user.refresh_from_db()
        assert (user.first_name, user.last_name) == ("", "King")

    def test_refuses_and_changes_nothing(self, make_user):
        user = make_user(first_name="Ada")
        changes = {"first_name": "Augusta", "last_name": "x" * 151}
        assert refusals(partial(update_profile, user_id=user.pk, changes=changes)) == [
            ("INVALID", "lastName")
        ]
        user.refresh_from_db()
        assert user.first_name == "Ada"


class TestUser:
    def test_is_unique_by_constraint(self, make_user):
        make_user("ada@example.com")
        with pytest.raises(IntegrityError, match="user_email_unique"):
            make_user("ADA@example.com")

    def test_is_found_by_the_unique_index(self, db):
        User.objects.bulk_create(User(email=f"user{n}@example.com") for n in range(500))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE users_user")  # autovacuum may have seen the table empty
        plan = User.objects.of_email("Ada@example.com").explain()
        assert "user_email_unique" in plan, plan

    def test_counts_a_version_for_each_new_password_and_none_for_other_changes(self, make_user):
        user = make_user()
        user.first_name = "Ada"
        user.save()
        assert user.token_version == 1
        user.set_password("staple battery horse")
        user.save()
        user.save()
        user.refresh_from_db()
        assert user.token_version == 2


class TestCreateSuperuser:
    def test_takes_an_e_mail_address_and_no_name(self, db, monkeypatch, now):
        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
        call_command("createsuperuser", email="root@example.com", interactive=False, verbosity=0)
        root = User.objects.get(email="root@example.com")
        assert root.is_staff
        assert root.is_superuser
        assert log_in(email=root.email, password=PASSWORD, address=None, now=now).token

    def test_asks_for_an_address(self, db):
        with pytest.raises(CommandError, match="email"):
            call_command("createsuperuser", interactive=False, verbosity=0)
