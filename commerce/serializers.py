"""What carts accept from outside, for both APIs."""

from __future__ import annotations

from rest_framework import serializers

from users.serializers import AddressSerializer

MAX_VOUCHERS = 5
MAX_ID = 2**63 - 1


class CartAddressSerializer(AddressSerializer):
    """A postal address as carts and orders keep it: whole, without a customer's preferences."""

    class Meta(AddressSerializer.Meta):
        fields = ["name", "street", "city", "postal_code", "country", "phone"]
        extra_kwargs = {
            "postal_code": {"default": "", "allow_null": True},
            "phone": {"default": "", "allow_null": True},
        }

    def validate_postal_code(self, value: str | None) -> str:
        """Blank where the address has none."""
        return value or ""

    def validate_phone(self, value: str | None) -> str:
        """Blank where none is given."""
        return value or ""


class CartChangesSerializer(serializers.Serializer):
    """What may be changed of a cart; an absent field leaves, null clears."""

    email = serializers.EmailField(
        max_length=254, required=False, allow_null=True, allow_blank=True
    )
    shipping_address = CartAddressSerializer(required=False, allow_null=True)
    billing_address = CartAddressSerializer(required=False, allow_null=True)
    shipping_method_id = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_ID
    )
    voucher_codes = serializers.ListField(
        child=serializers.CharField(max_length=50),
        required=False,
        allow_null=True,
        max_length=MAX_VOUCHERS,
    )
