"""Making accounts and changing what they say of their owners."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from tasks.errors import Rejected
from users.models import User
from users.serializers import ProfileSerializer, RegistrationSerializer
from users.services.throttling import attempt
from users.validation import validated

_PASSWORD_ADVICE = {
    "password_too_short": "Choose a longer password: at least %(min_length)d characters.",
    "password_too_common": "Choose another password: this one is among the most used.",
    "password_entirely_numeric": "Add something other than digits to the password.",
    "password_too_similar": "Choose a password that is less like your name or e-mail address.",
}


def register_user(
    *,
    email: str,
    password: str,
    first_name: str = "",
    last_name: str = "",
    address: str | None = None,
    now: datetime,
) -> User:
    """Make an account for a new customer.

    Args:
        email: unique whatever its case; its domain is stored in lower case.
        password: checked by the validators in ``settings.AUTH_PASSWORD_VALIDATORS``.
        first_name: may be blank.
        last_name: may be blank.
        address: the caller's network address, where known. One that keeps asking for addresses
            that are taken is throttled.
        now: when the account begins.

    Raises:
        ValidationError: of :class:`Rejected`: REQUIRED or INVALID on a field, ALREADY_EXISTS on
            ``email``.
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
                user.save(force_insert=True)
        except IntegrityError:
            raise Rejected(
                "ALREADY_EXISTS", "There is an account with this e-mail address.", field="email"
            ) from None
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


def _advice(weakness: ValidationError) -> str:
    advice = _PASSWORD_ADVICE.get(weakness.code or "")
    # A validator that somebody adds in the settings speaks for itself.
    return advice % (weakness.params or {}) if advice else weakness.messages[0]
