"""A guest's cart becomes the customer's at log-in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied

from commerce.models import Cart, CartVoucher, Voucher
from commerce.serializers import MAX_VOUCHERS
from commerce.services.carts import (
    forget_unavailable_method,
    lock_cart,
    refuse_ordered,
    requote_cart,
    touch_cart,
)
from commerce.services.line_inputs import MAX_LINES, MAX_QUANTITY
from commerce.services.quotes import Line, lines_of, terms_of
from tasks.errors import Rejected
from tasks.transactions import in_transaction
from users.models import User
from users.viewer import Viewer


def claim_cart(*, viewer: Viewer, token: str, now: datetime) -> Cart:
    """Make a guest's cart the customer's own.

    Where the customer has an open cart already, the guest's goes into that: quantities of the
    same variant add up, to at most 999; vouchers of both are kept; what the guest said of e-mail,
    addresses and shipping is newer and counts. A repeat returns the same cart, and a cart that
    is the customer's own stays as it is.

    Raises:
        PermissionDenied: for an anonymous caller.
        ValidationError: ``NOT_FOUND`` on ``token``, ``CART_ALREADY_ORDERED``, ``INVALID`` on
            ``token`` where both carts together have too many lines.
    """
    if not viewer.is_authenticated:
        raise PermissionDenied("Log in to claim a cart.")

    def change() -> Cart:
        # One claim of a customer's at a time, so that two don't leave two open carts.
        user = User.objects.select_for_update(no_key=True).only("email").get(pk=viewer.user_id)
        claimed_before = Cart.objects.filter(token=token).values("merged_into")
        own = Cart.objects.visible_to(viewer, now=now).filter(pk__in=claimed_before).first()
        if own is not None:
            return own
        cart = lock_cart(viewer=viewer, token=token, now=now)
        if cart.user_id is not None:
            return cart
        refuse_ordered(terms_of(cart), field="token")
        own = _open_cart(user, now=now)
        if own is None:
            touch_cart(cart, now=now, user_id=user.pk, email=cart.email or user.email)
            return cart
        _merge(cart, into=own, now=now)
        return own

    return in_transaction(change)


def _open_cart(user: User, *, now: datetime) -> Cart | None:
    """Lock the cart that the customer filled last and has not ordered."""
    carts = Cart.objects.filter(user=user).unexpired(now).open().order_by("-updated_at", "-pk")
    for cart in carts.select_for_update(of=("self",)):
        # It may have been ordered while this waited for it.
        if terms_of(cart).order_number is None:
            return cart
    return None


def _merge(guest: Cart, *, into: Cart, now: datetime) -> None:
    """Put all of a guest's cart into another, and forget it."""
    lines = {line.variant_id: line for line in lines_of(into)}
    added = lines_of(guest)
    for line in added:
        kept = lines.setdefault(line.variant_id, _new(line))
        if kept.pk is not None:
            kept.quantity = min(kept.quantity + line.quantity, MAX_QUANTITY)
    if len(lines) > MAX_LINES:
        raise Rejected(
            "INVALID",
            f"Together with your cart it has more than {MAX_LINES} lines; remove some.",
            field="token",
        )
    said: dict[str, Any] = {}
    if guest.email:
        said["email"] = guest.email
    if guest.billing_address is not None:
        said["billing_address"] = guest.billing_address
    if guest.shipping_address is not None:
        said["shipping_address"] = guest.shipping_address
    if guest.shipping_method_id is not None:
        said["shipping_method_id"] = guest.shipping_method_id
    terms = touch_cart(into, now=now, **said)
    forget_unavailable_method(into, terms)
    requote_cart(
        into,
        lines=list(lines.values()),
        changed={line.variant_id for line in added},
        vouchers=_vouchers(into, guest),
        terms=terms,
        now=now,
    )
    Cart.objects.filter(pk=guest.pk).update(merged_into=into, updated_at=now, expires_at=now)


def _new(line: Line) -> Line:
    """The line as one of another cart, where it is not stored yet."""
    line.pk = line.unit_price = None
    return line


def _vouchers(own: Cart, guest: Cart) -> list[Voucher]:
    """The vouchers of both, as many as a cart may have, its own first."""
    used = CartVoucher.objects.filter(cart__in=[own, guest])
    mine = {each.voucher_id for each in used if each.cart_id == own.pk}
    found = Voucher.objects.filter(pk__in=used.values("voucher")).with_uses_by(
        own.email, user_id=own.user_id
    )
    kept = sorted(found, key=lambda voucher: (voucher.pk not in mine, voucher.pk))
    return sorted(kept[:MAX_VOUCHERS], key=lambda voucher: voucher.pk)
