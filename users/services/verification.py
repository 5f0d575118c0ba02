"""Showing that an account's e-mail address is its owner's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from tasks.dispatch import enqueue
from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.models import Job
from users.mail import send_mail
from users.models import MailedToken, User
from users.services.mailed_tokens import find_token, token_of_job, use_token
from users.services.throttling import attempt, spend

KIND = "users.send_email_verification"
PURPOSE = MailedToken.Purpose.EMAIL_VERIFICATION


def first_mail_key(user_id: int) -> str:
    """What makes the mail that follows a registration be enqueued once."""
    return f"user:{user_id}"


def request_verification(
    *, user_id: int, idempotency_key: str | None = None, now: datetime
) -> list[Job]:
    """Enqueue one more mail with a link that verifies an account's address.

    Args:
        user_id: whose address.
        idempotency_key: a repeat with the same key sends no second mail.
        now: the time.

    Returns:
        the mail's job; of a repeat, as long as it is kept.

    Raises:
        Rejected: INVALID where the address is verified already; IDEMPOTENCY_CONFLICT.
        RateLimited: too many mails were asked for.
    """

    def send() -> dict[str, Any]:
        if User.objects.get(pk=user_id).is_email_verified:
            raise Rejected("INVALID", "Your e-mail address is verified already.")
        return {"job": enqueue(KIND, user_id=user_id).pk}

    limit = settings.MAILS_PER_HOUR
    spend("mail", f"account {user_id}", limit=limit, window=3_600, now=now)
    with transaction.atomic():
        made = once(
            actor=f"user:{user_id}",
            operation="emailVerificationRequest",
            key=idempotency_key,
            request={},
            effect=send,
        )
        return list(Job.objects.filter(pk=made["job"]))


def send_verification(*, user_id: int, job_id: str, now: datetime) -> None:
    """Mail the link that verifies an account's address; nothing where none is needed any more.

    Args:
        job_id: the job's public id.
        now: when it is sent.
    """
    user = User.objects.filter(pk=user_id, is_active=True, is_email_verified=False).first()
    if user is None:
        return
    lifetime = settings.EMAIL_VERIFICATION_LIFETIME
    token = token_of_job(user=user, purpose=PURPOSE, job_id=job_id, lifetime=lifetime, now=now)
    send_mail(
        to=user.email,
        subject="Please confirm your e-mail address",
        template="users/email_verification.txt",
        context={
            "user": user,
            "link": settings.EMAIL_VERIFICATION_URL.replace("{token}", token),
            "token": token,
            "days": lifetime.days,
        },
        job_id=job_id,
    )


def verify_email(*, token: str, address: str | None = None, now: datetime) -> User:
    """Take it that an account's address is its owner's, as whoever got its mail says.

    Args:
        token: from the mail; it works once.
        address: the caller's network address, where known, which is throttled.
        now: the time.

    Raises:
        Rejected: INVALID on ``token``.
        RateLimited: too many wrong tokens came from this address.
    """
    with attempt("mailed_token", address, now=now), transaction.atomic():
        row = find_token(token=token, purpose=PURPOSE, now=now)
        use_token(row=row, now=now)
        user = row.user
        user.is_email_verified = True
        user.save(update_fields=["is_email_verified"])
        return user
