"""What clients may do with accounts: thin doors to the services."""

from __future__ import annotations

from typing import Any

import graphene

from commerce.services.orders import find_order
from schema.compiler.ids import encode_id, row_key
from schema.mutation import Context, Made, entities, entity, mutation, plain, token_mutation
from schema.scalars import JSON
from schema.tasks.types import Job
from schema.users.inputs import (
    AddressCreateInput,
    AddressDeleteInput,
    AddressUpdateInput,
    MessageSendInput,
    NotificationsMarkReadInput,
    ProfileUpdateInput,
    UserRegisterInput,
)
from schema.users.types import Address, Message, User
from users.permissions import AllowAny, IsAuthenticated
from users.services.accounts import register_user, update_profile
from users.services.addresses import add_address, delete_address, update_address
from users.services.messages import send_message
from users.services.notifications import mark_read
from users.services.sessions import (
    TokenPair,
    log_in,
    refresh_session,
    revoke_session,
    verify_token,
)


@mutation(
    UserRegisterInput,
    "Make an account.",
    user=entity(User, "The new account; log in with `tokenAuth`."),
    permission=AllowAny(),
    authenticates=True,
)
def user_register(context: Context, given: Any) -> Made:
    """``register_user``."""
    user = register_user(
        email=given["email"],
        password=given["password"],
        first_name=given.get("first_name") or "",
        last_name=given.get("last_name") or "",
        address=context.address,
        now=context.now,
    )
    return Made(user=user.pk, holding={"user_id": user.pk})


_REFRESH_TOKEN = {
    "refresh_token": graphene.String(
        required=True,
        description="A refresh token. It works once (again within 5 seconds after a lost answer); "
        "later reuse ends the log-in.",
    )
}


def _token_fields() -> dict[str, Any]:
    return {
        "token": plain(
            graphene.NonNull(graphene.String),
            "The access token: send it as `Authorization: Bearer TOKEN`.",
        ),
        "refresh_token": plain(
            graphene.NonNull(graphene.String),
            "For the next `refreshToken`. It works once (again within 5 seconds after a lost "
            "answer); later reuse ends the log-in.",
        ),
        "payload": plain(graphene.NonNull(JSON), "The access token's claims."),
        "refresh_expires_in": plain(
            graphene.NonNull(graphene.Int), "When the refresh token expires, in Unix seconds."
        ),
    }


def _tokens(pair: TokenPair) -> Made:
    return Made(
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
    AddressCreateInput,
    "Keep a postal address.",
    address=entity(Address, "The address."),
    permission=IsAuthenticated(),
)
def address_create(context: Context, given: Any) -> Made:
    """``add_address``."""
    fields = dict(given)
    key = fields.pop("idempotency_key", None)
    address = add_address(
        user_id=context.viewer.user_id, address=fields, idempotency_key=key, now=context.now
    )
    return Made(address=address.pk)


@mutation(
    AddressUpdateInput,
    "Change a kept address; orders keep the copies that they have.",
    address=entity(Address, "The address."),
    permission=IsAuthenticated(),
)
def address_update(context: Context, given: Any) -> Made:
    """``update_address``."""
    changes = dict(given)
    address = update_address(
        user_id=context.viewer.user_id,
        address_id=row_key(changes.pop("id"), "Address"),
        changes=changes,
    )
    return Made(address=address.pk)


@mutation(
    AddressDeleteInput,
    "Forget a kept address; orders keep the copies that they have.",
    deleted_id=plain(graphene.ID, "The id that it had; null after a user error."),
    permission=IsAuthenticated(),
)
def address_delete(context: Context, given: Any) -> Made:
    """``delete_address``."""
    address_id = row_key(given["id"], "Address")
    delete_address(user_id=context.viewer.user_id, address_id=address_id)
    return Made(deleted_id=encode_id("Address", address_id))


@mutation(
    ProfileUpdateInput,
    "Change what one's account says of oneself.",
    user=entity(User, "The account."),
    permission=IsAuthenticated(),
)
def profile_update(context: Context, given: Any) -> Made:
    """``update_profile``."""
    return Made(user=update_profile(user_id=context.viewer.user_id, changes=given).pk)


@mutation(
    MessageSendInput,
    "Write a message; its recipient is notified in the background.",
    message=entity(Message, "The message."),
    jobs=entities(lambda: Job, "The notification's job."),
    permission=IsAuthenticated(),
)
def message_send(context: Context, given: Any) -> Made:
    """``send_message``."""
    order_id = None
    if (number := given.get("order_number")) is not None:
        order_id = find_order(viewer=context.viewer, number=number, field="orderNumber").pk
    message, jobs = send_message(
        sender_id=context.viewer.user_id,
        recipient_email=given["recipient_email"],
        body=given["body"],
        order_id=order_id,
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    return Made(
        message=message.pk,
        jobs=[job.pk for job in jobs],
        holding={"job_ids": [str(job.public_id) for job in jobs]},
    )


@mutation(
    NotificationsMarkReadInput,
    "Mark notifications read.",
    unread_count=plain(graphene.Int, "How many are unread now; null after a user error."),
    permission=IsAuthenticated(),
)
def notifications_mark_read(context: Context, given: Any) -> Made:
    """``mark_read``."""
    unread = mark_read(
        user_id=context.viewer.user_id,
        ids=[row_key(each, "Notification") for each in given["ids"]],
        now=context.now,
    )
    return Made(unread_count=unread)


class UserMutations:
    """Root fields."""

    user_register = user_register
    token_auth = token_auth
    refresh_token = refresh_token
    verify_token = verify_token_
    revoke_token = revoke_token
    address_create = address_create
    address_update = address_update
    address_delete = address_delete
    profile_update = profile_update
    message_send = message_send
    notifications_mark_read = notifications_mark_read
