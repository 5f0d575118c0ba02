"""Making and changing carts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from commerce.compiled import Compiled
from commerce.models import Cart, CartLine, CartVoucher, Voucher
from commerce.serializers import CartChangesSerializer
from commerce.services.line_inputs import (
    MAX_LINES,
    LineInput,
    goods_for,
    refuse_malformed,
)
from commerce.services.quotes import (
    NO_TERMS,
    Line,
    Terms,
    lines_of,
    price_cart,
    store_quote,
    subtotal_of,
    terms_of,
    vouchers_of,
)
from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.transactions import in_transaction
from users.models import User
from users.validation import validated_by
from users.viewer import Viewer

_CHANGES = CartChangesSerializer()
# What the columns for amounts hold.
MAX_TOTAL = Decimal("9999999999.99")


def create_cart(
    *,
    viewer: Viewer,
    lines: Sequence[LineInput],
    email: str | None = None,
    idempotency_key: str | None = None,
    address: str | None = None,
    now: datetime,
) -> Cart:
    """Make a cart; a customer's own, or a guest's, whose token is the key to it.

    Args:
        lines: quantities of 1 to 999; none makes an empty cart.
        email: where to send the confirmation; a customer's own address where it is None.
        idempotency_key: a repeat with the same key returns the same cart.
        address: the caller's network address, where known; a guest's key counts only from there.

    Raises:
        ValidationError: ``REQUIRED``, ``INVALID`` or ``NOT_FOUND`` on ``lines.N...``, ``INVALID``
            for more than ``MAX_TOTAL`` altogether,
            ``INVALID`` on ``email``, ``IDEMPOTENCY_CONFLICT`` on ``idempotencyKey``.
    """
    refuse_malformed(lines, fewest=1)
    given = validated_by(_CHANGES, {"email": email})

    def create() -> Cart:
        made: list[Cart] = []

        def effect() -> dict[str, Any]:
            cart = Cart(
                user_id=viewer.user_id,
                email=given["email"] or _email_of(viewer),
                created_at=now,
                updated_at=now,
                expires_at=_expiry(now),
            )
            goods = goods_for(lines, kept=())
            cart.save(force_insert=True)
            requote_cart(
                cart,
                lines=goods,
                changed={line.variant_id for line in goods},
                vouchers=[],
                terms=NO_TERMS,
                now=now,
            )
            made.append(cart)
            return {"cart": cart.pk}

        stored = once(
            actor=_actor(viewer, address),
            operation="cartCreate",
            key=idempotency_key,
            request={
                "lines": [[line.sku, line.variant_id, line.quantity] for line in lines],
                "email": email,
            },
            effect=effect,
        )
        cart = made[0] if made else Cart.objects.unexpired(now).filter(pk=stored["cart"]).first()
        if cart is None:
            raise Rejected("NOT_FOUND", "That cart is gone by now.", field="idempotencyKey")
        return cart

    return in_transaction(create)


def _actor(viewer: Viewer, address: str | None) -> str:
    """Whose key it is: the customer's, else of guests at one network address.

    A guest has nothing else yet that is a secret, and a key may be as weak as ``1``: elsewhere it
    must not open the cart. The address is kept as a hash that only this shop can compute.
    """
    if viewer.is_authenticated:
        return f"user:{viewer.user_id}"
    if address is None:
        return "anyone"
    return f"guest:{salted_hmac('commerce.guest', address, algorithm='sha256').hexdigest()}"


def set_cart_lines(
    *,
    viewer: Viewer,
    token: str,
    lines: Sequence[LineInput],
    expected_version: int | None = None,
    now: datetime,
) -> Cart:
    """Set the quantities of the named variants; 0 removes, the other lines stay.

    Raises:
        ValidationError: ``NOT_FOUND`` on ``token``, ``CART_ALREADY_ORDERED``,
            ``VERSION_CONFLICT``; ``REQUIRED``, ``INVALID`` or ``NOT_FOUND`` on ``lines.N...``;
            ``INVALID`` for more than ``MAX_TOTAL`` altogether.
    """
    refuse_malformed(lines, fewest=0)

    def change() -> Cart:
        cart = lock_cart(viewer=viewer, token=token, expected_version=expected_version, now=now)
        terms = touch_cart(cart, now=now)
        current = {line.variant_id: line for line in lines_of(cart)}
        goods = goods_for(lines, kept=current)
        gone = []
        for line in goods:
            if line.quantity:
                current.setdefault(line.variant_id, line).quantity = line.quantity
            elif removed := current.pop(line.variant_id, None):
                gone.append(removed.variant_id)
        if gone:
            CartLine.objects.filter(cart=cart, variant__in=gone).delete()
        if len(current) > MAX_LINES:
            raise Rejected("INVALID", f"A cart holds at most {MAX_LINES} lines.", field="lines")
        requote_cart(
            cart,
            lines=list(current.values()),
            changed={line.variant_id for line in goods},
            vouchers=vouchers_of(cart, terms=terms),
            terms=terms,
            now=now,
        )
        return cart

    return in_transaction(change)


def update_cart(
    *,
    viewer: Viewer,
    token: str,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
    now: datetime,
) -> Cart:
    """Change a cart's e-mail address, postal addresses, shipping method or vouchers.

    Any call renews the quote, one without changes too. A chosen shipping method that does not
    send to a new address is forgotten.

    Args:
        changes: any of ``email``, ``shipping_address``, ``billing_address``,
            ``shipping_method_id`` and ``voucher_codes`` (which replaces all codes); None clears.

    Raises:
        ValidationError: ``NOT_FOUND`` on ``token`` or ``shippingMethodId``,
            ``CART_ALREADY_ORDERED``, ``VERSION_CONFLICT``, ``REQUIRED`` or ``INVALID`` on the
            field, ``VOUCHER_NOT_APPLICABLE`` on ``voucherCodes.N``.
    """
    given = validated_by(_CHANGES, changes)

    def change() -> Cart:
        cart = lock_cart(viewer=viewer, token=token, expected_version=expected_version, now=now)
        columns = {name: given[name] for name in given if name != "voucher_codes"}
        if "email" in columns:
            columns["email"] = columns["email"] or ""
        terms = touch_cart(cart, now=now, **columns)
        if given.get("shipping_method_id") is not None and terms.shipping_price is None:
            raise Rejected(
                "NOT_FOUND",
                "Choose one of the cart's shippingMethods; they depend on its address.",
                field="shippingMethodId",
            )
        forget_unavailable_method(cart, terms)
        lines = lines_of(cart)
        if "voucher_codes" in given:
            vouchers = _replace_vouchers(
                cart, codes=given["voucher_codes"] or [], lines=lines, now=now
            )
        else:
            vouchers = vouchers_of(cart, terms=terms)
        requote_cart(cart, lines=lines, vouchers=vouchers, terms=terms, now=now)
        return cart

    return in_transaction(change)


def _locked(*, token: str, now: datetime, user_id: int | None = None) -> QuerySet:
    viewer = Viewer(user_id=user_id, cart_token=token)
    return Cart.objects.visible_to(viewer, now=now).select_for_update().filter(token=token)


# Their samples are values that no condition of theirs has.
_SAMPLES: dict[str, Any] = {"token": "20260601", "now": datetime(2026, 6, 1, tzinfo=UTC)}
_GUESTS_CART = Compiled(_locked, **_SAMPLES)
_CUSTOMERS_CART = Compiled(_locked, **_SAMPLES, user_id=-20_260_601)


def lock_cart(
    *,
    viewer: Viewer,
    token: str,
    expected_version: int | None = None,
    field: str = "token",
    now: datetime,
) -> Cart:
    """Lock the cart that ``token`` opens for ``viewer``, until the transaction ends.

    A cart that has expired is as unknown as one that never was.

    Args:
        field: the input's field that holds the token, for the error.

    Raises:
        ValidationError: ``NOT_FOUND`` on ``field``, ``VERSION_CONFLICT``.
    """
    given = {"token": token, "now": now}
    if viewer.is_authenticated:
        sql, values = _CUSTOMERS_CART.bound(**given, user_id=viewer.user_id)
    else:
        sql, values = _GUESTS_CART.bound(**given)
    cart = next(iter(Cart.objects.raw(sql, values)), None)
    if cart is None:
        raise Rejected("NOT_FOUND", "There is no such cart.", field=field)
    if expected_version is not None and cart.version != expected_version:
        raise Rejected(
            "VERSION_CONFLICT",
            f"The cart is at version {cart.version} by now; read it again.",
            field="expectedVersion",
        )
    return cart


def refuse_ordered(terms: Terms, *, field: str) -> None:
    """Raise ``CART_ALREADY_ORDERED`` where the cart has become an order."""
    if terms.order_number is not None:
        raise Rejected(
            "CART_ALREADY_ORDERED",
            f"The cart has become order {terms.order_number}; make a new one.",
            field=field,
        )


def touch_cart(cart: Cart, *, now: datetime, **columns: Any) -> Terms:
    """Store new values in a locked cart, bump its version and read what they lead to."""
    columns |= {
        "version": cart.version + 1,
        "updated_at": now,
        "expires_at": _expiry(now),
    }
    for name, value in columns.items():
        setattr(cart, name, value)
    cart.save(update_fields=list(columns))
    terms = terms_of(cart)
    refuse_ordered(terms, field="token")
    return terms


def forget_unavailable_method(cart: Cart, terms: Terms) -> None:
    """Leave a cart without a shipping method that does not send to its address."""
    if cart.shipping_method_id is not None and terms.shipping_price is None:
        cart.shipping_method = None
        cart.save(update_fields=["shipping_method"])


def requote_cart(
    cart: Cart,
    *,
    lines: Sequence[Line],
    changed: Collection[int] = (),
    vouchers: Sequence[Voucher],
    terms: Terms,
    now: datetime,
) -> None:
    """Price a cart and store its lines and quote; the arguments are those of ``store_quote``."""
    amounts = price_cart(lines=lines, vouchers=vouchers, terms=terms, now=now)
    if max(amounts.subtotal, amounts.total) > MAX_TOTAL:
        raise Rejected("INVALID", f"A cart comes to at most {MAX_TOTAL}; divide it.")
    store_quote(
        cart=cart, lines=lines, changed=changed, vouchers=vouchers, amounts=amounts, now=now
    )


def _replace_vouchers(
    cart: Cart, *, codes: Sequence[str], lines: Sequence[Line], now: datetime
) -> list[Voucher]:
    """Leave a cart with the vouchers of ``codes`` alone, all of which must apply."""
    found = {
        voucher.code.upper(): voucher
        for voucher in (
            Voucher.objects.with_codes(codes)
            .with_uses_by(cart.email, user_id=cart.user_id)
            .order_by("pk")
            if codes
            else ()
        )
    }
    subtotal = subtotal_of(lines)
    errors = []
    for position, code in enumerate(codes):
        voucher = found.get(code.upper())
        objection = (
            f"There is no voucher {code}."
            if voucher is None
            else voucher.objection(subtotal=subtotal, now=now)
        )
        if objection is not None:
            errors.append(
                Rejected("VOUCHER_NOT_APPLICABLE", objection, field=f"voucherCodes.{position}")
            )
    if errors:
        raise ValidationError(errors)
    vouchers = list(found.values())
    CartVoucher.objects.filter(cart=cart).exclude(voucher__in=vouchers).delete()
    return vouchers


def _email_of(viewer: Viewer) -> str:
    """A customer's e-mail address; empty for a guest."""
    if not viewer.is_authenticated:
        return ""
    return User.objects.values_list("email", flat=True).get(pk=viewer.user_id)


def _expiry(now: datetime) -> datetime:
    return now + timedelta(days=settings.CART_LIFETIME_DAYS)
