"""What customers say of products, and what moderators do about it.

Who bought what is for ``commerce`` to know: ``commerce.services.reviews.create_review`` is the way
in for customers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from catalog.models import Product, Review
from catalog.serializers import ReviewSerializer
from catalog.services.listings import refresh_listings
from tasks.errors import Rejected
from tasks.transactions import in_transaction
from users.validation import validated

ONCE = "review_once_per_user"


def checked_review(*, rating: int, title: str, body: str) -> dict[str, Any]:
    """A review's own fields as they are stored, without white space around them.

    Raises:
        ValidationError: ``INVALID`` on ``rating``, ``title`` or ``body``.
    """
    return validated(ReviewSerializer(data={"rating": rating, "title": title, "body": body}))


def write_review(*, user_id: int, product_id: int, fields: dict[str, Any], now: datetime) -> Review:
    """Store a customer's review of a product; it waits for a moderator where the shop has them.

    To be called in a transaction.

    Args:
        fields: what `checked_review` returned.

    Raises:
        Rejected: ``NOT_FOUND`` or ``ALREADY_EXISTS`` on ``productId``.
    """
    # So that the product can't go before the review is there.
    if not Product.objects.select_for_update(no_key=True).filter(pk=product_id).exists():
        raise Rejected("NOT_FOUND", "There is no such product.", field="productId")
    moderated = settings.REVIEWS_MODERATED
    try:
        with transaction.atomic():
            review = Review.objects.create(
                user_id=user_id,
                product_id=product_id,
                status=Review.Status.PENDING if moderated else Review.Status.PUBLISHED,
                created_at=now,
                **fields,
            )
    except IntegrityError as error:
        if ONCE not in str(error):
            raise
        message = "You have reviewed this product already."
        raise Rejected("ALREADY_EXISTS", message, field="productId") from error
    if not moderated:
        refresh_listings([product_id])
    return review


def moderate_review(
    *, review_id: int, status: str, check: Callable[[], None] | None = None
) -> Review:
    """Publish or reject a review; what was decided can be decided anew.

    Args:
        check: called once nobody else can change the review; what it raises undoes all.

    Raises:
        Rejected: ``NOT_FOUND`` on ``id``; ``INVALID`` on ``status`` for another one.
    """
    if status not in (Review.Status.PUBLISHED, Review.Status.REJECTED):
        raise Rejected("INVALID", "A review is PUBLISHED or REJECTED.", field="status")

    def moderate() -> Review:
        product = Product.objects.select_for_update(no_key=True).filter(reviews=review_id)
        # The product first, as who deletes it does.
        list(product.values_list("pk"))
        review = Review.objects.select_for_update().filter(pk=review_id).first()
        if review is None:
            raise Rejected("NOT_FOUND", "There is no such review.", field="id")
        if check is not None:
            check()
        if review.status != status:
            review.status = status
            review.save(update_fields=["status"])
            refresh_listings([review.product_id])
        return review

    return in_transaction(moderate)
