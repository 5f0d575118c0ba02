from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from tests.users.conftest import PASSWORD
from users.authentication import viewer_for_token
from users.models import BrowserSession, Message, User
from users.services.sessions import log_in
from users.tokens import InvalidToken

LAST_ADMIN = "Nobody else could give roles any more: make somebody else an admin first."


class AdminTestCase(TestCase):
    def setUp(self):
        self.root = User.objects.create_superuser("root@example.com", PASSWORD)
        self.ada = User.objects.create_user("ada@example.com", PASSWORD)

    def log_in(self, password: str = PASSWORD):
        return self.client.post(
            reverse("admin:login"),
            {"username": "ROOT@example.com", "password": password, "next": "/admin/"},
        )

    def form(self, **changes: object) -> dict[str, object]:
        """What the browser would send for Ada's unchanged form, but for the changes."""
        page = self.client.get(self.url("change", self.ada.pk))
        initial = page.context["adminform"].form.initial
        names = ["email", "first_name", "last_name", "is_active"]
        sent = {name: initial[name] for name in names} | changes
        if not sent["is_active"]:  # A box that isn't ticked is not sent.
            del sent["is_active"]
        return sent | {"addresses-TOTAL_FORMS": "0", "addresses-INITIAL_FORMS": "0"}

    def url(self, view: str, *args: object) -> str:
        return reverse(f"admin:users_user_{view}", args=args)

    def token(self) -> str:
        pair = log_in(email="ada@example.com", password=PASSWORD, address=None, now=timezone.now())
        return pair.token


