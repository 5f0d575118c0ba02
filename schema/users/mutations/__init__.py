"""What clients may do with accounts: thin doors to the services."""

from __future__ import annotations

from schema.users.mutations.accounts import (
    email_verification_request,
    email_verify,
    profile_update,
    user_register,
    user_roles_set,
)
from schema.users.mutations.addresses import (
    address_create,
    address_delete,
    address_update,
)
from schema.users.mutations.messages import (
    message_send,
    notifications_mark_read,
)
from schema.users.mutations.tokens import (
    password_change,
    password_reset_confirm,
    password_reset_request,
    refresh_token,
    revoke_token,
    token_auth,
    verify_token_,
)


class UserMutations:
    """Root fields."""

    user_register = user_register
    email_verify = email_verify
    email_verification_request = email_verification_request
    password_change = password_change
    password_reset_request = password_reset_request
    password_reset_confirm = password_reset_confirm
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
    user_roles_set = user_roles_set
