"""Secrets that are mailed to people and come back once."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256

from django.utils.crypto import salted_hmac

from tasks.errors import Rejected
from users.models import MailedToken, User


def token_of_job(
    *, user: User, purpose: MailedToken.Purpose, job_id: str, lifetime: timedelta, now: datetime
) -> str:
    """The token that a mail's job sends; stored as a hash alone.

    It is derived from the job's id and the shop's secret key, so that a job which runs again sends
    the same token, whose time has not begun anew.

    Args:
        user: who gets the mail.
        purpose: what the token is good for.
        job_id: the job's public id.
        lifetime: for how long it is good.
        now: when it is first sent.
    """
    digest = salted_hmac(f"users.{purpose}", job_id, algorithm="sha256").digest()
    token = urlsafe_b64encode(digest).decode().rstrip("=")
    MailedToken.objects.get_or_create(
        token_hash=_hash(token),
        defaults={
            "user": user,
            "purpose": purpose,
            "email": user.email,
            "token_version": user.token_version,
            "created_at": now,
            "expires_at": now + lifetime,
        },
    )
    return token


def find_token(*, token: str, purpose: MailedToken.Purpose, now: datetime) -> MailedToken:
    """The row of a token that is still good, with its account.

    Raises:
        Rejected: INVALID on ``token``: it is unknown, used or expired, of another purpose, or its
            account is disabled or has another e-mail address by now; or another password, where
            the token is to set one.
    """
    rows = MailedToken.objects.select_related("user")
    row = rows.filter(token_hash=_hash(token), purpose=purpose).first()
    if row is None or row.used_at is not None or row.expires_at <= now:
        raise _spent()
    if not row.user.is_active or row.user.email != row.email:
        raise _spent()
    sets_password = purpose == MailedToken.Purpose.PASSWORD_RESET
    if sets_password and row.user.token_version != row.token_version:
        raise _spent()
    return row


def use_token(*, row: MailedToken, now: datetime) -> None:
    """Use a token up, inside the transaction of what it was good for.

    Raises:
        Rejected: INVALID on ``token``: somebody was quicker.
    """
    unused = MailedToken.objects.filter(pk=row.pk, used_at=None)
    if not unused.update(used_at=now):
        raise _spent()


def _spent() -> Rejected:
    return Rejected("INVALID", "This link is no longer good. Ask for another mail.", field="token")


def _hash(token: str) -> str:
    return sha256(token.encode(errors="replace")).hexdigest()
