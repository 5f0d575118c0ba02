"""What carts and checkouts accept from outside, and what REST shows of orders.

``reads`` says at which path of the API's types a field stands, where that is not its own name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import BigIntegerField
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from catalog.money import STORED_DIGITS, too_fine
from catalog.serializer_fields import Money
from commerce.models import (
    Fulfillment,
    FulfillmentLine,
    Order,
    OrderEvent,
    OrderLine,
    OrderNote,
    Payment,
    Return,
    ReturnLine,
    Voucher,
)
from commerce.states import OrderAction
from tasks.serializers import JobSerializer
from users.serializers import AddressSerializer

MAX_VOUCHERS = 5
# What PostgreSQL's integer holds.
MAX_USES = 2**31 - 1


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


class VoucherChangesSerializer(serializers.Serializer):
    """What staff may say of a voucher; pass the voucher as ``instance`` to change one.

    The parts must fit each other, those that stay as well.
    """

    code = serializers.RegexField(
        r"^\S+$",
        max_length=50,
        error_messages={"invalid": "A code has no spaces."},
    )
    kind = serializers.ChoiceField(Voucher.Kind.choices)
    value = serializers.DecimalField(
        max_digits=12, decimal_places=STORED_DIGITS, min_value=0, required=False
    )
    minimum_subtotal = Money(required=False, allow_null=True)
    usage_limit = serializers.IntegerField(
        min_value=1, max_value=MAX_USES, required=False, allow_null=True
    )
    usage_limit_per_customer = serializers.IntegerField(
        min_value=1, max_value=MAX_USES, required=False, allow_null=True
    )
    valid_from = serializers.DateTimeField(required=False)
    valid_until = serializers.DateTimeField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what does not go together."""
        errors = {
            name: ErrorDetail(message, code) for name, code, message in self._objections(attrs)
        }
        if errors:
            raise serializers.ValidationError(errors)
        return attrs

    def _objections(self, given: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
        def now(name: str) -> Any:
            return given.get(name, getattr(self.instance, name, None))

        kind, value = now("kind"), now("value")
        if kind == Voucher.Kind.FREE_SHIPPING:
            if value:
                yield "value", "invalid", "Free shipping has no value."
        elif value is None:
            yield "value", "required", "Say how much it takes off."
        elif value == 0:
            yield "value", "invalid", "Give more than 0."
        elif kind == Voucher.Kind.PERCENTAGE and value > 100:
            yield "value", "invalid", "Give at most 100 percent."
        elif kind == Voucher.Kind.FIXED and (objection := too_fine(value)):
            yield "value", "invalid", objection
        limit, used = now("usage_limit"), getattr(self.instance, "used", 0)
        if limit is not None and limit < used:
            yield "usage_limit", "invalid", f"It was used {used} times already."
        start, end = now("valid_from") or timezone.now(), now("valid_until")
        if end is not None and end <= start:
            yield "valid_until", "invalid", "It must end after it begins."


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
        decimal_places=STORED_DIGITS,
        required=False,
        allow_null=True,
        help_text="What the buyer was shown; another total now is a PRICE_CHANGED, which also "
        "names each of the cart's lines whose price is another.",
    )
    payment = PaymentInputSerializer()


class CancellationSerializer(serializers.Serializer):
    """Why an order is called off."""

    reason = serializers.CharField(
        required=False, allow_blank=True, default="", help_text="For the order's history."
    )


class OrderLineSerializer(serializers.ModelSerializer):
    """One bought variant, as it was then."""

    reads = {
        "unit_price": "unitPrice.amount",
        "total": "total.amount",
        "variant_id": "variant.id",
    }

    class Meta:
        model = OrderLine
        fields = [
            "id",
            "name",
            "sku",
            "quantity",
            "fulfilled",
            "returning",
            "returned",
            "unit_price",
            "total",
            "variant_id",
        ]


class OrderEventSerializer(serializers.ModelSerializer):
    """One step of an order's history."""

    class Meta:
        model = OrderEvent
        fields = ["sequence", "kind", "message", "created_at"]


class FulfillmentLineSerializer(serializers.ModelSerializer):
    """How many of an order's line are in a parcel."""

    reads = {"order_line_id": "orderLine.id"}

    class Meta:
        model = FulfillmentLine
        fields = ["order_line_id", "quantity"]


class FulfillmentSerializer(serializers.ModelSerializer):
    """A parcel."""

    lines = FulfillmentLineSerializer(many=True)

    class Meta:
        model = Fulfillment
        fields = ["id", "tracking_number", "status", "lines"]


class ReturnLineSerializer(serializers.ModelSerializer):
    """How many of an order's line come back."""

    reads = {"order_line_id": "orderLine.id"}

    class Meta:
        model = ReturnLine
        fields = ["order_line_id", "quantity"]


class ReturnSerializer(serializers.ModelSerializer):
    """Goods that a customer sends back."""

    lines = ReturnLineSerializer(many=True)

    class Meta:
        model = Return
        fields = ["id", "status", "reason", "answer", "created_at", "lines"]


class OrderNoteSerializer(serializers.ModelSerializer):
    """What staff wrote about an order for each other."""

    author = serializers.CharField(allow_null=True, help_text="A name or an e-mail address.")

    class Meta:
        model = OrderNote
        fields = ["id", "body", "author", "created_at"]


class OrderSerializer(serializers.ModelSerializer):
    """An order. Names, prices and addresses are those of when it was placed."""

    reads = {
        "currency": "total.currency",
        **{part: f"totals.{part}.amount" for part in ("subtotal", "discount", "shipping", "tax")},
        "included_tax": "totals.includedTax.amount",
        "total": "total.amount",
        "events": "events(first: 100).nodes",
    }

    token = serializers.CharField(
        allow_null=True, help_text="Null but for its owner and its holder."
    )
    lines = OrderLineSerializer(many=True)
    shipping_address = CartAddressSerializer()
    billing_address = CartAddressSerializer(allow_null=True)
    fulfillments = FulfillmentSerializer(many=True)
    returns = ReturnSerializer(many=True)
    notes = OrderNoteSerializer(many=True, help_text="Of staff for each other.")
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
            "included_tax",
            "shipping_address",
            "billing_address",
            "shipping_method_name",
            "fulfillments",
            "returns",
            "notes",
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

    reads = {"amount": "amount.amount", "currency": "amount.currency"}

    id = serializers.UUIDField()
    next_action = NextActionSerializer(allow_null=True)

    class Meta:
        model = Payment
        fields = ["id", "status", "amount", "currency", "next_action"]


class CheckoutResultSerializer(serializers.Serializer):
    """What a checkout made."""

    order = OrderSerializer()
    payment = PaymentSerializer()
    jobs = JobSerializer(many=True)
