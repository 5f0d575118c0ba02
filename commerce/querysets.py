"""Which rows of ``commerce`` a viewer may see, and how lists are narrowed.

Arguments of the narrowing methods may be database expressions in place of values.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.apps import apps
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now, Upper

from users.viewer import Viewer


class CartQuerySet(QuerySet):
    """Carts."""

    def visible_to(self, viewer: Viewer, *, now: Any = None) -> Self:
        """One's own, and the guest's cart whose token the viewer holds; none that has expired.

        A token alone does not open a customer's cart: only its owner reads that.

        Args:
            now: the moment that decides what has expired; the database's own where it is None.
        """
        mine = Q(pk__in=[])
        if viewer.is_authenticated:
            mine |= Q(user_id=viewer.user_id)
        if viewer.cart_token is not None:
            mine |= Q(token=viewer.cart_token, user_id=None)
        return self.unexpired(Now() if now is None else now).filter(mine)

    def unexpired(self, now: Any) -> Self:
        """Those that are not forgotten at ``now``."""
        return self.filter(expires_at__gt=now)

    def open(self) -> Self:
        """Those not yet ordered."""
        return self.filter(order=None)


def _order_visible_to(viewer: Viewer, path: str = "") -> Q:
    """The condition on an order, or on what ``path`` leads from to an order."""
    if viewer.may("commerce.view_order"):
        return Q()
    mine = Q(pk__in=[])
    if viewer.is_authenticated:
        mine |= Q(**{f"{path}user_id": viewer.user_id})
    if viewer.order_token is not None:
        mine |= Q(**{f"{path}token": viewer.order_token})
    return mine


class OrderQuerySet(QuerySet):
    """Orders."""

    def visible_to(self, viewer: Viewer) -> Self:
        """One's own, the one whose token the viewer holds, all for who may view orders."""
        return self.filter(_order_visible_to(viewer))

    def with_status(self, statuses: Any) -> Self:
        """Those in one of ``statuses``."""
        return self.filter(status__in=statuses)

    def bought(self) -> Self:
        """Those that goods were sent of or money was kept for.

        One that is to be paid by transfer is confirmed before either, and costs nothing to place.
        """
        is_paid = Q(status="CONFIRMED", payment_status__in=["PAID", "PARTIALLY_REFUNDED"])
        return self.filter(is_paid | Q(status__in=["PARTIALLY_FULFILLED", "FULFILLED"]))

    def of_product(self, product_id: Any) -> Self:
        """Those with a line of one of a product's variants."""
        lines = apps.get_model("commerce.OrderLine").objects.filter(order=OuterRef("pk"))
        return self.filter(Exists(lines.filter(variant__product_id=product_id)))

    def with_payment_status(self, statuses: Any) -> Self:
        """Those whose money is in one of ``statuses``."""
        return self.filter(payment_status__in=statuses)

    def placed_after(self, moment: Any) -> Self:
        """Those placed at ``moment`` or later."""
        return self.filter(placed_at__gte=moment)

    def placed_before(self, moment: Any) -> Self:
        """Those placed earlier than ``moment``."""
        return self.filter(placed_at__lt=moment)

    def of_email(self, email: Any) -> Self:
        """Those of an e-mail address, whatever its case."""
        return self.filter(email__iexact=email)

    def search(self, term: Any) -> Self:
        """Those whose number or e-mail address begins with ``term``, as two indexes find them."""
        return self.filter(Q(number__istartswith=term) | Q(email__istartswith=term))


class OrderEventQuerySet(QuerySet):
    """Steps of orders' histories."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Those of visible orders."""
        return self.filter(_order_visible_to(viewer, path="order__"))


class OrderNoteQuerySet(QuerySet):
    """Notes of staff."""

    def visible_to(self, viewer: Viewer) -> Self:
        """All for who may view notes; none for customers, whose order ever it is about."""
        return self if viewer.may("commerce.view_ordernote") else self.none()


class FulfillmentQuerySet(QuerySet):
    """Parcels."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Those of visible orders."""
        return self.filter(_order_visible_to(viewer, path="order__"))


class ReturnQuerySet(QuerySet):
    """Returns."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Those of visible orders."""
        return self.filter(_order_visible_to(viewer, path="order__"))


class PaymentQuerySet(QuerySet):
    """Payments."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Those of visible orders."""
        return self.filter(_order_visible_to(viewer, path="order__"))


class ShippingMethodQuerySet(QuerySet):
    """Ways to send an order."""

    def visible_to(self, viewer: Viewer) -> Self:
        """All: what the shop offers is public."""
        return self

    def for_country(self, country: Any) -> Self:
        """Those that now send to a country, in the order in which they are offered.

        ``country`` is an ISO code or an expression for one; where it is null, there are none.
        """
        return self.filter(is_active=True, zone__countries__contains=[country]).order_by(
            "position", "pk"
        )


class VoucherQuerySet(QuerySet):
    """Vouchers."""

    def visible_to(self, viewer: Viewer) -> Self:
        """All for who may view vouchers; else none: a code is a secret."""
        return self if viewer.may("commerce.view_voucher") else self.none()

    def with_codes(self, codes: Iterable[str]) -> Self:
        """Those with one of ``codes``, whatever their case."""
        return self.annotate(upper_code=Upper("code")).filter(
            upper_code__in=[code.upper() for code in codes]
        )

    def with_uses_by(self, email: str, *, user_id: int | None) -> Self:
        """Each with ``uses_by_customer``: how many orders of one customer used it.

        Those of the e-mail address and, since a customer may name another one, of the account.
        """
        by_customer = Q(redemptions__email=email.lower())
        if user_id is not None:
            by_customer |= Q(redemptions__order__user_id=user_id)
        return self.annotate(uses_by_customer=Count("redemptions", filter=by_customer))

    def redeem(self, pk: int) -> bool:
        """Count one more use of a voucher; False where its limit is reached.

        Its row stays locked until the transaction ends.
        """
        left = Q(usage_limit=None) | Q(used__lt=F("usage_limit"))
        return self.filter(left, pk=pk).update(used=F("used") + 1) == 1
