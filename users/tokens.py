"""Access tokens: JSON Web Tokens of five minutes, encoded and read through django-graphql-jwt.

The package alone accepts tokens without an expiry and doesn't verify an expiry that is there;
``settings.GRAPHQL_JWT`` names :func:`decode` as its decoder, so that every door is closed alike.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import jwt
from django.conf import settings
from graphql_jwt.exceptions import JSONWebTokenError, JSONWebTokenExpired
from graphql_jwt.settings import jwt_settings
from graphql_jwt.utils import get_payload, jwt_encode

REQUIRED_CLAIMS = ["exp", "iat", "iss", "aud", "jti", "sub", "ver", "sid"]
SCHEMES = frozenset({"bearer", "jwt"})

Reason = Literal["TOKEN_EXPIRED", "TOKEN_INVALID"]


class InvalidToken(Exception):
    """A token that opens nothing; ``reason`` says whether it merely grew too old."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says.

    Attributes:
        user_id: the account's primary key.
        version: the account's ``token_version`` when the token was issued.
        family: the log-in that it descends from; see :class:`users.models.RefreshSession`.
        payload: all of it, as it stands in the token.
    """

    user_id: int
    version: int
    family: uuid.UUID
    payload: dict[str, Any]


def issue_token(
    *, user_id: int, version: int, family: uuid.UUID, now: datetime
) -> tuple[str, dict[str, Any]]:
    """A signed access token and its payload; the arguments are as in :class:`Claims`."""
    payload = {
        "sub": str(user_id),
        "ver": version,
        "sid": family.hex,
        "jti": uuid.uuid4().hex,
        "iss": jwt_settings.JWT_ISSUER,
        "aud": jwt_settings.JWT_AUDIENCE,
        "iat": int(now.timestamp()),
        "exp": int((now + settings.ACCESS_TOKEN_LIFETIME).timestamp()),
    }
    return jwt_encode(payload), payload


def read_token(token: str) -> Claims:
    """The claims of a token that we signed and that hasn't expired; asks no database.

    Raises:
        InvalidToken: it has expired, or it isn't such a token.
    """
    try:
        payload = get_payload(token)
        claims = Claims(
            user_id=int(payload["sub"]),
            version=int(payload["ver"]),
            family=uuid.UUID(payload["sid"]),
            payload=payload,
        )
    except JSONWebTokenExpired:
        raise InvalidToken("TOKEN_EXPIRED") from None
    # ValueError: text that can't be encoded, or claims of the wrong form under a right signature.
    except (JSONWebTokenError, ValueError, TypeError, AttributeError):
        raise InvalidToken("TOKEN_INVALID") from None
    return claims


def decode(token: str, context: Any = None) -> dict[str, Any]:
    """The payload of a token that has every claim and stands every check.

    django-graphql-jwt calls it, hence ``context`` and PyJWT's own exceptions.
    """
    return jwt.decode(
        token,
        jwt_settings.JWT_SECRET_KEY,
        algorithms=[jwt_settings.JWT_ALGORITHM],
        audience=jwt_settings.JWT_AUDIENCE,
        issuer=jwt_settings.JWT_ISSUER,
        options={"require": REQUIRED_CLAIMS},
    )


def token_in_header(header: str) -> str | None:
    """The token in an ``Authorization`` header: ``Bearer TOKEN``, or ``JWT TOKEN``.

    None where the header is empty or of another scheme; what follows the scheme is returned
    unread, so that garbage is refused as a token, not overlooked.
    """
    scheme, _, token = header.strip().partition(" ")
    return token.strip() if scheme.lower() in SCHEMES else None
