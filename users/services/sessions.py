"""Log-in and what follows from it: refresh tokens, each good for one use."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from users.authentication import viewer_for_token
from users.models import BrowserSession, RefreshSession, User
from users.services.throttling import RateLimited, attempt
from users.tokens import InvalidToken, issue_token, read_token

__all__ = [
    "InvalidCredentials",
    "RateLimited",
    "TokenPair",
    "check_credentials",
    "end_sessions",
    "log_in",
    "refresh_session",
    "revoke_session",
    "start_session",
    "verify_token",
]

# A client whose answer got lost, or whose second tab was as quick, may send a used token again.
REUSE_GRACE = timedelta(seconds=5)


class InvalidCredentials(Exception):
    """No active account has this e-mail and password; which of it was wrong is not said."""

    def __init__(self) -> None:
        super().__init__("Please enter the e-mail address and password of an active account.")


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a client gets for a log-in or a refresh.

    Attributes:
        token: the access token.
        refresh_token: good for one :func:`refresh_session`.
        payload: the claims of ``token``.
        refresh_expires_in: when ``refresh_token`` expires, in Unix seconds.
    """

    token: str
    refresh_token: str
    payload: dict[str, Any]
    refresh_expires_in: int


def check_credentials(*, email: str, password: str, address: str | None, now: datetime) -> User:
    """The active account that this e-mail and password belong to.

    An unknown or disabled account costs the same time as a wrong password.

    Args:
        email: in any case.
        password: as typed.
        address: the caller's network address, where known, which is throttled too.
        now: the time.

    Raises:
        InvalidCredentials: there is no such account.
        RateLimited: too many attempts failed for this e-mail or from this address.
    """
    email = email.strip()
    # The account is found before attempts are counted: PostgreSQL and Python don't agree on the
    # lower case of every letter, so that one account's e-mail has spellings that differ here.
    user = User.objects.of_email(email).first()
    subject = f"email {email.casefold()}" if user is None else f"account {user.pk}"
    with attempt("log_in", subject, address, now=now):
        if user is None:
            User().set_password(password)  # As slow as the comparison below.
            raise InvalidCredentials
        if not user.check_password(password) or not user.is_active:
            raise InvalidCredentials
    return user


def log_in(*, email: str, password: str, address: str | None, now: datetime) -> TokenPair:
    """Exchange e-mail and password for tokens: the first of a new family.

    Arguments and errors are those of :func:`check_credentials`.
    """
    user = check_credentials(email=email, password=password, address=address, now=now)
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(last_login=now)
        RefreshSession.objects.filter(user=user, expires_at__lte=now).delete()
        return start_session(user=user, now=now)


def start_session(*, user: User, now: datetime) -> TokenPair:
    """The first tokens of a new family, for an account that has shown who it is."""
    return _issue(user=user, family=uuid.uuid4(), now=now)


def refresh_session(*, refresh_token: str, now: datetime) -> TokenPair:
    """Exchange a refresh token for new tokens of the same family.

    A token that was used before, longer than ``REUSE_GRACE`` ago, is a stolen one or its
    original: the whole family ends, for the thief and the victim alike.

    Call it outside a transaction: the end of a family is kept although the call fails.

    Raises:
        InvalidToken: the token is unknown, used, revoked or expired; or its account is disabled
            or has changed its password.
    """
    with transaction.atomic(durable=True):
        user, session = _lock(refresh_token)
        used_at = session.used_at
        is_reuse = used_at is not None and now - used_at > REUSE_GRACE
        if is_reuse:
            _revoke(session.family, now=now)
        elif _is_live(session, user) and session.expires_at > now:
            if used_at is None:
                session.used_at = now
                session.save(update_fields=["used_at"])
            return _issue(user=user, family=session.family, now=now)
    has_expired = not is_reuse and _is_live(session, user)
    raise InvalidToken("TOKEN_EXPIRED" if has_expired else "TOKEN_INVALID")


def revoke_session(*, refresh_token: str, now: datetime) -> int:
    """Log out: end the token's family, its access tokens too.

    Returns:
        when it ended, in Unix seconds; of a repeated call, when it first did.

    Raises:
        InvalidToken: the token is unknown.
    """
    with transaction.atomic():
        _, session = _lock(refresh_token)
        if session.revoked_at is None:
            _revoke(session.family, now=now)
    return int((session.revoked_at or now).timestamp())


def end_sessions(*, user_id: int, now: datetime) -> None:
    """End every token and browser session of an account, as after its deactivation."""
    with transaction.atomic():
        User.objects.filter(pk=user_id).update(token_version=F("token_version") + 1)
        RefreshSession.objects.filter(user_id=user_id, revoked_at=None).update(revoked_at=now)
        BrowserSession.objects.filter(user_id=user_id).delete()


def verify_token(*, token: str) -> dict[str, Any]:
    """The payload of an access token that would be accepted now.

    Raises:
        InvalidToken: it would not.
    """
    viewer_for_token(token)
    return read_token(token).payload


def _issue(*, user: User, family: uuid.UUID, now: datetime) -> TokenPair:
    refresh_token = secrets.token_urlsafe(32)
    expires_at = now + settings.REFRESH_TOKEN_LIFETIME
    RefreshSession.objects.create(
        user=user,
        family=family,
        token_hash=_hash(refresh_token),
        token_version=user.token_version,
        created_at=now,
        expires_at=expires_at,
    )
    token, payload = issue_token(
        user_id=user.pk, version=user.token_version, family=family, now=now
    )
    return TokenPair(token, refresh_token, payload, int(expires_at.timestamp()))


def _lock(refresh_token: str) -> tuple[User, RefreshSession]:
    """The token's account, locked, and then the token as it stands under that lock.

    The account's row is the lock of all its families: otherwise a refresh could slip a successor
    past a revocation that runs beside it. Two statements, because a row joined to a locked one
    is read as it was before the wait.
    """
    token_hash = _hash(refresh_token)
    owner = User.objects.filter(refresh_sessions__token_hash=token_hash)
    user = owner.select_for_update(no_key=True, of=("self",)).first()
    session = RefreshSession.objects.filter(token_hash=token_hash).first()
    if user is None or session is None:
        raise InvalidToken("TOKEN_INVALID")
    return user, session


def _is_live(session: RefreshSession, user: User) -> bool:
    return (
        session.revoked_at is None
        and user.is_active
        and session.token_version == user.token_version
    )


def _revoke(family: uuid.UUID, *, now: datetime) -> None:
    RefreshSession.objects.filter(family=family, revoked_at=None).update(revoked_at=now)


def _hash(refresh_token: str) -> str:
    return sha256(refresh_token.encode(errors="replace")).hexdigest()
