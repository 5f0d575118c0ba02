"""From cart to order, in three steps.

A. One transaction checks the cart, takes the stock and writes the order with all that belongs to
   it, the background job too.
B. The payment provider is asked, outside any transaction.
C. A short transaction records the provider's answer.

A crash between the steps loses nothing: a repeat with the same idempotency key finds the order
of step A and goes on behind it, and so does a job of step A's transaction. A provider with nobody
to ask needs step A only, and so does an order that costs nothing. After a refused payment the same
cart may be paid in another way: under a new key, the order gets another payment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.core.exceptions import ValidationError

from catalog.money import plain
from catalog.services.stock import OutOfStock, allocate
from commerce.models import (
    Cart,
    CheckoutRequirement,
    Order,
    OrderEvent,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentStatus,
    Voucher,
    VoucherRedemption,
)
from commerce.payments import PaymentProvider, ProviderUnavailable, provider_named
from commerce.services.carts import lock_cart, refuse_ordered
from commerce.services.events import append_events
from commerce.services.payments.asking import refuse_declined
from commerce.services.payments.books import is_unwanted
from commerce.services.payments.recording import record_outcome
from commerce.services.payments.starting import (
    NOTHING_IS_DUE,
    PAYMENT_IS_DUE,
    ask_again,
    ask_for_payment,
    jobs_of,
)
from commerce.services.pricing import Amounts
from commerce.services.quotes import Line, Terms, lines_of, price_cart, terms_of, vouchers_of
from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.models import Job
from tasks.transactions import in_transaction
from users.viewer import Viewer

# The input's field for everything that is wrong with the cart as a whole.
CART = "cartToken"


@dataclass(frozen=True, slots=True)
class Checkout:
    """What a checkout made."""

    order: Order
    payment: Payment
    jobs: list[Job]


def complete_checkout(
    *,
    viewer: Viewer,
    cart_token: str,
    idempotency_key: str,
    quote_total: Decimal | None = None,
    provider: str,
    payment_data: Mapping[str, Any],
    now: datetime,
) -> Checkout:
    """Make a cart an order and ask for its payment.

    Args:
        cart_token: opens a guest's cart, or the customer's own.
        idempotency_key: a repeat with the same key and arguments has the same result.
        quote_total: what the buyer was shown; the stored quote's total where it is None.
        provider: the payment provider's name, such as ``"manual"``.
        payment_data: what the client sends for the provider.

    Raises:
        ValidationError: ``NOT_FOUND``, ``CART_ALREADY_ORDERED``, ``CART_EMPTY`` or
            ``QUOTE_EXPIRED`` on ``cartToken``; ``REQUIRED`` on ``idempotencyKey`` or on what the
            cart lacks; ``PRICE_CHANGED`` on ``quoteTotal`` or, without it, ``cartToken``, and on
            ``lines.N``, each of the cart's lines whose price is another now; ``OUT_OF_STOCK`` or
            ``NOT_FOUND`` on ``lines.N``; ``VOUCHER_NOT_APPLICABLE`` on ``vouchers.N``;
            ``INVALID`` on ``payment.provider``; what the provider refuses of ``payment.data``;
            ``PAYMENT_DECLINED`` on ``payment``.
    """
    if not idempotency_key:
        raise Rejected("REQUIRED", "Give a key of your choice.", field="idempotencyKey")
    payee = provider_named(provider)
    accepted = payee.accept(payment_data)

    def step_a() -> tuple[Checkout, bool]:
        placed: list[Checkout] = []

        def effect() -> dict[str, Any]:
            placed.append(
                _place_order(
                    viewer=viewer,
                    cart_token=cart_token,
                    quote_total=quote_total,
                    provider=payee,
                    payment_data=accepted,
                    now=now,
                )
            )
            return {"order": placed[0].order.pk, "payment": placed[0].payment.pk}

        made = once(
            actor=_actor(viewer, cart_token),
            operation="checkoutComplete",
            key=idempotency_key,
            request={
                "cart_token": cart_token,
                "quote_total": None if quote_total is None else plain(quote_total),
                "provider": provider,
                "payment_data": accepted,
            },
            effect=effect,
        )
        return (placed[0], True) if placed else (_made_before(made), False)

    checkout, is_new = in_transaction(step_a)
    reason = ""
    if _is_to_be_asked(checkout, payee):
        try:
            outcome = (
                payee.start(payment=checkout.payment)
                if is_new
                else payee.confirm(payment=checkout.payment, data={})
            )
        except ProviderUnavailable:
            # The job of step A asks again.
            return checkout
        recorded = record_outcome(payment=checkout.payment, outcome=outcome, now=now)
        reason = outcome.reason
        checkout = Checkout(
            order=recorded.order,
            payment=recorded.payment,
            jobs=recorded.jobs or jobs_of(recorded.payment),
        )
    refuse_declined(checkout.payment, reason=reason, field="payment")
    return checkout


def _is_to_be_asked(checkout: Checkout, provider: PaymentProvider) -> bool:
    """Whether the provider's answer is not known yet, and it is not the client's turn."""
    return (
        not provider.is_offline
        and checkout.payment.status == Payment.Status.PENDING
        and checkout.payment.next_action is None
        and not is_unwanted(checkout.payment)
    )


def _place_order(
    *,
    viewer: Viewer,
    cart_token: str,
    quote_total: Decimal | None,
    provider: PaymentProvider,
    payment_data: dict[str, Any],
    now: datetime,
) -> Checkout:
    """Step A, inside the transaction of its idempotency record."""
    cart = lock_cart(viewer=viewer, token=cart_token, field=CART, now=now)
    terms = terms_of(cart)
    if terms.order_number is not None:
        again = ask_again(
            terms.order_number,
            quote_total=quote_total,
            provider=provider,
            data=payment_data,
            now=now,
        )
        if again is None:
            refuse_ordered(terms, field=CART)
        else:
            payment, job = again
            return Checkout(order=payment.order, payment=payment, jobs=[job])
    _refuse_incomplete(terms)
    if terms.quote_expires_at is None or terms.quote_expires_at <= now:
        raise Rejected(
            "QUOTE_EXPIRED", "The quote has expired; update the cart to renew it.", field=CART
        )
    lines = lines_of(cart)
    _refuse_withdrawn(lines)
    vouchers = vouchers_of(cart, terms=terms)
    amounts = price_cart(lines=lines, vouchers=vouchers, terms=terms, now=now)
    _refuse_other_total(lines, amounts, terms=terms, quote_total=quote_total)
    order = _store_order(
        cart=cart,
        user_id=viewer.user_id or cart.user_id,
        lines=lines,
        terms=terms,
        amounts=amounts,
        is_confirmed=provider.is_offline or not amounts.total,
        now=now,
    )
    payment, job = ask_for_payment(order, provider=provider, data=payment_data, now=now)
    # What others may be waiting for comes last, and always in this order: stock, then vouchers.
    _take_stock(lines)
    _redeem(vouchers, order=order, amounts=amounts)
    return Checkout(order=order, payment=payment, jobs=[job])


def _refuse_incomplete(terms: Terms) -> None:
    """Refuse a cart that lacks something."""
    if CheckoutRequirement.LINES in terms.missing:
        raise Rejected("CART_EMPTY", "The cart is empty.", field=CART)
    wanted = {
        CheckoutRequirement.EMAIL: ("email", "Say where to send the confirmation."),
        CheckoutRequirement.SHIPPING_ADDRESS: ("shippingAddress", "Say where to send the goods."),
        CheckoutRequirement.SHIPPING_METHOD: ("shippingMethod", "Choose a shipping method."),
    }
    errors = [
        Rejected("REQUIRED", message, field=field)
        for requirement, (field, message) in wanted.items()
        if requirement in terms.missing
    ]
    if errors:
        raise ValidationError(errors)


def _refuse_withdrawn(lines: Sequence[Line]) -> None:
    """Refuse goods that the shop has stopped to sell since they went into the cart."""
    errors = [
        Rejected(
            "NOT_FOUND",
            f"{line.product} is no longer sold; remove it.",
            field=f"lines.{position}",
        )
        for position, line in enumerate(lines)
        if not line.is_sold
    ]
    if errors:
        raise ValidationError(errors)


def _refuse_other_total(
    lines: Sequence[Line], amounts: Amounts, *, terms: Terms, quote_total: Decimal | None
) -> None:
    """Refuse to charge another total than the buyer knows of, and name the lines that changed."""
    known = terms.quoted_total if quote_total is None else quote_total
    if amounts.total == known:
        return
    errors = [
        Rejected(
            "PRICE_CHANGED",
            f"The total was {known} and is {amounts.total} now; update the cart to see why.",
            field=CART if quote_total is None else "quoteTotal",
        )
    ]
    errors += [
        Rejected(
            "PRICE_CHANGED",
            f"{line.sku or line.name} was {line.unit_price} and is {line.price} now.",
            field=f"lines.{position}",
        )
        for position, line in enumerate(lines)
        if line.price != line.unit_price
    ]
    raise ValidationError(errors)


def _store_order(
    *,
    cart: Cart,
    user_id: int | None,
    lines: Sequence[Line],
    terms: Terms,
    amounts: Amounts,
    is_confirmed: bool,
    now: datetime,
) -> Order:
    """Write the order with its lines and the beginning of its history."""
    pk, number = Order.reserve_number()
    order = Order(
        pk=pk,
        number=number,
        cart=cart,
        user_id=user_id,
        email=cart.email,
        status=OrderStatus.CONFIRMED if is_confirmed else OrderStatus.PENDING_PAYMENT,
        payment_status=PaymentStatus.PENDING if amounts.total else PaymentStatus.PAID,
        subtotal=amounts.subtotal,
        discount=amounts.discount,
        shipping=amounts.shipping,
        tax=amounts.tax,
        total=amounts.total,
        included_tax=amounts.included_tax,
        shipping_address=cart.shipping_address,
        billing_address=cart.billing_address,
        shipping_method_name=terms.shipping_name or "",
        placed_at=now,
    )
    order.save(force_insert=True)
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            variant_id=line.variant_id,
            name=line.name,
            sku=line.sku,
            quantity=line.quantity,
            unit_price=line.price,
            total=line.total,
        )
        for line in lines
    )
    events = [(OrderEvent.Kind.PLACED, f"We have received your order {number}.")]
    if is_confirmed:
        due = PAYMENT_IS_DUE if amounts.total else NOTHING_IS_DUE
        events.append((OrderEvent.Kind.CONFIRMED, due))
    append_events(order, *events, now=now)
    return order


def _take_stock(lines: Sequence[Line]) -> None:
    """Allocate all lines' stock, or refuse with each line of which there is too little."""
    try:
        allocate(quantities={line.variant_id: line.quantity for line in lines})
    except OutOfStock as error:
        positions = {line.variant_id: position for position, line in enumerate(lines)}
        raise ValidationError(
            [
                Rejected(
                    "OUT_OF_STOCK", str(shortage), field=f"lines.{positions[shortage.variant_id]}"
                )
                for shortage in error.shortages
            ]
        ) from error


