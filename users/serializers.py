"""What accounts accept as input, the same through every door.

The services validate with these, so that a rule on the form of a value stands once.
"""

from __future__ import annotations

from typing import Any

from django.db.models import BigIntegerField
from rest_framework import serializers

from users.countries import COUNTRIES
from users.models import Address, Notification, User

MAX_MESSAGE_LENGTH = 5_000
# Longer ones would only keep the hasher busy.
MAX_PASSWORD_LENGTH = 1_000


class RegistrationSerializer(serializers.Serializer):
    """A new account."""

    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False)
    first_name = serializers.CharField(max_length=150, allow_blank=True, default="")
    last_name = serializers.CharField(max_length=150, allow_blank=True, default="")


class NewPasswordSerializer(serializers.Serializer):
    """The password that an account is to have."""

    new_password = serializers.CharField(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False)


class PasswordChangeSerializer(NewPasswordSerializer):
    """It, and the password that the account has."""

    current_password = serializers.CharField(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False)


class PasswordResetRequestSerializer(serializers.Serializer):
    """Whose password was forgotten."""

    email = serializers.EmailField(max_length=254)


class ProfileSerializer(serializers.ModelSerializer):
    """What people change of their own accounts; null clears."""

    class Meta:
        model = User
        fields = ["first_name", "last_name"]
        extra_kwargs = {"first_name": {"allow_null": True}, "last_name": {"allow_null": True}}

    def validate_first_name(self, value: str | None) -> str:
        """Blank where none is given."""
        return value or ""

    def validate_last_name(self, value: str | None) -> str:
        """Blank where none is given."""
        return value or ""


class CredentialsSerializer(serializers.Serializer):
    """What a log-in takes."""

    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False)


class AccountSerializer(serializers.ModelSerializer):
    """Who is logged in."""

    roles: serializers.Field = serializers.SlugRelatedField(
        source="groups", slug_field="name", many=True, read_only=True
    )

    class Meta:
        model = User
        fields = ["email", "first_name", "last_name", "is_email_verified", "roles"]


class SessionSerializer(serializers.Serializer):
    """A browser's session."""

    user = AccountSerializer(allow_null=True, help_text="Null before a log-in.")
    csrf_token = serializers.CharField(
        help_text="To send as X-CSRFToken with every request that changes something."
    )


class RefreshTokenSerializer(serializers.Serializer):
    """A refresh token."""

    refresh_token = serializers.CharField(max_length=200)


class TokenPairSerializer(serializers.Serializer):
    """What a log-in or refresh gives."""

    token = serializers.CharField(help_text="The access token.")
    refresh_token = serializers.CharField(help_text="For the next refresh; works once.")
    payload = serializers.DictField(help_text="The access token's claims.")
    refresh_expires_in = serializers.IntegerField(
        help_text="When the refresh token expires, in Unix seconds."
    )


class RevokedSerializer(serializers.Serializer):
    """What a log-out gives."""

    revoked = serializers.IntegerField(help_text="When the log-in ended, in Unix seconds.")


class AddressSerializer(serializers.ModelSerializer):
    """A postal address."""

    class Meta:
        model = Address
        fields = [
            "name",
            "street",
            "city",
            "postal_code",
            "country",
            "phone",
            "is_default_shipping",
            "is_default_billing",
        ]
        extra_kwargs = {
            "postal_code": {"default": "", "allow_null": True},
            "phone": {"default": "", "allow_null": True},
            "is_default_shipping": {"default": False, "allow_null": True},
            "is_default_billing": {"default": False, "allow_null": True},
        }
        # A new default takes the place of the old one: see the service.
        validators: list[Any] = []

    def validate_postal_code(self, value: str | None) -> str:
        """Blank where the address has none."""
        return value or ""

    def validate_phone(self, value: str | None) -> str:
        """Blank where none is given."""
        return value or ""

    def validate_is_default_shipping(self, value: bool | None) -> bool:
        """Not where it isn't said."""
        return bool(value)

    def validate_is_default_billing(self, value: bool | None) -> bool:
        """Not where it isn't said."""
        return bool(value)

    def validate_country(self, value: str) -> str:
        """An ISO 3166-1 alpha-2 code, in upper case whatever was typed."""
        if value.upper() not in COUNTRIES:
            raise serializers.ValidationError(
                "Give the country's two-letter ISO 3166-1 code, such as GB."
            )
        return value.upper()


class MessageSerializer(serializers.Serializer):
    """A message to write."""

    recipient_email = serializers.CharField(max_length=254)
    body = serializers.CharField(max_length=MAX_MESSAGE_LENGTH)


class NewMessageSerializer(MessageSerializer):
    """A message to write, and what it is about."""

    order_number = serializers.CharField(required=False, allow_null=True)


class ShownMessageSerializer(serializers.Serializer):
    """A message between a customer and the shop's staff."""

    reads = {"order_number": "order.number"}

    id = serializers.IntegerField()
    body = serializers.CharField()
    is_mine = serializers.BooleanField(help_text="Whether the viewer wrote it.")
    order_number = serializers.CharField(
        allow_null=True, help_text="Of the order that it is about."
    )
    created_at = serializers.DateTimeField()


class NotificationSerializer(serializers.Serializer):
    """Something that an account should see."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Notification.Kind.choices)
    title = serializers.CharField()
    body = serializers.CharField()
    read_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class ReadNotificationsSerializer(serializers.Serializer):
    """Notifications that were seen."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BigIntegerField.MAX_BIGINT),
        max_length=250,
    )


class UnreadSerializer(serializers.Serializer):
    """How much is left to see."""

    unread_count = serializers.IntegerField()
