"""Accounts and messages that break a rule: which, where, and nothing is changed."""

from __future__ import annotations

from schema.compiler.ids import encode_id
from tests.schema.shop import (
    LONDON,
    PASSWORD,
    SKULL,
    ShopTestCase,
    buy,
    id_of,
    make_user,
    token_of,
)
from users.models import Notification

# What makes an account; a case replaces one of its members.
ADA = {"email": "ada@example.com", "password": PASSWORD, "firstName": "Ada", "lastName": "Byron"}


class TestAccounts(ShopTestCase):
    def test_that_can_not_be_made(self) -> None:
        make_user("grey@example.com")
        for given, *errors in (
            ({"email": ""}, ("email", "REQUIRED")),
            ({"email": " "}, ("email", "REQUIRED")),
            ({"email": "no address"}, ("email", "INVALID")),
            ({"email": f"{'x' * 300}@example.com"}, ("email", "INVALID")),
            ({"email": "GREY@Example.com"}, ("email", "ALREADY_EXISTS")),
            ({"password": ""}, ("password", "REQUIRED")),
            ({"password": "short"}, ("password", "INVALID")),
            ({"password": "x" * 1001}, ("password", "INVALID")),
            ({"password": "12345678"}, ("password", "INVALID"), ("password", "INVALID")),
            ({"firstName": "x" * 151}, ("firstName", "INVALID")),
            ({"email": "", "lastName": "x" * 151}, ("email", "REQUIRED"), ("lastName", "INVALID")),
        ):
            with self.subTest(str(given)[:60]):
                self.rejected(
                    lambda given=given: self.call("Register", **ADA | given),
                    *((f"input.{field}", code) for field, code in errors),
                )

    def test_that_do_not_open(self) -> None:
        make_user()
        make_user("gone@example.com", is_active=False)
        for email, password in (
            ("ada@example.com", "wrong"),
            ("ada@example.com", ""),
            ("ada@example.com", PASSWORD.upper()),
            ("nobody@example.com", PASSWORD),
            ("gone@example.com", PASSWORD),
            ("", ""),
            (SKULL, SKULL),
        ):
            with self.subTest(f"{email} {password}"):
                self.refused(
                    lambda email=email, password=password: self.send(
                        "Login", email=email, password=password
                    ),
                    "INVALID_CREDENTIALS",
                )

    def test_that_are_guessed_at_close_for_a_while(self) -> None:
        make_user()
        login = {"email": "ada@example.com"}
        for attempt in range(11):
            code = "INVALID_CREDENTIALS" if attempt < 10 else "RATE_LIMITED"
            answer = self.refused(lambda: self.send("Login", **login, password="wrong"), code)
        assert 0 < answer.errors[0]["retryAfter"] <= 60
        self.refused(lambda: self.send("Login", **login, password=PASSWORD), "RATE_LIMITED")

    def test_with_impossible_addresses(self) -> None:
        bearer = token_of(make_user())
        for given, *errors in (
            ({"name": ""}, ("name", "REQUIRED")),
            ({"name": "x" * 201}, ("name", "INVALID")),
            ({"country": "Britain"}, ("country", "INVALID")),
            ({"country": SKULL}, ("country", "INVALID")),
            (
                {"postalCode": "x" * 21, "phone": "1" * 41},
                ("postalCode", "INVALID"),
                ("phone", "INVALID"),
            ),
        ):
            with self.subTest(str(given)[:60]):
                self.rejected(
                    lambda given=given: self.call("AddressCreate", bearer=bearer, **LONDON | given),
                    *((f"input.{field}", code) for field, code in errors),
                )

    def test_with_impossible_changes(self) -> None:
        user = make_user()
        bearer = token_of(user)
        self.call("AddressCreate", bearer=bearer, **LONDON)
        mine = id_of(user.addresses.get())
        for given, error in (
            ({"id": mine, "city": None}, ("city", "REQUIRED")),
            ({"id": mine, "country": "Britain"}, ("country", "INVALID")),
            ({"id": encode_id("User", user.pk)}, ("id", "NOT_FOUND")),
            ({"id": ""}, ("id", "NOT_FOUND")),
            ({"id": encode_id("Address", 2**63)}, ("id", "NOT_FOUND")),
        ):
            with self.subTest(str(given)):
                self.rejected(
                    lambda given=given: self.call("AddressUpdate", bearer=bearer, **given),
                    (f"input.{error[0]}", error[1]),
                )
        self.rejected(
            lambda: self.call("AddressDelete", bearer=bearer, id="garbage"),
            ("input.id", "NOT_FOUND"),
        )
        self.rejected(
            lambda: self.call(
                "ProfileUpdate", bearer=bearer, firstName="x" * 151, lastName="x" * 151
            ),
            ("input.firstName", "INVALID"),
            ("input.lastName", "INVALID"),
        )


class TestMessages(ShopTestCase):
    def test_that_can_not_be_sent(self) -> None:
        bearer = token_of(make_user())
        make_user("staff@example.com", role="support")
        hers = buy(self, bearer=token_of(make_user("bea@example.com")))["order"]["number"]
        for given, error in (
            ({"body": ""}, ("body", "REQUIRED")),
            ({"body": " \n"}, ("body", "REQUIRED")),
            ({"body": "x" * 5001}, ("body", "INVALID")),
            ({"recipientEmail": ""}, ("recipientEmail", "REQUIRED")),
            ({"recipientEmail": "bea@example.com"}, ("recipientEmail", "NOT_FOUND")),
            ({"recipientEmail": SKULL}, ("recipientEmail", "NOT_FOUND")),
            ({"recipientEmail": "x" * 255}, ("recipientEmail", "INVALID")),
            ({"orderNumber": "N-0"}, ("orderNumber", "NOT_FOUND")),
            ({"orderNumber": ""}, ("orderNumber", "NOT_FOUND")),
            ({"orderNumber": hers}, ("orderNumber", "NOT_FOUND")),
        ):
            with self.subTest(str(given)[:60]):
                message = {"recipientEmail": "staff@example.com", "body": "Hello"} | given
                self.rejected(
                    lambda message=message: self.call("MessageSend", bearer=bearer, **message),
                    (f"input.{error[0]}", error[1]),
                )

    def test_whose_notifications_are_not_the_callers(self) -> None:
        user, other = make_user(), make_user("bea@example.com")
        mine, hers = (
            Notification.objects.create(
                user=owner,
                kind="MESSAGE_RECEIVED",
                source="message:1",
                sequence=1,
                title="New message",
            )
            for owner in (user, other)
        )
        bearer = token_of(user)
        for ids, at in (
            ([id_of(mine), id_of(hers)], 1),
            ([encode_id("User", mine.pk)], 0),
            (["garbage"], 0),
            ([""], 0),
            ([encode_id("Notification", 2**63)], 0),
        ):
            self.rejected(
                lambda ids=ids: self.call("NotificationsMarkRead", bearer=bearer, ids=ids),
                (f"input.ids.{at}", "NOT_FOUND"),
            )
