"""What carts and checkouts accept from outside, and how REST shows orders."""

from __future__ import annotations

from django.db.models import BigIntegerField
from rest_framework import serializers

from commerce.models import Fulfillment, FulfillmentLine, Order, OrderEvent, OrderLine, Payment
from commerce.states import OrderAction
from tasks.models import Job
from users.serializers import AddressSerializer

MAX_VOUCHERS = 5


class CartAddressSerializer(AddressSerializer):
    """A postal address as carts and orders keep it: whole, without a customer's preferences."""

    class Meta(AddressSerializer.Meta):
        fields = ["name", "street", "city", "postal_code", "country", "phone"]


class CartChangesSerializer(serializers.Serializer):
    """What may be changed of a cart; an absent field leaves, null clears."""

    email = serializers.EmailField(
        max_length=254, required=False, allow_null=True, allow_blank=True
    )
    shipping_address = CartAddressSerializer(required=False, allow_null=True)
    billing_address = CartAddressSerializer(required=False, allow_null=True)
    shipping_method_id = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=BigIntegerField.MAX_BIGINT
    )
    voucher_codes = serializers.ListField(
        child=serializers.CharField(max_length=50),
        required=False,
        allow_null=True,
        max_length=MAX_VOUCHERS,
    )


class PaymentInputSerializer(serializers.Serializer):
    """How an order is to be paid."""

    provider = serializers.CharField(max_length=30, help_text="Such as manual.")
    data = serializers.DictField(  # type: ignore[assignment]  # a field, no attribute
        required=False, help_text="What the provider needs."
    )


class CheckoutSerializer(serializers.Serializer):
    """A cart that shall become an order."""

    cart_token = serializers.CharField(max_length=64)
    quote_total = serializers.DecimalField(
        max_digits=12,
        decimal_places=2,
        required=False,
        allow_null=True,
        help_text="What the buyer was shown; another total now is a PRICE_CHANGED.",
    )
    payment = PaymentInputSerializer()


class CancellationSerializer(serializers.Serializer):
    """Why an order is called off."""

    reason = serializers.CharField(
        required=False, allow_blank=True, default="", help_text="For the order's history."
    )


class OrderLineSerializer(serializers.ModelSerializer):
    """One bought variant, as it was then."""

    class Meta:
        model = OrderLine
        fields = ["id", "name", "sku", "quantity", "unit_price", "total", "variant_id"]


class OrderEventSerializer(serializers.ModelSerializer):
    """One step of an order's history."""

    class Meta:
        model = OrderEvent
        fields = ["sequence", "kind", "message", "created_at"]


class FulfillmentLineSerializer(serializers.ModelSerializer):
    """How many of an order's line are in a parcel."""

    class Meta:
        model = FulfillmentLine
        fields = ["order_line_id", "quantity"]


class FulfillmentSerializer(serializers.ModelSerializer):
    """A parcel."""

    lines = FulfillmentLineSerializer(many=True)

    class Meta:
        model = Fulfillment
        fields = ["id", "tracking_number", "status", "lines"]


class OrderSerializer(serializers.ModelSerializer):
    """An order that ``OrderQuerySet.with_parts`` has read.

    It is annotated with ``commerce.expressions``: ``shown_token`` and ``allowed_actions``.
    """

    token = serializers.CharField(
        source="shown_token", allow_null=True, help_text="Null but for its owner and its holder."
    )
    lines = OrderLineSerializer(many=True)
    shipping_address = CartAddressSerializer()
    billing_address = CartAddressSerializer(allow_null=True)
    fulfillments = FulfillmentSerializer(many=True)
    events = OrderEventSerializer(many=True)
    allowed_actions = serializers.ListField(child=serializers.ChoiceField(OrderAction.choices))

    class Meta:
        model = Order
        fields = [
            "number",
            "token",
            "status",
            "payment_status",
            "placed_at",
            "email",
            "lines",
            "currency",
            "subtotal",
            "discount",
            "shipping",
            "tax",
            "total",
            "shipping_address",
            "billing_address",
            "shipping_method_name",
            "fulfillments",
            "events",
            "allowed_actions",
        ]


class NextActionSerializer(serializers.Serializer):
    """What the client must do before a payment can go on."""

    kind = serializers.CharField()
    client_secret = serializers.CharField(allow_null=True, default=None)
    redirect_url = serializers.CharField(allow_null=True, default=None)


class PaymentSerializer(serializers.ModelSerializer):
    """One payment of an order."""

    id = serializers.UUIDField(source="public_id")
    next_action = NextActionSerializer(allow_null=True)

    class Meta:
        model = Payment
        fields = ["id", "status", "amount", "currency", "next_action"]


class CheckoutJobSerializer(serializers.ModelSerializer):
    """What goes on in the background after a checkout."""

    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = Job
        fields = ["id", "kind", "status"]


class CheckoutResultSerializer(serializers.Serializer):
    """What a checkout made."""

    order = OrderSerializer()
    payment = PaymentSerializer()
    jobs = CheckoutJobSerializer(many=True)
