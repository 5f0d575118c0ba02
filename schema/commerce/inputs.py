"""What clients send about carts and orders."""

from __future__ import annotations

import graphene

from schema.commerce.types.orders import OrderStatus, PaymentStatus
from schema.commerce.types.vouchers import VoucherKind
from schema.scalars import JSON, Decimal


class CartLineInput(graphene.InputObjectType):
    """How many of a variant; name the variant by `sku` or by `variantId`."""

    sku = graphene.String(description="The shop's own number.")
    variant_id = graphene.ID(description="The variant's id; a variant may lack a SKU.")
    quantity = graphene.Int(required=True, description="How many, up to 999; 0 removes.")


class CartCreateInput(graphene.InputObjectType):
    """A new cart."""

    lines = graphene.List(
        graphene.NonNull(CartLineInput), description="What is to be bought; none: an empty cart."
    )
    email = graphene.String(description="Where the confirmation goes.")
    idempotency_key = graphene.String(
        description="A random text of the client's, such as a UUID; the same again makes no second "
        "cart. A guest's key is all that tells its cart from other guests' behind one network "
        "address: who sends the same key and the same input from there gets the same cart."
    )


class CartLinesSetInput(graphene.InputObjectType):
    """Quantities to set in a cart; lines that are not named stay."""

    token = graphene.ID(required=True, description="The cart's token.")
    expected_version = graphene.Int(
        description="The version that the client saw; another one is a VERSION_CONFLICT."
    )
    lines = graphene.List(
        graphene.NonNull(CartLineInput), required=True, description="The quantities."
    )


class PostalAddressInput(graphene.InputObjectType):
    """Where something is sent."""

    name = graphene.String(required=True, description="Who receives it.")
    street = graphene.String(required=True, description="Street and house number.")
    city = graphene.String(required=True, description="Town.")
    postal_code = graphene.String(description="Where the country has them.")
    country = graphene.String(required=True, description="ISO 3166-1 alpha-2, such as GB.")
    phone = graphene.String(description="For the carrier.")


class CartUpdateInput(graphene.InputObjectType):
    """What to change of a cart; an absent field leaves, null clears."""

    token = graphene.ID(required=True, description="The cart's token.")
    expected_version = graphene.Int(
        description="The version that the client saw; another one is a VERSION_CONFLICT."
    )
    email = graphene.String(description="Where the confirmation goes.")
    shipping_address = PostalAddressInput(description="Where the goods go.")
    billing_address = PostalAddressInput(
        description="Where the invoice goes; null: where the goods go."
    )
    shipping_method_id = graphene.ID(description="One of the cart's `shippingMethods`.")
    voucher_codes = graphene.List(
        graphene.NonNull(graphene.String), description="All codes that shall apply."
    )


class CartClaimInput(graphene.InputObjectType):
    """A guest's cart that shall become the customer's."""

    token = graphene.ID(required=True, description="The cart's token.")


class PaymentInput(graphene.InputObjectType):
    """How an order is to be paid."""

    provider = graphene.String(required=True, description="A payment provider, such as manual.")
    data = JSON(description="What the provider needs; an object.")


class CheckoutCompleteInput(graphene.InputObjectType):
    """A cart that shall become an order."""

    cart_token = graphene.ID(required=True, description="The cart's token.")
    idempotency_key = graphene.String(
        required=True, description="A random text of the client's; the same again buys once."
    )
    quote_total = Decimal(
        description="What the buyer was shown; another total now is a PRICE_CHANGED, which also "
        "names each of the cart's lines whose price is another."
    )
    payment = PaymentInput(required=True, description="How it is to be paid.")


class PaymentConfirmInput(graphene.InputObjectType):
    """A payment to go on with, after its `nextAction` was done."""

    payment_id = graphene.ID(required=True, description="The payment's id, from checkout.")
    data = JSON(description="What the provider needs now; an object.")


class PaymentCaptureInput(graphene.InputObjectType):
    """Money of an order to take, or that has come outside the system."""

    order_number = graphene.String(required=True, description="The order's number.")
    amount = Decimal(description="How much; absent: all that is left.")
    idempotency_key = graphene.String(
        required=True, description="A random text of the client's; the same again captures once."
    )


class PaymentRefundInput(graphene.InputObjectType):
    """Money of an order to give back."""

    order_number = graphene.String(required=True, description="The order's number.")
    amount = Decimal(description="How much; absent: all that is left.")
    reason = graphene.String(description="For the order's history, which the customer reads.")
    idempotency_key = graphene.String(
        required=True, description="A random text of the client's; the same again gives back once."
    )


class OrderCancelInput(graphene.InputObjectType):
    """An order to call off, by its token (guests) or number (owner and staff)."""

    token = graphene.ID(description="The order's token.")
    number = graphene.String(description="The order's number.")
    reason = graphene.String(description="For its history.")


