"""What django-graphql-jwt leaves open is closed, over GraphQL and REST: a test for each hole."""

from __future__ import annotations

import base64
from datetime import timedelta
from itertools import count
from typing import Any, NamedTuple
from uuid import uuid4

import jwt
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.test import override_settings
from django.utils import timezone

from tests.schema.shop import (
    PASSWORD,
    ShopTestCase,
    id_of,
    mailed_token,
    make_user,
    token_of,
)
from users.models import RefreshSession, User
from users.services.sessions import REUSE_GRACE, end_sessions
from users.tokens import REQUIRED_CLAIMS, issue_token

KEY = settings.GRAPHQL_JWT["JWT_SECRET_KEY"]
NEW = "staple battery horse"
APIS = ("GraphQL", "REST")


class Pair(NamedTuple):
    """What a log-in or a refresh gives."""

    token: str
    refresh_token: str


class TokenTestCase(ShopTestCase):
    """Ada has an account, and tokens travel by both APIs."""

    def setUp(self) -> None:
        super().setUp()
        self.user = make_user()

    def rest(self, path: str, body: dict[str, str], **extra: Any) -> Any:
        return self.client.post(f"/api/{path}/", body, "application/json", **extra)

    def log_in(self) -> Pair:
        given = self.send("Login", email=self.user.email, password=PASSWORD).data["tokenAuth"]
        return Pair(given["token"], given["refreshToken"])

    def refresh(self, token: str, api: str = "GraphQL") -> Pair | str:
        """The next tokens, or the reason why there are none."""
        if api == "REST":
            response = self.rest("token/refresh", {"refresh_token": token})
            body = response.json()
            assert response.status_code == (401 if "reason" in body else 200)
            return body.get("reason") or Pair(body["token"], body["refresh_token"])
        answer = self.send("Refresh", refreshToken=token)
        if answer.errors:
            assert answer.codes == ["UNAUTHENTICATED"]
            return answer.errors[0]["reason"]
        given = answer.data["refreshToken"]
        return Pair(given["token"], given["refreshToken"])

    def assert_opens(self, token: str) -> None:
        """An access token is believed by both APIs."""
        viewer = self.send("Viewer", bearer=token).data["viewer"]
        assert viewer["email"] == self.user.email
        assert self.send("Verify", token=token).codes == []
        assert self.orders(token).status_code == 200

    def assert_opens_nothing(self, token: str, reason: str = "TOKEN_INVALID") -> None:
        """Neither API believes an access token, and both say why.

        GraphQL answers what is public nevertheless: the caller is anonymous.
        """
        refusal = [{"code": "UNAUTHENTICATED", "reason": reason}]
        answer = self.send("Messages", bearer=token)
        assert (answer.errors, answer.body["data"]) == (refusal, {"viewer": None})
        assert self.send("Verify", token=token).errors == refusal
        public = self.send("ProductPage", bearer=token, slug="mug")
        assert (public.status, public.data["product"]["name"]) == (200, "Mug")
        orders = self.orders(token)
        assert (orders.status_code, orders.json()["reason"]) == (401, reason)
        assert orders.headers["WWW-Authenticate"].startswith("Bearer")

    def orders(self, token: str) -> Any:
        return self.client.get("/api/orders/", headers={"Authorization": f"Bearer {token}"})


