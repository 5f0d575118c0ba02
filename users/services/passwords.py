"""New passwords: for who knows the old one, and for who reads the account's mail."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from tasks.dispatch import enqueue
from tasks.errors import Rejected
from users.mail import send_mail
from users.models import MailedToken, User
from users.serializers import (
    NewPasswordSerializer,
    PasswordChangeSerializer,
    PasswordResetRequestSerializer,
)
from users.services.mailed_tokens import find_token, token_of_job, use_token
from users.services.sessions import TokenPair, end_sessions, start_session
from users.services.throttling import attempt, spend
from users.validation import validated

RESET_MAIL = "users.send_password_reset"
PURPOSE = MailedToken.Purpose.PASSWORD_RESET

_ADVICE = {
    "password_too_short": "Choose a longer password: at least %(min_length)d characters.",
    "password_too_common": "Choose another password: this one is among the most used.",
    "password_entirely_numeric": "Add something other than digits to the password.",
    "password_too_similar": "Choose a password that is less like your name or e-mail address.",
}


def change_password(
    *, user_id: int, current_password: str, new_password: str, address: str | None, now: datetime
) -> TokenPair:
    """Give an account another password and end everything that its old one opened.

    Args:
        user_id: whose password.
        current_password: who doesn't know it may not change it.
        new_password: checked by the validators in ``settings.AUTH_PASSWORD_VALIDATORS``.
        address: the caller's network address, where known.
        now: the time.

    Returns:
        tokens of a new log-in, since the caller's own has ended too.

    Raises:
        ValidationError: of :class:`Rejected`: REQUIRED or INVALID on ``currentPassword`` or
            ``newPassword``.
        RateLimited: too many attempts failed, log-ins among them.
    """
    data = validated(
        PasswordChangeSerializer(
            data={"current_password": current_password, "new_password": new_password}
        )
    )
    user = User.objects.get(pk=user_id)
    with attempt("log_in", f"account {user_id}", address, now=now):
        if not user.check_password(data["current_password"]):
            raise _wrong_password()
    check_password_strength(data["new_password"], user=user, field="newPassword")
    # Hashed before the transaction, because it takes long.
    password = make_password(data["new_password"])
    with transaction.atomic():
        locked = User.objects.select_for_update(no_key=True).get(pk=user_id)
        if locked.password != user.password or not locked.is_active:
            raise _wrong_password()  # Meanwhile it has become another one.
        _set_password(locked, password, now=now)
        return start_session(user=locked, now=now)


def request_password_reset(*, email: str, address: str | None, now: datetime) -> None:
    """Enqueue a mail with a link that sets a new password, if there is such an account.

    Whether there is one shows in nothing, the statements included: for an unknown address too a
    job is enqueued, which sends nothing.

    Args:
        email: in any case.
        address: the caller's network address, where known, which is throttled too.
        now: the time.

    Raises:
        ValidationError: of :class:`Rejected` REQUIRED or INVALID on ``email``.
        RateLimited: too many mails were asked for, for this e-mail or from this address.
    """
    given = validated(PasswordResetRequestSerializer(data={"email": email}))["email"]
    user = User.objects.of_email(given).filter(is_active=True).first()
    # An account's e-mail has spellings that differ in Python's lower case alone.
    subject = f"email {given.casefold()}" if user is None else f"account {user.pk}"
    spend("mail", address, limit=settings.LOGIN_ATTEMPTS_PER_MINUTE, window=60, now=now)
    spend("mail", subject, limit=settings.MAILS_PER_HOUR, window=3_600, now=now)
    with transaction.atomic():
        enqueue(RESET_MAIL, user_id=user and user.pk)


def send_password_reset(*, user_id: int | None, job_id: str, now: datetime) -> None:
    """Mail the link that sets a new password; nothing where there is no such account.

    Args:
        job_id: the job's public id.
        now: when it is sent.
    """
    user = User.objects.filter(pk=user_id, is_active=True).first() if user_id else None
    if user is None:
        return
    lifetime = settings.PASSWORD_RESET_LIFETIME
    token = token_of_job(user=user, purpose=PURPOSE, job_id=job_id, lifetime=lifetime, now=now)
    send_mail(
        to=user.email,
        subject="Set a new password",
        template="users/password_reset.txt",
        context={
            "user": user,
            "link": settings.PASSWORD_RESET_URL.replace("{token}", token),
            "token": token,
            "minutes": int(lifetime.total_seconds() // 60),
        },
        job_id=job_id,
    )


def confirm_password_reset(
    *, token: str, new_password: str, address: str | None = None, now: datetime
) -> User:
    """Set a new password for whoever got an account's mail, and end everything that was open.

    The address is verified by it, too. A password that is refused leaves the token good.

    Args:
        token: from the mail; it works once, and not after another change of the password.
        new_password: checked by the validators in ``settings.AUTH_PASSWORD_VALIDATORS``.
        address: the caller's network address, where known, which is throttled.
        now: the time.

    Raises:
        ValidationError: of :class:`Rejected`: INVALID on ``token``; REQUIRED or INVALID on
            ``newPassword``.
        RateLimited: too many wrong tokens came from this address.
    """
    data = validated(NewPasswordSerializer(data={"new_password": new_password}))
    with attempt("mailed_token", address, now=now):
        row = find_token(token=token, purpose=PURPOSE, now=now)
    check_password_strength(data["new_password"], user=row.user, field="newPassword")
    password = make_password(data["new_password"])
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=row.user_id)
        use_token(row=find_token(token=token, purpose=PURPOSE, now=now), now=now)
        user.is_email_verified = True
        _set_password(user, password, now=now)
        return user


def check_password_strength(password: str, *, user: User, field: str) -> None:
    """Refuse a password that Django's validators find weak.

    Args:
        password: the new password.
        user: whose it is to be; it must not resemble the name or e-mail address.
        field: where the password stands in the caller's input.

    Raises:
        ValidationError: of :class:`Rejected` INVALID on ``field``, one for each weakness.
    """
    try:
        validate_password(password, user)
    except ValidationError as weak:
        raise ValidationError(
            [Rejected("INVALID", _advice(error), field=field) for error in weak.error_list]
        ) from None


def _set_password(user: User, password: str, *, now: datetime) -> None:
    """Store the hash of a new password of a locked account; everything that was open ends."""
    user.password = password
    user.save(update_fields=["password", "is_email_verified"])
    end_sessions(user_id=user.pk, now=now)
    user.refresh_from_db(fields=["token_version"])


def _advice(weakness: ValidationError) -> str:
    advice = _ADVICE.get(weakness.code or "")
    # A validator that somebody adds in the settings speaks for itself.
    return advice % (weakness.params or {}) if advice else weakness.messages[0]


def _wrong_password() -> Rejected:
    return Rejected("INVALID", "This is not your current password.", field="currentPassword")
