from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from catalog.models import ProductListing, Review
from catalog.services.reviews import checked_review, moderate_review
from tests.catalog.factories import make_product, run_at_once
from tests.commerce.refusals import refused
from users.models import User
from users.viewer import ANONYMOUS, Viewer

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def review() -> Review:
    return make_review("ada@example.com", product=make_product())


def make_review(email: str, **fields) -> Review:
    user = User.objects.create_user(email, "pass")
    return Review.objects.create(user=user, **{"rating": 4, "created_at": NOON} | fields)


def listed(review: Review) -> tuple:
    return ProductListing.objects.values_list("rating", "review_count").get(pk=review.product_id)


class TestCheckedReview:
    def test_strips_white_space_and_keeps_the_text_as_it_is(self):
        text = "<b>Good</b> & \N{SNOWMAN}\n\nIndeed."
        assert checked_review(rating=1, title=" Yes ", body=f"\n{text} ") == {
            "rating": 1,
            "title": "Yes",
            "body": text,
        }

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("rating", 0),
            ("rating", 6),
            ("rating", -1),
            ("title", "x" * 201),
            ("body", "x" * 5_001),
            ("body", "a\0b"),
        ],
    )
    def test_refuses_what_is_too_much(self, field, value):
        with pytest.raises(ValidationError) as caught:
            checked_review(**{"rating": 5, "title": "", "body": "", field: value})
        assert [(e.code, e.field) for e in caught.value.error_list] == [("INVALID", field)]


class TestModerateReview:
    def test_makes_a_review_count_and_a_rejected_one_not(self, review):
        assert listed(review) == (None, 0)
        assert moderate_review(review_id=review.pk, status="PUBLISHED").status == "PUBLISHED"
        assert listed(review) == (4, 1)
        moderate_review(review_id=review.pk, status="PUBLISHED")
        other = make_review("bea@example.com", product=review.product, rating=1)
        moderate_review(review_id=other.pk, status="PUBLISHED")
        assert listed(review) == (2.5, 2)
        moderate_review(review_id=review.pk, status="REJECTED")
        assert listed(review) == (1, 1)

    def test_refuses_what_is_no_decision(self, review):
        for status in ("PENDING", "published", ""):
            with refused(("INVALID", "status")):
                moderate_review(review_id=review.pk, status=status)

    def test_refuses_a_review_that_there_is_not(self):
        with refused(("NOT_FOUND", "id")):
            moderate_review(review_id=7, status="PUBLISHED")


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_moderators_of_one_product_leave_its_listing_right():
    product = make_product()
    reviews = [make_review(f"{n}@example.com", product=product, rating=n) for n in (1, 2, 3, 4)]
    run_at_once(
        lambda pk: moderate_review(review_id=pk, status="PUBLISHED"), [r.pk for r in reviews]
    )
    assert listed(reviews[0]) == (2.5, 4)


class TestVisibleTo:
    def test_shows_the_public_what_is_published_and_authors_their_own(self, review):
        published = make_review("bea@example.com", product=review.product, status="PUBLISHED")
        hidden = make_review(
            "cleo@example.com",
            product=make_product("lamp", is_published=False),
            status="PUBLISHED",
        )
        moderator = Viewer(permissions=frozenset({"catalog.change_review"}))

        def seen(viewer: Viewer) -> set[Review]:
            return set(Review.objects.visible_to(viewer))

        assert seen(ANONYMOUS) == {published}
        assert seen(Viewer(user_id=review.user_id)) == {published, review}
        assert seen(Viewer(user_id=hidden.user_id)) == {published, hidden}
        assert seen(moderator) == {published, review, hidden}