class TestAccessTokens(TokenTestCase):
    def signed(self, *, key: str = KEY, algorithm: str = "HS256", **changes: object) -> str:
        """Ada's token but for the changes; a claim changed to None is left out."""
        _, payload = issue_token(
            user_id=self.user.pk, version=1, family=uuid4(), now=timezone.now()
        )
        payload = {name: value for name, value in (payload | changes).items() if value is not None}
        return jwt.encode(payload, key, algorithm)

    def test_open_both_apis_where_nothing_is_wrong_with_them(self) -> None:
        self.assert_opens(self.signed())

    def test_expire_after_five_minutes(self) -> None:
        self.assert_opens(token_of(self.user, age=timedelta(minutes=4)))
        self.assert_opens_nothing(token_of(self.user, age=timedelta(minutes=5)), "TOKEN_EXPIRED")

    def test_are_refused_without_an_expiry_or_any_other_claim(self) -> None:
        assert {"exp", "iat", "iss", "aud", "jti"} < set(REQUIRED_CLAIMS)
        for claim in REQUIRED_CLAIMS:
            with self.subTest(claim):
                self.assert_opens_nothing(self.signed(**{claim: None}))

    def test_are_refused_where_they_are_another_issuer_s_or_for_another_audience(self) -> None:
        for claim in ("iss", "aud"):
            with self.subTest(claim):
                self.assert_opens_nothing(self.signed(**{claim: "another"}))

    def test_are_refused_without_a_signature(self) -> None:
        header, claims, _ = self.signed().split(".")
        self.assert_opens_nothing(self.signed(key="", algorithm="none"))
        self.assert_opens_nothing(f"{header}.{claims}.")

    def test_are_refused_under_another_algorithm_or_key(self) -> None:
        self.assert_opens_nothing(self.signed(algorithm="HS512"))
        self.assert_opens_nothing(self.signed(key="k" * 64))
        swapped = self.signed(algorithm="HS512").split(".")[0]
        self.assert_opens_nothing(f"{swapped}.{self.signed().split('.', 1)[1]}")

    def test_are_refused_where_their_claims_were_changed(self) -> None:
        head, _, signature = self.signed().split(".")
        forged = base64.urlsafe_b64encode(b'{"sub": "1"}').decode().rstrip("=")
        self.assert_opens_nothing(f"{head}.{forged}.{signature}")

    def test_know_an_account_by_its_id_and_not_by_its_name(self) -> None:
        claims = self.send("Verify", token=self.log_in().token).payload["payload"]
        assert claims["sub"] == str(self.user.pk)
        self.assert_opens_nothing(self.signed(sub=self.user.email))

    def test_have_an_id_each(self) -> None:
        tokens = [self.log_in().token for _ in range(2)]
        claims = [self.send("Verify", token=token).payload["payload"] for token in tokens]
        assert claims[0]["jti"] != claims[1]["jti"]

    def test_that_are_garbage_close_nothing_public(self) -> None:
        for garbage in (
            "garbage",
            "a.b.c",
            "",
            "\N{SKULL}".encode().decode("latin-1"),
            "x" * 7_000,
        ):
            with self.subTest(garbage[:30]):
                self.assert_opens_nothing(garbage)

    def test_change_nothing_where_they_are_refused(self) -> None:
        for token, reason in (
            (token_of(self.user, age=timedelta(minutes=6)), "TOKEN_EXPIRED"),
            ("garbage", "TOKEN_INVALID"),
        ):
            answer = self.refused(
                lambda token=token: self.call(
                    "MessageSend", bearer=token, recipientEmail="a@example.com", body="x"
                ),
                "UNAUTHENTICATED",
            )
            assert answer.errors[0]["reason"] == reason


class TestRefreshTokens(TokenTestCase):
    def test_give_the_next_tokens(self) -> None:
        for api in APIS:
            pair = self.log_in()
            following = self.refresh(pair.refresh_token, api)
            assert isinstance(following, Pair)
            assert following.refresh_token != pair.refresh_token
            self.assert_opens(following.token)

    def test_that_are_used_again_end_the_whole_log_in_and_no_other(self) -> None:
        for api in APIS:
            with self.subTest(api):
                other, stolen = self.log_in(), self.log_in()
                following = self.refresh(stolen.refresh_token, api)
                assert isinstance(following, Pair)
                self.grace_passes()
                for _ in range(2):
                    assert self.refresh(stolen.refresh_token, api) == "TOKEN_INVALID"
                assert self.refresh(following.refresh_token, api) == "TOKEN_INVALID"
                self.assert_opens_nothing(stolen.token)
                self.assert_opens_nothing(following.token)
                self.assert_opens(other.token)
                assert isinstance(self.refresh(other.refresh_token, api), Pair)

    def test_may_be_sent_again_within_seconds_as_parallel_tabs_do(self) -> None:
        for api in APIS:
            with self.subTest(api):
                pair = self.log_in()
                answers = [self.refresh(pair.refresh_token, api) for _ in range(3)]
                for answer in answers:
                    assert isinstance(answer, Pair)
                    self.assert_opens(answer.token)
                    assert isinstance(self.refresh(answer.refresh_token, api), Pair)

    def test_expire(self) -> None:
        pair = self.log_in()
        RefreshSession.objects.update(expires_at=timezone.now())
        for api in APIS:
            assert self.refresh(pair.refresh_token, api) == "TOKEN_EXPIRED"

    def test_are_no_access_tokens_nor_the_other_way_round(self) -> None:
        pair = self.log_in()
        self.assert_opens_nothing(pair.refresh_token)
        assert self.refresh(pair.token) == "TOKEN_INVALID"

    def test_that_nobody_got_are_refused(self) -> None:
        for api in APIS:
            assert self.refresh("garbage", api) == "TOKEN_INVALID"
        for token in ("", "\N{SKULL}" * 1000):
            for name in ("Refresh", "Logout"):
                answer = self.refused(
                    lambda name=name, token=token: self.send(name, refreshToken=token),
                    "UNAUTHENTICATED",
                )
                assert answer.errors[0]["reason"] == "TOKEN_INVALID"

    def test_are_hashed_at_rest_like_every_other_token(self) -> None:
        pair = self.log_in()
        assert len(pair.refresh_token) == 43  # 32 bytes in base64
        mailed = [
            mailed_token(self.user, each) for each in ("PASSWORD_RESET", "EMAIL_VERIFICATION")
        ]
        assert is_stored(self.user.email)
        for secret in (*pair, *mailed):
            assert not is_stored(secret)

    def grace_passes(self) -> None:
        RefreshSession.objects.update(used_at=F("used_at") - REUSE_GRACE - timedelta(seconds=1))


