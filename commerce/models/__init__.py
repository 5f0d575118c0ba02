"""Carts, orders and what they need, one module a subject."""

from commerce.models.cart import Cart, CartLine, CartVoucher, CheckoutRequirement, Quote
from commerce.models.fulfillment import Fulfillment, FulfillmentLine
from commerce.models.order import (
    Order,
    OrderEvent,
    OrderLine,
    OrderNote,
    OrderStatus,
    PaymentStatus,
)
from commerce.models.payment import Payment, PaymentEvent, PaymentOperation
from commerce.models.returns import Return, ReturnLine
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
    "OrderNote",
    "OrderStatus",
    "Payment",
    "PaymentEvent",
    "PaymentOperation",
    "PaymentStatus",
    "Quote",
    "Return",
    "ReturnLine",
    "ShippingMethod",
    "ShippingZone",
    "TaxRate",
    "Voucher",
    "VoucherRedemption",
]
