from __future__ import annotations

import pytest
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from tests.users.conftest import PASSWORD
from users.authentication import viewer_for_token
from users.models import BrowserSession, Message, User
from users.services.sessions import log_in
from users.tokens import InvalidToken


class AdminTests(TestCase):
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

    def test_log_in_takes_the_e_mail_address(self):
        assert self.log_in().status_code == 302
        assert BrowserSession.objects.get().user == self.root
        assert self.client.get(reverse("admin:index")).status_code == 200

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
