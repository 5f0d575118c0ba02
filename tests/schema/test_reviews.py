"""Reviews, from the customer's words to the product's stars."""

from __future__ import annotations

from catalog.models import Review
from tests.schema.shop import (
    PAID,
    SKULL,
    ShopTestCase,
    buy,
    id_of,
    make_user,
    product_id,
    token_of,
)

STAFF = """query ($filter: ReviewFilter) {
  reviews(first: 10, filter: $filter) { totalCount nodes { status rating product { slug } } }
}"""


class TestReviews(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ada = token_of(make_user())
        buy(self, bearer=self.ada, payment=PAID)
        self.moderator = token_of(make_user("boss@example.com", role="catalog_manager"))
        self.given = {"productId": product_id("mug"), "rating": 5}

    def reviews(self, bearer: str | None = None) -> tuple[float | None, list[str]]:
        """The mug's average rating and the titles that are shown."""
        product = self.send("ProductPage", bearer=bearer, slug="mug").data["product"]
        titles = [edge["node"]["title"] for edge in product["reviews"]["edges"]]
        assert product["reviews"]["totalCount"] == len(titles)
        return product["averageRating"], titles

    def test_are_written_by_buyers_and_published_by_moderators(self) -> None:
        given = self.given | {"title": "Lovely", "body": "Fits well."}
        review = self.call("ReviewCreate", bearer=self.ada, **given).payload["review"]
        assert review == {"id": id_of(Review.objects.latest("pk")), "rating": 5}
        assert self.reviews() == (None, [])
        assert self.reviews(self.ada) == (None, ["Lovely"])
        decided = self.call(
            "ReviewModerate", bearer=self.moderator, id=review["id"], status="PUBLISHED"
        ).payload
        assert decided == {"review": {"id": review["id"], "status": "PUBLISHED"}, "userErrors": []}
        assert self.reviews() == (5.0, ["Lovely"])
        self.call("ReviewModerate", bearer=self.moderator, id=review["id"], status="REJECTED")
        assert self.reviews() == (None, [])
        assert self.reviews(self.ada) == (None, ["Lovely"])

    def test_are_refused_with_what_to_mend(self) -> None:
        other = token_of(make_user("bea@example.com"))
        for bearer, changes, error in (
            (other, {}, ("input.productId", "NOT_PURCHASED")),
            (
                self.ada,
                {"productId": product_id("wool-shirt")},
                ("input.productId", "NOT_PURCHASED"),
            ),
            (self.ada, {"productId": product_id("lamp")}, ("input.productId", "NOT_FOUND")),
            (self.ada, {"productId": "nonsense"}, ("input.productId", "NOT_FOUND")),
            (self.ada, {"rating": 0}, ("input.rating", "INVALID")),
            (self.ada, {"title": SKULL * 201}, ("input.title", "INVALID")),
            (self.ada, {"body": "x" * 5_001}, ("input.body", "INVALID")),
            (self.ada, {"idempotencyKey": ""}, ("input.idempotencyKey", "INVALID")),
        ):
            with self.subTest(changes):
                self.rejected(
                    lambda bearer=bearer, changes=changes: self.call(
                        "ReviewCreate", bearer=bearer, **self.given | changes
                    ),
                    error,
                )
        self.call("ReviewCreate", bearer=self.ada, **self.given, title=None, body=None)
        self.rejected(
            lambda: self.call("ReviewCreate", bearer=self.ada, **self.given),
            ("input.productId", "ALREADY_EXISTS"),
        )

    def test_are_not_moderated_in_other_ways(self) -> None:
        review = id_of(Review.objects.earliest("pk"))
        for given, error in (
            ({"id": review, "status": "PENDING"}, ("input.status", "INVALID")),
            ({"id": product_id("mug"), "status": "REJECTED"}, ("input.id", "NOT_FOUND")),
        ):
            self.rejected(
                lambda given=given: self.call("ReviewModerate", bearer=self.moderator, **given),
                error,
            )

    def test_are_listed_for_moderators_by_status(self) -> None:
        self.call("ReviewCreate", bearer=self.ada, **self.given)
        pending = {"status": "PENDING", "rating": 5, "product": {"slug": "mug"}}
        for wanted, count in ((None, 3), ({}, 3), ({"status": "PUBLISHED"}, 2)):
            listed = self.ask(STAFF, {"filter": wanted}, bearer=self.moderator).data["reviews"]
            assert listed["totalCount"] == len(listed["nodes"]) == count
        listed = self.ask(STAFF, {"filter": {"status": "PENDING"}}, bearer=self.moderator).data
        assert listed == {"reviews": {"totalCount": 1, "nodes": [pending]}}
        with self.assertNumQueries(2):  # who asks, and the list
            self.ask(STAFF, {"filter": {"status": "PUBLISHED"}}, bearer=self.moderator)
