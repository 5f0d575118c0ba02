"""Which rows of ``commerce`` a viewer may see."""

from __future__ import annotations

from typing import Self

from django.db.models import Q, QuerySet

from users.viewer import Viewer


class CartQuerySet(QuerySet):
    """Carts."""

    def visible_to(self, viewer: Viewer) -> Self:
        """One's own, and the guest's cart whose token the viewer holds.

        A token alone does not open a customer's cart: only its owner reads that.
        """
        mine = Q(pk=None)
        if viewer.is_authenticated:
            mine |= Q(user_id=viewer.user_id)
        if viewer.cart_token is not None:
            mine |= Q(token=viewer.cart_token, user_id=None)
        return self.filter(mine)

    def open(self) -> Self:
        """Those not yet ordered."""
        return self.filter(order=None)


class OrderQuerySet(QuerySet):
    """Orders."""

    def visible_to(self, viewer: Viewer) -> Self:
        """One's own, the one whose token the viewer holds, all for who may view orders."""
        if viewer.may("commerce.view_order"):
            return self
        mine = Q(pk=None)
        if viewer.is_authenticated:
            mine |= Q(user_id=viewer.user_id)
        if viewer.order_token is not None:
            mine |= Q(token=viewer.order_token)
        return self.filter(mine)


class VoucherQuerySet(QuerySet):
    """Vouchers."""

    def visible_to(self, viewer: Viewer) -> Self:
        """All for who may view vouchers; else none: a code is a secret."""
        return self if viewer.may("commerce.view_voucher") else self.none()
