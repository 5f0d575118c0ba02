"""Passwords and e-mail addresses: from the request, by the mail, to the account."""

from __future__ import annotations

import re

from django.core import mail
from django.test import Client

from schema.compiler.ids import encode_id
from tasks.models import Job
from tests.schema.shop import (
    PASSWORD,
    CommittedShopTestCase,
    ShopTestCase,
    id_of,
    mailed_token,
    make_user,
    run_jobs,
    token_of,
)
from users.models import User

NEW = "staple battery horse"


def token_in_mail() -> str:
    """The token of the newest mail's link."""
    found = re.search(r"token=(\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


class TestMails(CommittedShopTestCase):
    """What lies between two operations comes by a background job and a mail."""

    def test_verify_an_address_after_registration(self) -> None:
        given = {"email": "ada@example.com", "password": PASSWORD}
        register = """mutation($input: UserRegisterInput!) {
          userRegister(input: $input) { user { isEmailVerified } jobs { id kind status } }
        }"""
        payload = self.ask(register, {"input": given}).payload
        job = Job.objects.get()
        shown = {
            "id": encode_id("Job", job.public_id),
            "kind": "users.send_email_verification",
            "status": "PENDING",
        }
        assert payload == {"user": {"isEmailVerified": False}, "jobs": [shown]}
        assert self.send("Job", id=shown["id"]).data["job"]["status"] == "PENDING"
        run_jobs()
        user = User.objects.get(email="ada@example.com")
        answer = self.call("EmailVerify", token=token_in_mail())
        verified = {"id": id_of(user), "isEmailVerified": True}
        self.same(answer.data, {"emailVerify": {"user": verified, "userErrors": []}})

    def test_verify_an_address_that_asks_for_another_mail(self) -> None:
        user = make_user()
        ask = (
            "mutation { emailVerificationRequest(input: {}) { jobs { kind } userErrors { code } } }"
        )
        answer = self.ask(ask, bearer=token_of(user)).payload
        assert answer["jobs"] == [{"kind": "users.send_email_verification"}]
        run_jobs()
        assert self.call("EmailVerify", token=token_in_mail()).payload["user"]["isEmailVerified"]

    def test_set_a_forgotten_password(self) -> None:
        user = make_user()
        before = token_of(user)
        answer = self.call("PasswordResetRequest", email="ADA@example.com")
        self.same(answer.data, {"passwordResetRequest": {"userErrors": []}})
        run_jobs()
        answer = self.call("PasswordResetConfirm", token=token_in_mail(), newPassword=NEW)
        expected = {"user": {"id": id_of(user)}, "userErrors": []}
        self.same(answer.data, {"passwordResetConfirm": expected})
        assert self.send("Viewer", bearer=before).errors == [
            {"code": "UNAUTHENTICATED", "reason": "TOKEN_INVALID"}
        ]
        assert self.send("Login", email="ada@example.com", password=NEW).data
        assert self.send("Login", email="ada@example.com", password=PASSWORD).codes == [
            "INVALID_CREDENTIALS"
        ]

    def test_are_asked_for_alike_where_there_is_no_account(self) -> None:
        make_user()
        make_user("off@example.com", is_active=False)
        answers = {
            self.call("PasswordResetRequest", email=f"{name}@example.com").text
            for name in ("ada", "nobody", "off")
        }
        assert len(answers) == 1
        run_jobs()
        assert [message.to for message in mail.outbox] == [["ada@example.com"]]


class TestPasswords(ShopTestCase):
    def test_are_changed_by_who_knows_them(self) -> None:
        user = make_user()
        other, mine = token_of(user), token_of(user)
        browser = Client()
        browser.force_login(user)
        change = """mutation($input: PasswordChangeInput!) {
          passwordChange(input: $input) { user { id } token refreshToken userErrors { code } }
        }"""
        given = {"currentPassword": PASSWORD, "newPassword": NEW}
        payload = self.ask(change, {"input": given}, bearer=mine).payload
        assert payload["user"] == {"id": id_of(user)}
        for ended in (other, mine):
            assert self.send("Messages", bearer=ended).codes == ["UNAUTHENTICATED"]
        page = browser.get("/graphql", {"query": "{ viewer { id } }"})
        assert page.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert self.send("Messages", bearer=payload["token"]).codes == []
        assert self.send("Refresh", refreshToken=payload["refreshToken"]).codes == []

    def test_are_changed_as_clients_write_it(self) -> None:
        user = make_user()
        answer = self.call(
            "PasswordChange", bearer=token_of(user), currentPassword=PASSWORD, newPassword=NEW
        )
        expected = {"user": {"id": id_of(user)}, "userErrors": []}
        self.same(answer.data, {"passwordChange": expected})

    def test_are_not_changed_otherwise(self) -> None:
        bearer = token_of(make_user())
        given = {"currentPassword": PASSWORD, "newPassword": NEW}
        for changes, field, code in (
            ({"currentPassword": "wrong"}, "currentPassword", "INVALID"),
            ({"currentPassword": ""}, "currentPassword", "REQUIRED"),
            ({"newPassword": "short"}, "newPassword", "INVALID"),
            ({"newPassword": ""}, "newPassword", "REQUIRED"),
        ):
            with self.subTest(str(changes)):
                self.rejected(
                    lambda changes=changes: self.call(
                        "PasswordChange", bearer=bearer, **given | changes
                    ),
                    (f"input.{field}", code),
                )

    def test_are_not_set_by_a_token_that_is_no_good(self) -> None:
        user = make_user()
        for token in ("", "garbage", "x" * 5_000, mailed_token(user, "EMAIL_VERIFICATION")):
            self.rejected(
                lambda token=token: self.call("PasswordResetConfirm", token=token, newPassword=NEW),
                ("input.token", "INVALID"),
            )
        reset = mailed_token(user, "PASSWORD_RESET")
        self.rejected(lambda: self.call("EmailVerify", token=reset), ("input.token", "INVALID"))
        self.rejected(
            lambda: self.call("PasswordResetConfirm", token=reset, newPassword="12345678"),
            ("input.newPassword", "INVALID"),
            ("input.newPassword", "INVALID"),
        )

    def test_are_guessed_once_a_request(self) -> None:
        bearer = token_of(make_user())
        change = 'passwordChange(input: {currentPassword: "%s", newPassword: "x"}) { token }'
        document = f"mutation {{ a: {change % 'a'} b: {change % 'b'} }}"
        answer = self.ask(document, bearer=bearer)
        assert answer.codes == ["LIMIT_EXCEEDED"]

    def test_mails_are_throttled_alike(self) -> None:
        make_user()
        answers = []
        for email in ("ada@example.com", "nobody@example.com"):
            for _ in range(5):
                self.call("PasswordResetRequest", email=email)
            answer = self.call("PasswordResetRequest", email=email)
            answers.append(answer.codes)
        assert answers == [["RATE_LIMITED"]] * 2


class TestRoles(ShopTestCase):
    def test_are_set_by_admins(self) -> None:
        boss = token_of(make_user("boss@example.com", role="admin"))
        user = make_user()
        answer = self.call("UserRolesSet", bearer=boss, email=user.email, roles=["order_manager"])
        shown = {"id": id_of(user), "roles": ["order_manager"]}
        self.same(answer.data, {"userRolesSet": {"user": shown, "userErrors": []}})
        assert self.send("StaffOrders", bearer=token_of(user)).codes == []

    def test_are_not_set_beyond_the_rules(self) -> None:
        boss = make_user("boss@example.com", role="admin")
        root = make_user("root@example.com", is_superuser=True)
        bearer = token_of(boss)
        answer = self.refused(
            lambda: self.call("UserRolesSet", bearer=bearer, email=root.email, roles=["admin"]),
            "FORBIDDEN",
        )
        assert answer.errors[0]["required"] in root.get_all_permissions()
        root.delete()
        for email, roles, field, code in (
            ("boss@example.com", [], "roles", "LAST_ADMIN"),
            ("boss@example.com", ["admin", "king"], "roles.1", "NOT_FOUND"),
            ("nobody@example.com", ["admin"], "email", "NOT_FOUND"),
        ):
            with self.subTest(email):
                self.rejected(
                    lambda email=email, roles=roles: self.call(
                        "UserRolesSet", bearer=bearer, email=email, roles=roles
                    ),
                    (f"input.{field}", code),
                )
