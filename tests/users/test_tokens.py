from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import jwt
import pytest
from django.conf import settings
from graphql_jwt.exceptions import JSONWebTokenError
from graphql_jwt.shortcuts import get_token, get_user_by_token
from graphql_jwt.utils import get_payload

from users.models import User
from users.tokens import (
    REQUIRED_CLAIMS,
    InvalidToken,
    issue_token,
    read_token,
    token_in_header,
)

FAMILY = uuid.uuid4()
KEY = settings.GRAPHQL_JWT["JWT_SECRET_KEY"]


def signed(now: datetime, *, key: str = KEY, algorithm: str = "HS256", **changes: object) -> str:
    """A right token but for the changes; a claim changed to None is left out."""
    _, payload = issue_token(user_id=7, version=3, family=FAMILY, now=now)
    payload = {name: value for name, value in (payload | changes).items() if value is not None}
    return jwt.encode(payload, key, algorithm)


def reason(token: str) -> str:
    with pytest.raises(InvalidToken) as caught:
        read_token(token)
    return caught.value.reason


class TestIssueToken:
    def test_names_account_version_and_log_in_for_five_minutes(self, now):
        token, payload = issue_token(user_id=7, version=3, family=FAMILY, now=now)
        claims = read_token(token)
        assert (claims.user_id, claims.version, claims.family) == (7, 3, FAMILY)
        assert claims.payload == payload
        assert payload["sub"] == "7"
        assert payload["exp"] - payload["iat"] == 300
        assert set(payload) == set(REQUIRED_CLAIMS)

    def test_gives_every_token_an_id_of_its_own(self, now):
        ids = {
            issue_token(user_id=7, version=3, family=FAMILY, now=now)[1]["jti"] for _ in range(3)
        }
        assert len(ids) == 3


class TestReadToken:
    def test_accepts_the_token_that_the_refusals_below_start_from(self, now):
        assert read_token(signed(now)).user_id == 7

    def test_says_that_a_token_has_expired(self, now):
        assert reason(signed(now - timedelta(seconds=301))) == "TOKEN_EXPIRED"

    @pytest.mark.parametrize("claim", REQUIRED_CLAIMS)
    def test_refuses_a_token_without(self, claim, now):
        assert reason(signed(now, **{claim: None})) == "TOKEN_INVALID"

    @pytest.mark.parametrize(
        "changes",
        [
            {"aud": "another"},
            {"iss": "another"},
            {"sub": "seven"},
            {"ver": "x"},
            {"ver": [1]},
            {"sid": "x"},
            {"sid": 5},
        ],
        ids=str,
    )
    def test_refuses_a_signed_token_with(self, changes, now):
        assert reason(signed(now, **changes)) == "TOKEN_INVALID"

    def test_refuses_the_algorithm_none(self, now):
        assert reason(signed(now, key="", algorithm="none")) == "TOKEN_INVALID"

    def test_refuses_another_algorithm_with_our_own_key(self, now):
        assert reason(signed(now, algorithm="HS384")) == "TOKEN_INVALID"

    def test_refuses_a_signature_kept_under_a_swapped_header(self, now):
        header, rest = signed(now).split(".", 1)
        other, _ = signed(now, algorithm="HS512").split(".", 1)
        assert header != other
        assert reason(f"{other}.{rest}") == "TOKEN_INVALID"

    def test_refuses_another_key(self, now):
        assert reason(signed(now, key="k" * 64)) == "TOKEN_INVALID"

    def test_refuses_a_changed_payload(self, now):
        mine, others = signed(now).split("."), signed(now, sub="8").split(".")
        assert reason(".".join([mine[0], others[1], mine[2]])) == "TOKEN_INVALID"

    @pytest.mark.parametrize(
        "token", ["", " ", "x", "a.b.c", "..", "ü.ü.ü", "\udc80", "\0", "x" * 10_000]
    )
    def test_refuses_garbage(self, token):
        assert reason(token) == "TOKEN_INVALID"


class TestThePackageItself:
    """django-graphql-jwt's own functions, as an extension may call them, are closed as well."""

    def test_refuses_tokens_that_it_made_without_our_claims(self, now):
        foreign = get_token(User(email="ada@example.com"))
        with pytest.raises(JSONWebTokenError):
            get_payload(foreign)

    def test_does_not_know_an_account_by_its_name(self, now):
        with pytest.raises(JSONWebTokenError):
            get_user_by_token(signed(now))


class TestTokenInHeader:
    @pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "JWT abc", "  Bearer   abc "])
    def test_finds_the_token_after(self, header):
        assert token_in_header(header) == "abc"

    @pytest.mark.parametrize("header", ["", "Basic abc", "Bearerabc", "abc"])
    def test_finds_none_in(self, header):
        assert token_in_header(header) is None

    @pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "JWT ?"])
    def test_leaves_garbage_to_be_refused(self, header):
        assert reason(token_in_header(header)) == "TOKEN_INVALID"
