"""What REST shows of carts."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from commerce.models import CheckoutRequirement
from commerce.serializers import CartAddressSerializer

_PARTS = ("subtotal", "discount", "shipping", "tax", "total")


def _money(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=12, decimal_places=2, **options)


class CartVariantSerializer(serializers.Serializer):
    """What is to be bought."""

    reads = {"product_name": "product.name", "product_slug": "product.slug"}

    id = serializers.IntegerField()
    sku = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    product_name = serializers.CharField()
    product_slug = serializers.CharField()


class CartLineSerializer(serializers.Serializer):
    """How many of a variant are in a cart."""

    reads = {"unit_price": "unitPrice.amount", "total": "total.amount"}

    id = serializers.IntegerField()
    quantity = serializers.IntegerField()
    variant = CartVariantSerializer()
    unit_price = _money()
    total = _money(help_text="Before vouchers.")


class ShippingMethodSerializer(serializers.Serializer):
    """A way to send an order."""

    reads = {"price": "price.amount"}

    id = serializers.IntegerField()
    name = serializers.CharField()
    price = _money()


class CartVoucherSerializer(serializers.Serializer):
    """A voucher that lowers a cart's price."""

    reads = {"amount": "amount.amount"}

    code = serializers.CharField()
    amount = _money()


class QuoteSerializer(serializers.Serializer):
    """What a cart costs, as its last change computed it."""

    reads = {
        **{part: f"{part}.amount" for part in _PARTS},
        "included_tax": "includedTax.amount",
        "currency": "total.currency",
    }

    currency = serializers.CharField()
    subtotal = _money()
    discount = _money()
    shipping = _money()
    tax = _money()
    total = _money()
    included_tax = _money()
    expires_at = serializers.DateTimeField()


class CartSerializer(serializers.Serializer):
    """What somebody is about to buy."""

    token = serializers.CharField(help_text="A secret that opens the cart.")
    version = serializers.IntegerField(help_text="Grows by each change.")
    email = serializers.CharField(allow_null=True)
    lines = CartLineSerializer(many=True)
    shipping_address = CartAddressSerializer(allow_null=True)
    billing_address = CartAddressSerializer(allow_null=True)
    shipping_methods = ShippingMethodSerializer(
        many=True, help_text="The ways in which the shop sends to the shipping address."
    )
    shipping_method = ShippingMethodSerializer(allow_null=True)
    vouchers = CartVoucherSerializer(many=True)
    quote = QuoteSerializer(allow_null=True)
    requirements = serializers.ListField(
        child=serializers.ChoiceField(CheckoutRequirement.choices),
        help_text="What is still missing before checkout.",
    )
