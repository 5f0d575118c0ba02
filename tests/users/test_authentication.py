from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser, Permission
from django.test import Client

from users.authentication import InvalidToken, viewer_for_session, viewer_for_token, viewer_of
from users.models import BrowserSession, User
from users.roles import ROLES
from users.services.sessions import end_sessions, revoke_session
from users.tokens import issue_token
from users.viewer import ANONYMOUS


def permission(name: str) -> Permission:
    app, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


@pytest.fixture
def ada(make_user) -> User:
    return make_user()


class TestViewerForToken:
    def test_asks_one_statement(self, ada, tokens_of, django_assert_num_queries):
        token = tokens_of(ada).token
        with django_assert_num_queries(1):  # account, token version, family and permissions
            viewer = viewer_for_token(token)
        assert viewer.user_id == ada.pk
        assert viewer.permissions == frozenset()

    def test_asks_nothing_for_a_token_that_is_not_ours(self, db, django_assert_num_queries):
        with django_assert_num_queries(0), pytest.raises(InvalidToken):
            viewer_for_token("garbage")

    def test_has_the_permissions_of_roles_and_its_own(
        self, make_user, tokens_of, django_assert_num_queries
    ):
        user = make_user(role="support")
        user.user_permissions.add(permission("catalog.delete_product"))
        token = tokens_of(user).token
        with django_assert_num_queries(1):
            viewer = viewer_for_token(token)
        assert viewer.permissions == ROLES["support"] | {"catalog.delete_product"}
        assert viewer == viewer_of(User.objects.get(pk=user.pk))

    def test_has_every_permission_for_a_superuser(self, make_user, tokens_of):
        root = make_user(is_superuser=True)
        assert (
            len(viewer_for_token(tokens_of(root).token).permissions) == Permission.objects.count()
        )

    def test_refuses_a_disabled_account(self, ada, tokens_of):
        token = tokens_of(ada).token
        User.objects.update(is_active=False)
        assert_refused(token)

    @pytest.mark.parametrize("fields", [None, ["password"]])
    def test_refuses_a_token_older_than_the_password(self, fields, ada, tokens_of):
        token = tokens_of(ada).token
        ada.set_password("staple battery horse")
        ada.save(update_fields=fields)
        assert_refused(token)

    def test_refuses_a_token_of_an_account_whose_password_was_taken_away(self, ada, tokens_of):
        token = tokens_of(ada).token
        ada.set_unusable_password()
        ada.save()
        assert_refused(token)

    def test_refuses_a_token_of_a_log_in_that_was_logged_out_and_no_other(
        self, ada, tokens_of, now
    ):
        here, there = tokens_of(ada), tokens_of(ada)
        revoke_session(refresh_token=here.refresh_token, now=now)
        assert_refused(here.token)
        assert viewer_for_token(there.token).user_id == ada.pk

    def test_refuses_a_token_of_a_deleted_account(self, ada, tokens_of):
        token = tokens_of(ada).token
        ada.delete()
        assert_refused(token)

    def test_refuses_numbers_that_no_account_can_have(self, ada, tokens_of, now):
        family = ada.pk.to_bytes(16).hex()
        for number in (10**30, -1):
            token, _ = issue_token(user_id=number, version=1, family=UUID(family), now=now)
            assert_refused(token)


class TestViewerForSession:
    @pytest.fixture
    def key(self, ada) -> str:
        client = Client()
        client.force_login(ada)
        return client.session.session_key

    def test_asks_one_statement(self, ada, key, django_assert_num_queries):
        with django_assert_num_queries(1):  # session, account and permissions
            viewer = viewer_for_session(key)
        assert viewer == viewer_of(ada)

    @pytest.mark.parametrize("key", ["", "unknown", "\0", "x" * 5000])
    def test_knows_nobody_by(self, key, db):
        assert viewer_for_session(key) is None

    def test_knows_nobody_by_a_session_without_log_in(self, db):
        session = Client().session
        session["colour"] = "blue"
        session.save()
        assert viewer_for_session(session.session_key) is None

    def test_ends_with_log_out(self, ada):
        client = Client()
        client.force_login(ada)
        key = client.session.session_key
        client.logout()
        assert viewer_for_session(key) is None

    def test_ends_when_it_expires(self, key, now):
        BrowserSession.objects.update(expire_date=now - timedelta(seconds=1))
        assert viewer_for_session(key) is None

    def test_ends_with_the_account(self, key):
        User.objects.update(is_active=False)
        assert viewer_for_session(key) is None

    def test_ends_with_the_password(self, ada, key):
        ada.set_password("staple battery horse")
        ada.save()
        assert viewer_for_session(key) is None

    def test_ends_with_all_others(self, ada, key, now):
        end_sessions(user_id=ada.pk, now=now)
        assert viewer_for_session(key) is None

    def test_is_not_passed_on_with_the_row(self, key, make_user):
        BrowserSession.objects.update(user=make_user("eve@example.com"))
        assert viewer_for_session(key) is None

    def test_survives_the_rotation_of_the_key_that_signs(self, ada, key, settings):
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "n" * 64
        assert viewer_for_session(key).user_id == ada.pk

    def test_belongs_to_who_logged_in_last(self, key, make_user):
        client = Client()
        client.cookies["sessionid"] = key
        eve = make_user("eve@example.com")
        client.force_login(eve)
        rows = BrowserSession.objects.filter(user=eve)
        assert [row.get_decoded()[SESSION_KEY] for row in rows] == [str(eve.pk)]


class TestViewerOf:
    def test_is_anonymous_for_nobody_and_for_a_disabled_account(self, make_user):
        assert viewer_of(AnonymousUser()) == ANONYMOUS
        assert viewer_of(make_user(is_active=False, is_superuser=True)) == ANONYMOUS


def assert_refused(token: str) -> None:
    with pytest.raises(InvalidToken) as caught:
        viewer_for_token(token)
    assert caught.value.reason == "TOKEN_INVALID"
