"""Carts, orders and what they need, one module a subject."""

from commerce.models.cart import Cart, CartLine, CartVoucher, CheckoutRequirement, Quote
from commerce.models.order import (
    Fulfillment,
    FulfillmentLine,
    Order,
    OrderEvent,
    OrderLine,
    OrderStatus,
    PaymentStatus,
)
from commerce.models.payment import Payment
from commerce.models.shipping import ShippingMethod, ShippingZone, TaxRate
from commerce.models.voucher import Voucher, VoucherRedemption

__all__ = [
    "Cart",
    "CartLine",
    "CartVoucher",
    "CheckoutRequirement",
    "Fulfillment",
    "FulfillmentLine",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderStatus",
    "Payment",
    "PaymentStatus",
    "Quote",
    "ShippingMethod",
    "ShippingZone",
    "TaxRate",
    "Voucher",
    "VoucherRedemption",
]
