from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from catalog.expressions import variant_availability
from catalog.models import Product, ProductListing, Review, Stock, Variant
from catalog.services.listings import refresh_listings, refresh_search
from tests.catalog.factories import make_product


def versions() -> list[str]:
    """Which version of each row the database holds: another one after every write."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text FROM catalog_productlisting ORDER BY product_id")
        return [row[0] for row in cursor.fetchall()]


class TestRefreshListings:
    @pytest.mark.parametrize(
        ("stocks", "availability"),
        [
            ([], "OUT_OF_STOCK"),
            ([0], "OUT_OF_STOCK"),
            ([1], "LOW_STOCK"),
            ([3], "LOW_STOCK"),
            ([4], "IN_STOCK"),
            ([0, 2], "LOW_STOCK"),
            ([1, 4], "IN_STOCK"),
            ([2, 2], "LOW_STOCK"),
        ],
    )
    def test_the_best_variant_decides_on_availability(self, settings, stocks, availability):
        settings.LOW_STOCK_THRESHOLD = 3
        variants = [{"stock": n, "options": {"n": str(i)}} for i, n in enumerate(stocks)]
        make_product(variants=variants)
        listing = ProductListing.objects.get()
        assert listing.availability == availability
        assert listing.in_stock is (availability != "OUT_OF_STOCK")

    def test_what_is_promised_to_orders_does_not_count(self):
        product = make_product(variants=[{"stock": 5}])
        Stock.objects.update(allocated=5)
        refresh_listings([product.pk])
        assert ProductListing.objects.get().availability == "OUT_OF_STOCK"

    def test_prices_span_all_variants(self):
        make_product(variants=[{"price": p, "options": {"n": p}} for p in ("5.00", "9.50", "7.00")])
        listing = ProductListing.objects.get()
        assert (listing.min_price, listing.max_price) == (Decimal("5.00"), Decimal("9.50"))

    def test_only_published_reviews_make_the_rating(self):
        product = make_product(variants=[{"options": {"n": str(n)}} for n in range(3)])
        for number, (rating, status) in enumerate(
            [(5, "PUBLISHED"), (4, "PUBLISHED"), (4, "PUBLISHED"), (1, "PENDING")]
        ):
            user = get_user_model().objects.create(email=f"{number}@example.com")
            Review.objects.create(product=product, user=user, rating=rating, status=status)
        refresh_listings([product.pk])
        listing = ProductListing.objects.get()
        assert (listing.rating, listing.review_count) == (Decimal("4.33"), 3)

    def test_writes_only_what_changed(self):
        first, second = make_product("a"), make_product("b")
        before = versions()
        assert refresh_listings([first.pk, second.pk]) == 0
        assert versions() == before
        Variant.objects.filter(product=second).update(price=99)
        assert refresh_listings([first.pk, second.pk]) == 1
        assert versions()[0] == before[0]

    def test_two_statements_serve_any_number_of_products(self, django_assert_num_queries):
        ids = [make_product(f"p-{n}").pk for n in range(12)]
        with django_assert_num_queries(2):  # lock, update
            refresh_listings(ids)

    def test_no_products_cost_nothing(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert refresh_listings([]) == 0


class TestRefreshSearch:
    def test_writes_only_what_changed(self):
        product = make_product(name="Teapot")
        assert refresh_search([product.pk]) == 0
        Product.objects.update(name="Kettle")
        assert refresh_search([product.pk]) == 1
        assert Product.objects.search("kettle").exists()
        assert not Product.objects.search("teapot").exists()


class TestVariantAvailability:
    def test_is_there_for_every_variant(self, settings):
        settings.LOW_STOCK_THRESHOLD = 3
        make_product(
            variants=[{"options": {"n": str(n)}, "stock": n} for n in (0, 3, 4)],
        )
        Stock.objects.filter(on_hand=0).delete()
        annotated = Variant.objects.annotate(availability=variant_availability())
        assert list(annotated.order_by("position").values_list("availability", flat=True)) == [
            "OUT_OF_STOCK",
            "LOW_STOCK",
            "IN_STOCK",
        ]