class OrderLineInput(graphene.InputObjectType):
    """How many of an order's line."""

    order_line_id = graphene.ID(required=True, description="The id of one of the order's lines.")
    quantity = graphene.Int(required=True, description="How many, from 1 to 999.")


class FulfillmentCreateInput(graphene.InputObjectType):
    """A parcel to send."""

    order_number = graphene.String(required=True, description="The order's number.")
    lines = graphene.List(
        graphene.NonNull(OrderLineInput),
        description="What is in it; absent or null: all that is left to send.",
    )
    tracking_number = graphene.String(description="The carrier's number, for the customer.")
    idempotency_key = graphene.String(
        description="A random text of the client's; the same again sends no second parcel."
    )


class FulfillmentDeliverInput(graphene.InputObjectType):
    """A parcel that has arrived."""

    id = graphene.ID(required=True, description="The fulfillment's id.")


class FulfillmentCancelInput(graphene.InputObjectType):
    """A parcel that has not left after all."""

    id = graphene.ID(required=True, description="The fulfillment's id.")


class ReturnRequestInput(graphene.InputObjectType):
    """What is to be sent back of an order, which token (guests) or number (owner, staff) names."""

    token = graphene.ID(description="The order's token.")
    number = graphene.String(description="The order's number.")
    lines = graphene.List(
        graphene.NonNull(OrderLineInput), required=True, description="What is to be sent back."
    )
    reason = graphene.String(description="Why; for staff and the order's history.")
    idempotency_key = graphene.String(
        description="A random text of the client's; the same again asks once."
    )


class ReturnApproveInput(graphene.InputObjectType):
    """A return to agree to."""

    id = graphene.ID(required=True, description="The return's id.")
    answer = graphene.String(description="Words to the customer.")


class ReturnRejectInput(graphene.InputObjectType):
    """A return to decline."""

    id = graphene.ID(required=True, description="The return's id.")
    answer = graphene.String(description="Words to the customer, such as why.")


class ReturnReceiveInput(graphene.InputObjectType):
    """An approved return whose goods have come back."""

    id = graphene.ID(required=True, description="The return's id.")
    restock = graphene.Boolean(
        default_value=True, description="Whether the goods go back into stock, for sale."
    )


class OrderNoteCreateInput(graphene.InputObjectType):
    """Something to write down about an order, for staff alone."""

    order_number = graphene.String(required=True, description="The order's number.")
    body = graphene.String(required=True, description="Plain text, up to 5,000 characters.")
    idempotency_key = graphene.String(
        description="A random text of the client's; the same again writes once."
    )


class OrderFilter(graphene.InputObjectType):
    """Which orders; all conditions must hold."""

    status = graphene.List(graphene.NonNull(OrderStatus), description="In any of these states.")
    payment_status = graphene.List(
        graphene.NonNull(PaymentStatus), description="With the money in any of these states."
    )
    placed_after = graphene.DateTime(description="Placed then or later.")
    placed_before = graphene.DateTime(description="Placed earlier.")
    email = graphene.String(description="Of this e-mail address.")
    search = graphene.String(description="Whose number or e-mail address begins so.")


class VoucherCreateInput(graphene.InputObjectType):
    """A new voucher."""

    code = graphene.String(required=True, description="What customers type, without spaces.")
    kind = VoucherKind(required=True, description="What it takes off.")
    value = Decimal(description="Percent or an amount, by kind; none for FREE_SHIPPING.")
    minimum_subtotal = Decimal(description="What the goods must cost at least.")
    usage_limit = graphene.Int(description="In how many orders it may be used; null for any.")
    usage_limit_per_customer = graphene.Int(
        description="In how many orders of one account or e-mail address; null for any."
    )
    valid_from = graphene.DateTime(description="When it begins; now where it is left out.")
    valid_until = graphene.DateTime(description="When it ends; null for never.")
    idempotency_key = graphene.String(
        description="A random text of the client's; the same again makes no second voucher."
    )


class VoucherUpdateInput(graphene.InputObjectType):
    """What to change of a voucher; an absent field leaves, null clears."""

    id = graphene.ID(required=True, description="The voucher's id.")
    code = graphene.String(description="What customers type, without spaces.")
    kind = VoucherKind(description="What it takes off.")
    value = Decimal(description="Percent or an amount, by kind; none for FREE_SHIPPING.")
    minimum_subtotal = Decimal(description="What the goods must cost at least.")
    usage_limit = graphene.Int(description="In how many orders it may be used; null for any.")
    usage_limit_per_customer = graphene.Int(
        description="In how many orders of one account or e-mail address; null for any."
    )
    valid_from = graphene.DateTime(description="When it begins.")
    valid_until = graphene.DateTime(description="When it ends; null for never.")