class TestAccounts(AdminTestCase):
    def test_log_in_takes_the_e_mail_address(self):
        assert self.log_in().status_code == 302
        assert BrowserSession.objects.get().user == self.root
        assert self.client.get(reverse("admin:index")).status_code == 200

    def test_of_all_admins_not_all_are_deleted_at_once(self):
        boss = User.objects.create_superuser("boss@example.com", PASSWORD)
        self.client.force_login(self.root)

        def delete(*users: User):
            sent = {"action": "delete_selected", "post": "yes"}
            sent |= {"_selected_action": [user.pk for user in users]}
            return self.client.post(self.url("changelist"), sent, follow=True)

        assert LAST_ADMIN in delete(self.root, boss, self.ada).text
        assert User.objects.count() == 3
        delete(boss, self.ada)
        assert User.objects.get() == self.root

    def test_log_in_is_throttled_as_in_the_api(self):
        with self.settings(LOGIN_ATTEMPTS_PER_MINUTE=2):
            for _ in range(2):
                assert self.log_in("wrong").status_code == 200
            assert self.log_in().status_code == 200
        assert not BrowserSession.objects.filter(user=self.root).exists()

    def test_an_account_is_added_with_address_and_password(self):
        self.client.force_login(self.root)
        data = {"email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD}
        self.client.post(self.url("add"), data)
        assert User.objects.get(email="new@example.com").check_password(PASSWORD)

    def test_a_second_account_of_one_address_is_refused_in_words(self):
        self.client.force_login(self.root)
        data = {"email": "ADA@example.com", "password1": PASSWORD, "password2": PASSWORD}
        page = self.client.post(self.url("add"), data)
        assert page.status_code == 200
        assert page.context["adminform"].form.errors
        assert User.objects.count() == 2

    def test_a_profile_is_changed_without_ending_anything(self):
        token = self.token()
        self.client.force_login(self.root)
        self.client.post(self.url("change", self.ada.pk), self.form(first_name="Ada"))
        self.ada.refresh_from_db()
        assert self.ada.first_name == "Ada"
        assert viewer_for_token(token).user_id == self.ada.pk

    def test_a_disabled_account_has_its_tokens_ended_for_good(self):
        token = self.token()
        self.client.force_login(self.root)
        self.client.post(self.url("change", self.ada.pk), self.form(is_active=False))
        User.objects.filter(pk=self.ada.pk, is_active=False).update(is_active=True)
        with pytest.raises(InvalidToken):
            viewer_for_token(token)

    def test_a_new_password_ends_the_tokens(self):
        token = self.token()
        self.client.force_login(self.root)
        url = reverse("admin:auth_user_password_change", args=[self.ada.pk])
        new = "staple battery horse"
        data = {"password1": new, "password2": new, "usable_password": "true"}
        assert self.client.post(url, data).status_code == 302
        with pytest.raises(InvalidToken):
            viewer_for_token(token)

    def test_pages_show_what_there_is(self):
        Message.objects.create(sender=self.ada, recipient=self.root, body="Hello")
        self.client.force_login(self.root)
        for model in ["user", "message", "notification"]:
            page = self.client.get(reverse(f"admin:users_{model}_changelist"))
            assert page.status_code == 200
        assert "ada@example.com" in self.client.get(self.url("changelist")).text

    def test_messages_are_read_and_not_rewritten(self):
        message = Message.objects.create(sender=self.ada, recipient=self.root, body="Hello")
        self.client.force_login(self.root)
        url = reverse("admin:users_message_change", args=[message.pk])
        assert "Hello" in self.client.get(url).text
        assert self.client.post(url, {"body": "Bye"}).status_code == 403
        assert self.client.get(reverse("admin:users_message_add")).status_code == 403


class TestLimits(AdminTestCase):
    """What the admin site keeps staff from who are no superusers."""

    def setUp(self):
        super().setUp()
        self.boss = User.objects.create_user("boss@example.com", PASSWORD, is_staff=True)
        self.boss.groups.add(Group.objects.get(name="admin"))
        self.client.force_login(self.boss)

    def test_nobody_raises_himself_or_others(self):
        everything = {
            "is_superuser": "on",
            "is_staff": "on",
            "groups": list(Group.objects.values_list("pk", flat=True)),
            "user_permissions": [Permission.objects.get(codename="add_session").pk],
        }
        for user in (self.boss, self.ada):
            before = user.get_all_permissions()
            url = self.url("change", user.pk)
            sent = self.form(email=user.email, first_name="New", **everything)
            assert self.client.post(url, sent).status_code == 302
            changed = User.objects.get(pk=user.pk)
            assert changed.first_name == "New"
            assert not changed.is_superuser
            assert changed.get_all_permissions() == before

    def test_nobody_takes_over_an_account_that_may_do_more(self):
        new = "staple battery horse"
        data = {"password1": new, "password2": new, "usable_password": "true"}
        url = reverse("admin:auth_user_password_change", args=[self.root.pk])
        assert self.client.post(url, data).status_code == 403
        form = self.form(email="mine@example.com")
        assert self.client.post(self.url("change", self.root.pk), form).status_code == 403
        assert (
            self.client.post(self.url("delete", self.root.pk), {"post": "yes"}).status_code == 403
        )
        assert User.objects.get(email="root@example.com").check_password(PASSWORD)

    def test_the_last_admin_stays_one(self):
        self.root.delete()
        form = self.form(email=self.boss.email, is_active=False)
        for url, sent in (
            (self.url("change", self.boss.pk), form),
            (self.url("delete", self.boss.pk), {"post": "yes"}),
        ):
            page = self.client.post(url, sent, follow=True)
            assert LAST_ADMIN in page.text
            assert User.objects.admins().get() == self.boss

    def test_another_address_is_verified_anew(self):
        User.objects.update(is_email_verified=True)
        for email, verified in (("ada@example.com", True), ("countess@example.com", False)):
            sent = self.form(email=email, is_email_verified="on")
            assert self.client.post(self.url("change", self.ada.pk), sent).status_code == 302
            self.ada.refresh_from_db()
            assert (self.ada.email, self.ada.is_email_verified) == (email, verified)

    def test_nobody_gives_a_role_more_than_it_has(self):
        role = Group.objects.get(name="admin")
        url = reverse("admin:auth_group_change", args=[role.pk])
        everything = list(Permission.objects.values_list("pk", flat=True))
        before = role.permissions.count()
        assert "users.change_user" in self.client.get(url).text
        assert (
            self.client.post(url, {"name": "admin", "permissions": everything}).status_code == 403
        )
        assert role.permissions.count() == before
