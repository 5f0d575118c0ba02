"""Log-ins and passwords: what opens an account."""

from __future__ import annotations

from typing import Any

import graphene

from schema.mutation import Context, Made, entity, mutation, plain, token_mutation
from schema.scalars import JSON
from schema.users.inputs import (
    PasswordChangeInput,
    PasswordResetConfirmInput,
    PasswordResetRequestInput,
)
from schema.users.types import User
from users.permissions import AllowAny, IsAuthenticated
from users.services.passwords import (
    change_password,
    confirm_password_reset,
    request_password_reset,
)
from users.services.sessions import (
    TokenPair,
    log_in,
    refresh_session,
    revoke_session,
    verify_token,
)

_REFRESH_TOKEN = {
    "refresh_token": graphene.String(
        required=True,
        description="A refresh token. It works once (again within 5 seconds after a lost answer); "
        "later reuse ends the log-in.",
    )
}


def _token_fields(*, required: bool = True) -> dict[str, Any]:
    def of(type_: Any) -> Any:
        return graphene.NonNull(type_) if required else type_

    return {
        "token": plain(
            of(graphene.String),
            "The access token: send it as `Authorization: Bearer TOKEN`.",
        ),
        "refresh_token": plain(
            of(graphene.String),
            "For the next `refreshToken`. It works once (again within 5 seconds after a lost "
            "answer); later reuse ends the log-in.",
        ),
        "payload": plain(of(JSON), "The access token's claims."),
        "refresh_expires_in": plain(
            of(graphene.Int), "When the refresh token expires, in Unix seconds."
        ),
    }


def _tokens(pair: TokenPair, **values: Any) -> Made:
    return Made(
        **values,
        token=pair.token,
        refresh_token=pair.refresh_token,
        payload=pair.payload,
        refresh_expires_in=pair.refresh_expires_in,
    )


@token_mutation(
    "Exchange an e-mail address and password for tokens.",
    permission=AllowAny(),
    arguments={
        "email": graphene.String(required=True, description="The account's e-mail address."),
        "password": graphene.String(required=True, description="The account's password."),
    },
    **_token_fields(),
)
def token_auth(context: Context, given: Any) -> Made:
    """``log_in``."""
    return _tokens(
        log_in(
            email=given["email"],
            password=given["password"],
            address=context.address,
            now=context.now,
        )
    )


@token_mutation(
    "Exchange a refresh token for new tokens. Using one twice ends the whole log-in.",
    permission=AllowAny(),
    arguments=_REFRESH_TOKEN,
    **_token_fields(),
)
def refresh_token(context: Context, given: Any) -> Made:
    """``refresh_session``."""
    return _tokens(refresh_session(refresh_token=given["refresh_token"], now=context.now))


@token_mutation(
    "Check an access token.",
    permission=AllowAny(),
    arguments={"token": graphene.String(required=True, description="An access token.")},
    payload=plain(graphene.NonNull(JSON), "Its claims."),
)
def verify_token_(context: Context, given: Any) -> Made:
    """``verify_token``."""
    return Made(payload=verify_token(token=given["token"]))


@token_mutation(
    "Log out: end a refresh token, its successors and their access tokens.",
    permission=AllowAny(),
    arguments=_REFRESH_TOKEN,
    revoked=plain(graphene.NonNull(graphene.Int), "When it ended, in Unix seconds."),
)
def revoke_token(context: Context, given: Any) -> Made:
    """``revoke_session``."""
    return Made(revoked=revoke_session(refresh_token=given["refresh_token"], now=context.now))


@mutation(
    PasswordChangeInput,
    "Change one's password. Every log-in ends, the caller's too; the tokens here are of a new one.",
    user=entity(User, "The account."),
    permission=IsAuthenticated(),
    authenticates=True,
    **_token_fields(required=False),
)
def password_change(context: Context, given: Any) -> Made:
    """``change_password``."""
    user_id = context.viewer.user_id
    pair = change_password(
        user_id=user_id,
        current_password=given["current_password"],
        new_password=given["new_password"],
        address=context.address,
        now=context.now,
    )
    return _tokens(pair, user=user_id)


@mutation(
    PasswordResetRequestInput,
    "Ask for a mail with a link that sets a new password. Whether there is such an account shows "
    "in nothing.",
    permission=AllowAny(),
    authenticates=True,
)
def password_reset_request(context: Context, given: Any) -> Made:
    """``request_password_reset``."""
    request_password_reset(email=given["email"], address=context.address, now=context.now)
    return Made()


@mutation(
    PasswordResetConfirmInput,
    "Set a new password by the token that was mailed. Every log-in of the account ends.",
    user=entity(User, "The account; log in with `tokenAuth`."),
    permission=AllowAny(),
    authenticates=True,
)
def password_reset_confirm(context: Context, given: Any) -> Made:
    """``confirm_password_reset``."""
    user = confirm_password_reset(
        token=given["token"],
        new_password=given["new_password"],
        address=context.address,
        now=context.now,
    )
    return Made(user=user.pk, holding={"user_id": user.pk})
