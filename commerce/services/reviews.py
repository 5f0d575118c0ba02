"""Reviews, as far as they take an order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied

from catalog.models import Product, Review
from catalog.services.reviews import checked_review, write_review
from commerce.models import Order
from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.transactions import in_transaction
from users.viewer import Viewer


def create_review(
    *,
    viewer: Viewer,
    product_id: int,
    rating: int,
    title: str = "",
    body: str = "",
    idempotency_key: str | None = None,
    now: datetime,
) -> Review:
    """Review a product that one has bought, once.

    Args:
        rating: 1 to 5 stars.
        title: plain text of at most 200 characters.
        body: plain text of at most 5,000 characters.
        idempotency_key: a repeat with the same key returns the same review.

    Raises:
        PermissionDenied: for an anonymous caller.
        ValidationError: ``INVALID`` on ``rating``, ``title`` or ``body``; on ``productId``,
            ``NOT_FOUND``, ``NOT_PURCHASED`` without an order of it that was paid or sent, and
            ``ALREADY_EXISTS``; ``IDEMPOTENCY_CONFLICT`` on ``idempotencyKey``.
    """
    if not viewer.is_authenticated:
        raise PermissionDenied("Log in to review a product.")
    fields = checked_review(rating=rating, title=title, body=body)

    def create() -> Review:
        made: list[Review] = []

        def effect() -> dict[str, Any]:
            if not Product.objects.visible_to(viewer).filter(pk=product_id).exists():
                raise Rejected("NOT_FOUND", "There is no such product.", field="productId")
            orders = Order.objects.filter(user_id=viewer.user_id)
            if not orders.bought().of_product(product_id).exists():
                message = "Only who has bought a product can review it."
                raise Rejected("NOT_PURCHASED", message, field="productId")
            made.append(
                write_review(user_id=viewer.user_id, product_id=product_id, fields=fields, now=now)
            )
            return {"review": made[0].pk}

        stored = once(
            actor=f"user:{viewer.user_id}",
            operation="reviewCreate",
            key=idempotency_key,
            request={"product": product_id, **fields},
            effect=effect,
        )
        review = made[0] if made else Review.objects.filter(pk=stored["review"]).first()
        if review is None:
            raise Rejected("NOT_FOUND", "That review is gone by now.", field="idempotencyKey")
        return review

    return in_transaction(create)
