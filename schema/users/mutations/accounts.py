"""Accounts: making them, and what they say of their owners."""

from __future__ import annotations

from typing import Any

from schema.mutation import Context, Made, entities, entity, mutation
from schema.tasks.types import Job
from schema.users.inputs import (
    EmailVerificationRequestInput,
    EmailVerifyInput,
    ProfileUpdateInput,
    UserRegisterInput,
    UserRolesSetInput,
)
from schema.users.types import User
from users.permissions import AllowAny, HasPermission, IsAuthenticated
from users.services.accounts import register_user, update_profile
from users.services.roles import CHANGE_USER, set_roles
from users.services.verification import request_verification, verify_email


@mutation(
    UserRegisterInput,
    "Make an account.",
    user=entity(User, "The new account; log in with `tokenAuth`."),
    jobs=entities(lambda: Job, "The job that mails the link which verifies the address."),
    permission=AllowAny(),
    authenticates=True,
)
def user_register(context: Context, given: Any) -> Made:
    """``register_user``."""
    user, jobs = register_user(
        email=given["email"],
        password=given["password"],
        first_name=given.get("first_name") or "",
        last_name=given.get("last_name") or "",
        address=context.address,
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    return Made(user=user.pk, jobs=jobs, holding={"user_id": user.pk})


@mutation(
    EmailVerifyInput,
    "Show that an e-mail address is one's own, by the token that was mailed there.",
    user=entity(User, "The account."),
    permission=AllowAny(),
    authenticates=True,
)
def email_verify(context: Context, given: Any) -> Made:
    """``verify_email``."""
    user = verify_email(token=given["token"], address=context.address, now=context.now)
    return Made(user=user.pk, holding={"user_id": user.pk})


@mutation(
    EmailVerificationRequestInput,
    "Ask for one more mail with the link that verifies one's e-mail address.",
    jobs=entities(lambda: Job, "The job that mails it."),
    permission=IsAuthenticated(),
)
def email_verification_request(context: Context, given: Any) -> Made:
    """``request_verification``."""
    jobs = request_verification(
        user_id=context.viewer.user_id,
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    return Made(jobs=jobs)


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
    UserRolesSetInput,
    "Set an account's roles. Nobody gives or takes what goes beyond the own permissions, and the "
    "last admin stays one (LAST_ADMIN).",
    user=entity(User, "The account."),
    permission=HasPermission(CHANGE_USER),
)
def user_roles_set(context: Context, given: Any) -> Made:
    """``set_roles``."""
    user = set_roles(granter_id=context.viewer.user_id, email=given["email"], roles=given["roles"])
    return Made(user=user.pk)
