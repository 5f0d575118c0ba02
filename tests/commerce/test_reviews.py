from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from catalog.models import Product, ProductListing, Review
from commerce.models import Order
from commerce.services.reviews import create_review
from tests.commerce.factories import NOON, buy, make_customer, make_ready_cart, make_variant
from tests.commerce.racing import race
from tests.commerce.refusals import refused
from users.viewer import ANONYMOUS, Viewer


@pytest.fixture
def ada(standard) -> Viewer:
    """A customer who has bought the mug."""
    make_variant()
    customer = make_customer()
    cart = make_ready_cart(method=standard, viewer=customer, mug_1=1)
    buy(cart, viewer=customer, provider="fake", payment_data={"card": "4242424242424242"})
    return customer


def mug() -> Product:
    return Product.objects.get(slug="mug-1")


def write(viewer: Viewer, **given) -> Review:
    product_id = given.pop("product_id", None) or mug().pk
    return create_review(viewer=viewer, product_id=product_id, **{"rating": 5, "now": NOON} | given)


class TestCreateReview:
    def test_waits_for_a_moderator(self, ada):
        review = write(ada, title=" Lovely ", body="Holds tea.")
        review.refresh_from_db()
        assert (review.user_id, review.product, review.created_at) == (ada.user_id, mug(), NOON)
        assert (review.rating, review.title, review.body) == (5, "Lovely", "Holds tea.")
        assert review.status == "PENDING"
        assert ProductListing.objects.get().rating is None

    def test_is_published_at_once_where_the_shop_does_not_moderate(self, ada, settings):
        settings.REVIEWS_MODERATED = False
        assert write(ada).status == "PUBLISHED"
        listing = ProductListing.objects.get()
        assert (listing.rating, listing.review_count) == (5, 1)

    def test_is_for_buyers_of_that_product(self, ada, standard):
        make_variant("hat-1")
        bea = make_customer("bea@example.com")
        buy(make_ready_cart(method=standard, viewer=bea, hat_1=1), key="b", viewer=bea)
        with refused(("NOT_PURCHASED", "productId")):
            write(bea)
        # A guest's order is nobody's, whatever its e-mail address.
        make_customer("cleo@example.com")
        buy(make_ready_cart(method=standard, mug_1=1), key="guest")
        with refused(("NOT_PURCHASED", "productId")):
            write(Viewer(user_id=bea.user_id + 1))
        with pytest.raises(PermissionDenied):
            write(ANONYMOUS)

    @pytest.mark.parametrize(
        ("status", "payment_status", "counts"),
        [
            ("PENDING_PAYMENT", "PENDING", False),
            ("CONFIRMED", "PENDING", False),
            ("CONFIRMED", "AUTHORIZED", False),
            ("CONFIRMED", "PAID", True),
            ("CONFIRMED", "PARTIALLY_REFUNDED", True),
            ("CONFIRMED", "REFUNDED", False),
            ("PARTIALLY_FULFILLED", "PENDING", True),
            ("FULFILLED", "REFUNDED", True),
            ("CANCELLED", "PAID", False),
            ("EXPIRED", "PENDING", False),
        ],
    )
    def test_takes_an_order_that_was_paid_or_sent(self, ada, status, payment_status, counts):
        Order.objects.update(status=status, payment_status=payment_status)
        if counts:
            assert write(ada).pk
        else:
            with refused(("NOT_PURCHASED", "productId")):
                write(ada)

    def test_is_written_once(self, ada):
        write(ada)
        with refused(("ALREADY_EXISTS", "productId")):
            write(ada, rating=1)

    def test_refuses_products_that_the_customer_can_not_see(self, ada):
        with refused(("NOT_FOUND", "productId")):
            write(ada, product_id=7_777_777)
        Product.objects.update(is_published=False)
        with refused(("NOT_FOUND", "productId")):
            write(ada)

    def test_refuses_bad_fields_all_together(self, ada):
        with refused(("INVALID", "rating"), ("INVALID", "title")):
            write(ada, rating=6, title="x" * 201)

    def test_is_the_same_again_with_the_same_key(self, ada):
        first = write(ada, idempotency_key="k")
        assert write(ada, idempotency_key="k").pk == first.pk
        with refused(("IDEMPOTENCY_CONFLICT", "idempotencyKey")):
            write(ada, rating=1, idempotency_key="k")
        first.delete()
        with refused(("NOT_FOUND", "idempotencyKey")):
            write(ada, idempotency_key="k")


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_of_one_customer_make_one_review(self, ada):
        results = race(lambda rating: write(ada, rating=rating), [1, 2, 3, 4])
        assert sorted(map(str, results)).count("ALREADY_EXISTS") == 3
        assert Review.objects.count() == 1

    def test_with_one_key_give_all_the_same_one(self, ada):
        results = race(lambda _: write(ada, idempotency_key="k"), range(4))
        assert {review.pk for review in results} == {Review.objects.get().pk}
