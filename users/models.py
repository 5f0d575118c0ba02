"""Accounts and what belongs to them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone

from users.querysets import (
    AddressQuerySet,
    MessageQuerySet,
    NotificationQuerySet,
    UserQuerySet,
)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Creates accounts; Django's own commands use the two ``create`` methods."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create an active account with a hashed password (none: log-in is impossible)."""
        user = self.model(email=self.normalize_email(email).strip(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create an account that may do everything, for ``manage.py createsuperuser``."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> User:
        """The account with this e-mail address, whatever its case."""
        return self.of_email(email or "").get()


class User(AbstractBaseUser, PermissionsMixin):
    """An account, known by its e-mail address whatever its case."""

    email = models.EmailField()
    first_name = models.CharField(max_length=150, blank=True)
    last_name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May use the admin site.")
    is_email_verified = models.BooleanField(default=False)
    token_version = models.PositiveIntegerField(
        default=1, help_text="Every access token of another version is refused."
    )
    created_at = models.DateTimeField(default=timezone.now)

    # Django's, which its stubs leave out: a new password that waits to be saved.
    _password: str | None

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique")]

    def __str__(self) -> str:
        return self.email

    @property
    def full_name(self) -> str:
        """First and last name, or the e-mail address where both are blank."""
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def set_unusable_password(self) -> None:
        """Make log-in by password impossible; tokens issued so far end with the next save."""
        super().set_unusable_password()
        if not self._state.adding:
            self.token_version += 1

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the account; a new password ends every token that was issued before it.

        Log-in, which may renew the hash of an old password, leaves ``_password`` empty.
        """
        if self._password is not None and not self._state.adding:
            self.token_version += 1
            if (fields := kwargs.get("update_fields")) is not None:
                kwargs["update_fields"] = {*fields, "token_version"}
        super().save(*args, **kwargs)


class Address(models.Model):
    """A postal address that a customer keeps; orders hold copies."""

    user = models.ForeignKey(User, models.CASCADE, related_name="addresses")
    name = models.CharField(max_length=200)
    street = models.CharField(max_length=200)
    city = models.CharField(max_length=100)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2, upper case.")
    phone = models.CharField(max_length=40, blank=True)
    is_default_shipping = models.BooleanField(default=False)
    is_default_billing = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = AddressQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(is_default_shipping=True),
                name="address_one_default_shipping",
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(is_default_billing=True),
                name="address_one_default_billing",
            ),
            models.CheckConstraint(
                condition=models.Q(country__regex=r"^[A-Z]{2}$"), name="address_country_code"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.city}"


class RefreshSession(models.Model):
    """One single-use refresh token; the tokens of one log-in form a family.

    Only the SHA-256 of the token is stored. Using a token marks it used and makes its successor;
    using it again later revokes the family, which also ends the family's access tokens.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="refresh_sessions")
    family = models.UUIDField(db_index=True)
    token_hash = models.CharField(max_length=64, unique=True)
    token_version = models.PositiveIntegerField(help_text="The account's when it was issued.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["expires_at"]),
            # Every authenticated request asks whether its family was revoked: nearly always an
            # empty look-up, however many tokens the family has used.
            models.Index(
                fields=["family"],
                condition=models.Q(revoked_at__isnull=False),
                name="revoked_family",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}/{self.family}"


class MailedToken(models.Model):
    """A secret that was mailed to an account's address and works once.

    Only the SHA-256 of the token is stored.
    """

    class Purpose(models.TextChoices):
        EMAIL_VERIFICATION = "EMAIL_VERIFICATION"
        PASSWORD_RESET = "PASSWORD_RESET"

    user = models.ForeignKey(User, models.CASCADE, related_name="mailed_tokens")
    purpose = models.CharField(max_length=20, choices=Purpose)
    token_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField(help_text="Where it was sent; useless after the address changed.")
    token_version = models.PositiveIntegerField(help_text="The account's when it was sent.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"])]

    def __str__(self) -> str:
        return f"{self.purpose} of {self.user_id}"


class BrowserSession(AbstractBaseSession):
    """A browser's session, which also says whose it is.

    Thus one statement finds a session and its account, and an account's sessions can be ended.
    """

    user = models.ForeignKey(
        User, models.CASCADE, null=True, blank=True, related_name="browser_sessions"
    )

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """The store that ``SESSION_ENGINE`` names."""
        from users.session_store import SessionStore

        return SessionStore


class Message(models.Model):
    """A message between a customer and the shop's staff, perhaps about an order.

    A saved message notifies its recipient in the background: ``post_save`` enqueues the job in
    the message's own transaction.
    """

    sender = models.ForeignKey(User, models.CASCADE, related_name="sent_messages")
    recipient = models.ForeignKey(User, models.CASCADE, related_name="received_messages")
    # By name: users stands below commerce and knows an order only as something to point to.
    order = models.ForeignKey(
        "commerce.Order", models.SET_NULL, null=True, blank=True, related_name="messages"
    )
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["sender", "-created_at", "-id"]),
            models.Index(fields=["recipient", "-created_at", "-id"]),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(body=""), name="message_body_not_blank")
        ]

    def __str__(self) -> str:
        return f"Message {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the message and its notification's job in one transaction.

        A plain ``save()`` has committed when ``post_save`` runs, so a crash between the two
        would lose the job.
        """
        with transaction.atomic():
            super().save(*args, **kwargs)


class Notification(models.Model):
    """Something that a user should see, made once for each source."""

    class Kind(models.TextChoices):
        MESSAGE_RECEIVED = "MESSAGE_RECEIVED"
        ORDER_CONFIRMED = "ORDER_CONFIRMED"
        ORDER_SHIPPED = "ORDER_SHIPPED"

    user = models.ForeignKey(User, models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=40, choices=Kind)
    source = models.CharField(max_length=100, help_text='What it tells of, e.g. "message:12".')
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)
    sequence = models.PositiveIntegerField(
        help_text="Counts the user's notifications from 1, as they became visible."
    )
    read_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"]),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="unread"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "source"], name="notification_once_per_source"),
            models.UniqueConstraint(fields=["user", "sequence"], name="notification_sequence"),
        ]

    def __str__(self) -> str:
        return self.title
