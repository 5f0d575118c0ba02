"""What REST takes for carts, and for what is done with orders after checkout."""

from __future__ import annotations

from typing import Any

from django.db.models import BigIntegerField
from rest_framework import serializers

from catalog.serializer_fields import MAX_INTEGER
from commerce.serializers import CartChangesSerializer

_KEY: dict[str, Any] = {"min_value": 1, "max_value": BigIntegerField.MAX_BIGINT}


class LineSerializer(serializers.Serializer):
    """How many of a variant; name it by `sku` or by `variant_id`."""

    sku = serializers.CharField(required=False, allow_null=True)
    variant_id = serializers.IntegerField(required=False, allow_null=True, **_KEY)
    quantity = serializers.IntegerField(
        min_value=-MAX_INTEGER, max_value=MAX_INTEGER, help_text="Up to 999; 0 removes."
    )


class CartCreationSerializer(serializers.Serializer):
    """A new cart."""

    lines = LineSerializer(many=True, required=False, help_text="What is to be bought.")
    email = serializers.CharField(
        required=False, allow_null=True, help_text="Where the confirmation goes."
    )


class CartLinesSerializer(serializers.Serializer):
    """Quantities to set; lines that are not named stay."""

    lines = LineSerializer(many=True)
    expected_version = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="What the client saw; another one is a VERSION_CONFLICT.",
    )


class CartUpdateSerializer(CartChangesSerializer):
    """What to change of a cart, and the version that the client saw."""

    expected_version = serializers.IntegerField(required=False, allow_null=True)


class OrderLineInputSerializer(serializers.Serializer):
    """How many of an order's line."""

    order_line_id = serializers.IntegerField(**_KEY)
    quantity = serializers.IntegerField(min_value=-MAX_INTEGER, max_value=MAX_INTEGER)


class ShipmentSerializer(serializers.Serializer):
    """A parcel to send."""

    # Not many=True, which would let each of them be null as well.
    lines: Any = serializers.ListSerializer(
        child=OrderLineInputSerializer(),
        required=False,
        allow_null=True,
        help_text="Absent: all that is left to send.",
    )
    tracking_number = serializers.CharField(
        required=False, allow_blank=True, default="", help_text="The carrier's, for the customer."
    )


class ReturnRequestSerializer(serializers.Serializer):
    """What is to be sent back."""

    lines = OrderLineInputSerializer(many=True)
    reason = serializers.CharField(required=False, allow_blank=True, default="")


class ReturnAnswerSerializer(serializers.Serializer):
    """Words to a customer who wants to send something back."""

    answer = serializers.CharField(required=False, allow_blank=True, default="")


class ReturnReceiptSerializer(serializers.Serializer):
    """Goods that have come back."""

    restock = serializers.BooleanField(
        default=True, help_text="Whether the goods go back into stock, for sale."
    )


class CaptureSerializer(serializers.Serializer):
    """Money to take."""

    amount = serializers.DecimalField(
        max_digits=12,
        decimal_places=2,
        required=False,
        allow_null=True,
        help_text="How much; absent: all that is left.",
    )


class RefundSerializer(CaptureSerializer):
    """Money to give back."""

    reason = serializers.CharField(
        required=False, allow_blank=True, default="", help_text="For the order's history."
    )


class NoteSerializer(serializers.Serializer):
    """Something to write down about an order, for staff alone."""

    body = serializers.CharField(help_text="Plain text, up to 5,000 characters.")


class PaymentConfirmationSerializer(serializers.Serializer):
    """What a payment's provider needs now."""

    data = serializers.DictField(required=False)  # type: ignore[assignment]  # a field
