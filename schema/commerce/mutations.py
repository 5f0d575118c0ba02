"""What clients may do with carts, up to checkout: thin doors to the services."""

from __future__ import annotations

from typing import Any

from commerce.models import Cart as CartModel
from commerce.services.carts import (
    LineInput,
    create_cart,
    set_cart_lines,
    update_cart,
)
from commerce.services.checkout import complete_checkout
from commerce.services.claims import claim_cart
from schema.commerce.inputs import (
    CartClaimInput,
    CartCreateInput,
    CartLinesSetInput,
    CartUpdateInput,
    CheckoutCompleteInput,
)
from schema.commerce.types.carts import Cart
from schema.commerce.types.orders import Order
from schema.commerce.types.payments import Payment
from schema.compiler.ids import row_key
from schema.mutation import Context, Made, entities, entity, mutation
from schema.tasks.types import Job
from tasks.errors import Rejected
from users.permissions import AllowAny, IsAuthenticated


def _lines(given: Any) -> list[LineInput]:
    return [
        LineInput(
            sku=line.get("sku"),
            variant_id=None
            if line.get("variant_id") is None
            else row_key(line["variant_id"], "Variant"),
            quantity=line["quantity"],
        )
        for line in given.get("lines") or ()
    ]


def _made(cart: CartModel) -> Made:
    return Made(cart=cart.pk, holding={"cart_token": cart.token})


@mutation(
    CartCreateInput,
    "Make a cart; a guest's key to it is its token.",
    cart=entity(Cart, "The cart."),
    permission=AllowAny(),
)
def cart_create(context: Context, given: Any) -> Made:
    """``create_cart``."""
    return _made(
        create_cart(
            viewer=context.viewer,
            lines=_lines(given),
            email=given.get("email"),
            idempotency_key=given.get("idempotency_key"),
            address=context.address,
            now=context.now,
        )
    )


@mutation(
    CartLinesSetInput,
    "Set the quantities of the named variants; 0 removes, the other lines stay.",
    cart=entity(Cart, "The cart."),
    permission=AllowAny(),
)
def cart_lines_set(context: Context, given: Any) -> Made:
    """``set_cart_lines``."""
    return _made(
        set_cart_lines(
            viewer=context.viewer,
            token=given["token"],
            lines=_lines(given),
            expected_version=given.get("expected_version"),
            now=context.now,
        )
    )


@mutation(
    CartUpdateInput,
    "Change a cart's e-mail, addresses, shipping method or vouchers; any call renews its quote.",
    cart=entity(Cart, "The cart."),
    permission=AllowAny(),
)
def cart_update(context: Context, given: Any) -> Made:
    """``update_cart``."""
    changes = {
        name: given[name]
        for name in (
            "email",
            "shipping_address",
            "billing_address",
            "shipping_method_id",
            "voucher_codes",
        )
        if name in given
    }
    if changes.get("shipping_method_id") is not None:
        changes["shipping_method_id"] = row_key(changes["shipping_method_id"], "ShippingMethod")
    return _made(
        update_cart(
            viewer=context.viewer,
            token=given["token"],
            changes=changes,
            expected_version=given.get("expected_version"),
            now=context.now,
        )
    )


@mutation(
    CartClaimInput,
    "Make a guest's cart the customer's own, as after log-in; it joins an open one of theirs.",
    cart=entity(Cart, "The cart."),
    permission=IsAuthenticated(),
)
def cart_claim(context: Context, given: Any) -> Made:
    """``claim_cart``."""
    return _made(claim_cart(viewer=context.viewer, token=given["token"], now=context.now))


def object_of(data: Any, *, field: str) -> dict[str, Any]:
    """What a client sends for a payment provider.

    Raises:
        Rejected: ``INVALID`` on ``field``, where it is no object.
    """
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise Rejected("INVALID", "Give an object.", field=field)
    return data


@mutation(
    CheckoutCompleteInput,
    "Make a cart an order. Repeat it with the same key after a lost answer: it buys once.",
    order=entity(Order, "The order."),
    payment=entity(Payment, "Its payment."),
    jobs=entities(lambda: Job, "What goes on in the background, such as the confirmation."),
    permission=AllowAny(),
)
def checkout_complete(context: Context, given: Any) -> Made:
    """``complete_checkout``."""
    made = complete_checkout(
        viewer=context.viewer,
        cart_token=given["cart_token"],
        idempotency_key=given["idempotency_key"],
        quote_total=given.get("quote_total"),
        provider=given["payment"]["provider"],
        payment_data=object_of(given["payment"].get("data"), field="payment.data"),
        now=context.now,
    )
    return Made(
        order=made.order.pk,
        payment=made.payment.pk,
        jobs=made.jobs,
        holding={"order_token": made.order.token},
    )


class CommerceMutations:
    """Root fields."""

    cart_create = cart_create
    cart_lines_set = cart_lines_set
    cart_update = cart_update
    cart_claim = cart_claim
    checkout_complete = checkout_complete