def _redeem(vouchers: Sequence[Voucher], *, order: Order, amounts: Amounts) -> None:
    """Count a use of each voucher that took something off.

    Counting locks the voucher's row, so that the uses by this customer can then be counted
    without a race.
    """
    redemptions = []
    for position, voucher in enumerate(vouchers):
        amount = amounts.taken_off.get(voucher.pk)
        if not amount:
            continue
        if not Voucher.objects.redeem(voucher.pk) or _is_exhausted_for(voucher, order):
            raise Rejected(
                "VOUCHER_NOT_APPLICABLE",
                f"{voucher.code} has been used up.",
                field=f"vouchers.{position}",
            )
        redemptions.append(
            VoucherRedemption(
                voucher=voucher, order=order, email=order.email.lower(), amount=amount
            )
        )
    VoucherRedemption.objects.bulk_create(redemptions)


def _is_exhausted_for(voucher: Voucher, order: Order) -> bool:
    limit = voucher.usage_limit_per_customer
    if limit is None:
        return False
    vouchers = Voucher.objects.with_uses_by(order.email, user_id=order.user_id)
    return vouchers.get(pk=voucher.pk).uses_by_customer >= limit


def _made_before(made: Mapping[str, Any]) -> Checkout:
    """Read again what an earlier call with the same key made."""
    payment = Payment.objects.select_related("order").get(pk=made["payment"])
    order = payment.order
    return Checkout(order=order, payment=payment, jobs=jobs_of(payment))


def _actor(viewer: Viewer, cart_token: str) -> str:
    """Whose key it is: the customer's, else of whoever holds the cart's token."""
    if viewer.is_authenticated:
        return f"user:{viewer.user_id}"
    return f"cart:{sha256(cart_token.encode()).hexdigest()}"