class TestTheEndOfLogIns(TokenTestCase):
    """What ends all tokens of an account, or those of one log-in."""

    def assert_ended(self, *pairs: Pair) -> None:
        for pair in pairs:
            self.assert_opens_nothing(pair.token)
            for api in APIS:
                assert self.refresh(pair.refresh_token, api) == "TOKEN_INVALID"

    def test_comes_with_a_log_out_of_it(self) -> None:
        for api in APIS:
            with self.subTest(api):
                here, there = self.log_in(), self.log_in()
                following = self.refresh(here.refresh_token)
                assert isinstance(following, Pair)
                if api == "REST":
                    self.rest("token/revoke", {"refresh_token": following.refresh_token})
                else:
                    self.send("Logout", refreshToken=following.refresh_token)
                self.assert_ended(here, following)
                self.assert_opens(there.token)

    def test_comes_with_a_change_of_the_password(self) -> None:
        before = self.log_in()
        self.call("PasswordChange", bearer=before.token, currentPassword=PASSWORD, newPassword=NEW)
        self.assert_ended(before)

    def test_comes_with_a_reset_of_the_password(self) -> None:
        before = self.log_in()
        token = mailed_token(self.user, "PASSWORD_RESET")
        self.call("PasswordResetConfirm", token=token, newPassword=NEW)
        self.assert_ended(before)

    def test_comes_with_a_password_that_a_command_sets(self) -> None:
        before = self.log_in()
        self.user.set_password(NEW)
        self.user.save()
        self.assert_ended(before)

    def test_comes_with_the_account_s_and_lasts_as_long(self) -> None:
        before = self.log_in()
        User.objects.update(is_active=False)
        self.assert_ended(before)

    def test_comes_with_the_account_s_for_good_where_all_was_revoked(self) -> None:
        before = self.log_in()
        end_sessions(user_id=self.user.pk, now=timezone.now())
        self.assert_ended(before)

    def test_comes_with_the_account_s_deletion(self) -> None:
        before = self.log_in()
        assert self.send("NodeById", bearer=before.token, id=id_of(self.user)).data["node"]
        self.user.delete()
        self.assert_ended(before)


class TestLogIns(TokenTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.addresses = count(1)

    def attempt(
        self,
        api: str,
        email: str = "ada@example.com",
        *,
        password: str = "wrong",  # noqa: S107 - of nobody
        address: str = "",
    ) -> tuple[int, str, str]:
        """Status, code and body of an attempt, where not said otherwise from a new address."""
        self.client.defaults["REMOTE_ADDR"] = address or f"10.0.0.{next(self.addresses)}"
        if api == "REST":
            response = self.rest("token", {"email": email, "password": password})
            text = response.content.decode()
            return response.status_code, response.json().get("code", ""), text
        answer = self.send("Login", email=email, password=password)
        return answer.status, "".join(answer.codes), answer.text

    def test_are_tried_once_a_request(self) -> None:
        guess = 'tokenAuth(email: "ada@example.com", password: "%s") { token }'
        document = f"mutation {{ a: {guess % 'a'} b: {guess % 'b'} }}"
        answer = self.refused(lambda: self.ask(document), "LIMIT_EXCEEDED")
        assert answer.errors[0]["limit"] == "max_auth_mutations"

    @override_settings(LOGIN_ATTEMPTS_PER_MINUTE=2)
    def test_are_throttled_for_each_account_wherever_they_come_from(self) -> None:
        for email in ("ada@example.com", "nobody@example.com"):
            for api in APIS:
                assert self.attempt(api, email)[1] == "INVALID_CREDENTIALS"
            for api in APIS:
                assert self.attempt(api, email, password=PASSWORD)[1] == "RATE_LIMITED"

    @override_settings(LOGIN_ATTEMPTS_PER_MINUTE=2)
    def test_are_throttled_for_each_address_whichever_account_they_try(self) -> None:
        for number, api in enumerate(APIS):
            self.attempt(api, f"{number}@example.com", address="1.1.1.1")
        for api in APIS:
            assert self.attempt(api, password=PASSWORD)[1] == ""
        for api in APIS:
            refused = self.attempt(api, password=PASSWORD, address="1.1.1.1")
            assert refused[1] == "RATE_LIMITED"

    def test_look_the_same_whether_there_is_such_an_account_or_not(self) -> None:
        make_user("off@example.com", is_active=False)
        for api in APIS:
            answers = {
                self.attempt(api, f"{name}@example.com", password=password)
                for name, password in (("ada", "wrong"), ("nobody", "wrong"), ("off", PASSWORD))
            }
            ((status, code, _),) = answers
            assert (status, code) == (200 if api == "GraphQL" else 401, "INVALID_CREDENTIALS")


def is_stored(secret: str) -> bool:
    """Whether any row of the database says it."""
    with connection.cursor() as cursor:
        rows = " UNION ALL ".join(
            f"SELECT row::text AS said FROM {table} row"  # noqa: S608 - of the database's own names
            for table in connection.introspection.table_names(cursor)
        )
        cursor.execute(f"SELECT count(*) FROM ({rows}) t WHERE strpos(said, %s) > 0", [secret])  # noqa: S608
        return bool(cursor.fetchone()[0])
