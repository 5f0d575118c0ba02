"""Making accounts and changing what they say of their owners."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction

from tasks.dispatch import enqueue
from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.models import Job
from users.models import User
from users.serializers import ProfileSerializer, RegistrationSerializer
from users.services import verification
from users.services.passwords import check_password_strength
from users.services.throttling import attempt
from users.validation import validated


def register_user(
    *,
    email: str,
    password: str,
    first_name: str = "",
    last_name: str = "",
    address: str | None = None,
    idempotency_key: str | None = None,
    now: datetime,
) -> tuple[User, list[Job]]:
    """Make an account for a new customer and enqueue the mail that verifies its address.

    Args:
        email: unique whatever its case; its domain is stored in lower case.
        password: checked by the validators in ``settings.AUTH_PASSWORD_VALIDATORS``.
        first_name: may be blank.
        last_name: may be blank.
        address: the caller's network address, where known. One that keeps asking for addresses
            that are taken is throttled.
        idempotency_key: a repeat with the same key and password returns the same account.
        now: when the account begins.

    Returns:
        the account and its background jobs.

    Raises:
        ValidationError: of :class:`Rejected`: REQUIRED or INVALID on a field, ALREADY_EXISTS on
            ``email``, IDEMPOTENCY_CONFLICT on ``idempotencyKey``.
        RateLimited: too many attempts failed from this address.
    """
    data = validated(
        RegistrationSerializer(
            data={
                "email": email,
                "password": password,
                "first_name": first_name,
                "last_name": last_name,
            }
        )
    )
    password = data.pop("password")
    user = User(**data, created_at=now)
    user.email = User.objects.normalize_email(user.email)
    check_password_strength(password, user=user, field="password")
    with attempt("register", address, now=now):
        # Hashed before the transaction: it takes long, also for an address that is taken, so
        # that time tells nothing that the answer doesn't.
        user.set_password(password)
        try:
            with transaction.atomic():
                made = once(
                    actor="anyone",
                    operation="userRegister",
                    key=idempotency_key,
                    # Without the password, whose plain hash would be easy to guess from.
                    request={**data, "email": user.email},
                    effect=partial(_register, user),
                )
        except IntegrityError:
            raise Rejected(
                "ALREADY_EXISTS", "There is an account with this e-mail address.", field="email"
            ) from None
        if made["user"] != user.pk:
            user = _registered(made["user"], password=password)
    key = verification.first_mail_key(user.pk)
    return user, list(Job.objects.filter(kind=verification.KIND, key=key))


def _register(user: User) -> dict[str, Any]:
    user.save(force_insert=True)
    key = verification.first_mail_key(user.pk)
    enqueue(verification.KIND, key=key, user_id=user.pk)
    return {"user": user.pk}


def _registered(user_id: int, *, password: str) -> User:
    """The account that an earlier request made, for who knows its password."""
    user = User.objects.filter(pk=user_id).first()
    if user is None or not user.check_password(password):
        raise Rejected(
            "IDEMPOTENCY_CONFLICT",
            "This idempotency key was used for another request; use a new key.",
            field="idempotencyKey",
        )
    return user


def update_profile(*, user_id: int, changes: Mapping[str, Any]) -> User:
    """Change what an account says of its owner.

    Args:
        user_id: whose account.
        changes: ``first_name``, ``last_name`` or both; None clears.

    Raises:
        ValidationError: of :class:`Rejected` INVALID on the field.
    """
    fields = validated(ProfileSerializer(data=dict(changes), partial=True))
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=user_id)
        for name, value in fields.items():
            setattr(user, name, value)
        if fields:
            user.save(update_fields=list(fields))
    return user
