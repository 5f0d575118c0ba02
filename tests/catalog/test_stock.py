from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum

from catalog.models import ProductListing, Stock, StockMovement
from catalog.services.stock import OutOfStock, adjust_stock, allocate, open_stock, release
from tasks.errors import Rejected
from tests.catalog.factories import make_product, run_at_once, stock_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class TestAllocate:
    def test_promises_what_is_there(self):
        variant = make_product(variants=[{"stock": 5}]).variants.get()
        allocate(quantities={variant.pk: 5})
        assert stock_of(variant) == (5, 5)

    def test_takes_nothing_when_one_of_several_is_missing_and_lists_what_is(self):
        product = make_product(
            variants=[
                {"sku": "a", "stock": 5, "options": {"Size": "S"}},
                {"sku": "b", "stock": 1, "options": {"Size": "M"}},
                {"sku": None, "name": "L", "stock": 0, "options": {"Size": "L"}},
            ]
        )
        first, second, third = product.variants.order_by("position")
        with pytest.raises(OutOfStock) as caught:
            allocate(quantities={third.pk: 1, second.pk: 2, first.pk: 1})
        assert [(s.variant_id, s.sku, s.available) for s in caught.value.shortages] == [
            (second.pk, "b", 1),
            (third.pk, None, 0),
        ]
        assert caught.value.code == "OUT_OF_STOCK"
        assert caught.value.message == "Only 1 of b left. Only 0 of Shirt L left."
        assert [stock_of(v)[1] for v in (first, second, third)] == [0, 0, 0]

    def test_an_unknown_variant_is_a_shortage(self):
        with pytest.raises(OutOfStock) as caught:
            allocate(quantities={4711: 1})
        assert caught.value.shortages[0].available == 0

    def test_a_variant_without_a_stock_row_is_a_shortage(self):
        variant = make_product().variants.get()
        Stock.objects.all().delete()
        with pytest.raises(OutOfStock):
            allocate(quantities={variant.pk: 1})

    @pytest.mark.parametrize("quantity", [0, -1])
    def test_refuses_quantities_below_one(self, quantity):
        with pytest.raises(ValueError, match="at least 1"):
            allocate(quantities={1: quantity})

    def test_one_statement_allocates_any_number_of_variants(self, django_assert_num_queries):
        product = make_product(variants=[{"options": {"n": str(n)}} for n in range(20)])
        quantities = dict.fromkeys(product.variants.values_list("pk", flat=True), 1)
        with transaction.atomic(), django_assert_num_queries(1):  # the update
            allocate(quantities=quantities)

    def test_moves_the_listing_as_stock_runs_low_and_out(self, settings):
        settings.LOW_STOCK_THRESHOLD = 3
        variant = make_product(variants=[{"stock": 5}]).variants.get()
        seen = []
        for quantity in (1, 1, 3):
            allocate(quantities={variant.pk: quantity})
            seen.append(ProductListing.objects.values_list("availability", "in_stock").get())
        assert seen == [("IN_STOCK", True), ("LOW_STOCK", True), ("OUT_OF_STOCK", False)]
        release(quantities={variant.pk: 5})
        assert ProductListing.objects.get().availability == "IN_STOCK"


class TestRelease:
    def test_gives_back_what_was_promised(self):
        variant = make_product(variants=[{"stock": 5}]).variants.get()
        allocate(quantities={variant.pk: 4})
        release(quantities={variant.pk: 3})
        assert stock_of(variant) == (5, 1)

    def test_cannot_give_back_more_than_was_promised(self):
        variant = make_product(variants=[{"stock": 5}]).variants.get()
        allocate(quantities={variant.pk: 1})
        with pytest.raises(IntegrityError), transaction.atomic():
            release(quantities={variant.pk: 2})
        assert stock_of(variant) == (5, 1)


class TestAdjustStock:
    def test_moves_what_is_on_hand_and_says_why(self):
        variant = make_product(variants=[{"stock": 5}]).variants.get()
        stock = adjust_stock(
            variant_id=variant.pk, delta=-2, kind="DAMAGED", reference="flood", now=NOON
        )
        assert (stock.on_hand, stock.allocated) == (3, 0) == stock_of(variant)
        movements = StockMovement.objects.filter(variant=variant)
        assert movements.aggregate(sum=Sum("delta"))["sum"] == 3

    def test_happens_once_per_reference(self):
        variant = make_product(variants=[{"stock": 5}]).variants.get()
        for _ in range(2):
            adjust_stock(
                variant_id=variant.pk, delta=2, kind="RECEIVED", reference="parcel 1", now=NOON
            )
        assert stock_of(variant) == (7, 0)
        assert StockMovement.objects.filter(reference="parcel 1").count() == 1

    def test_leaves_what_is_promised_to_orders(self):
        variant = make_product(variants=[{"stock": 5}]).variants.get()
        allocate(quantities={variant.pk: 4})
        with pytest.raises(Rejected, match="Only 1 can be taken: 5 are on hand, 4") as caught:
            adjust_stock(
                variant_id=variant.pk, delta=-2, kind="CORRECTION", reference="count", now=NOON
            )
        assert (caught.value.code, caught.value.field) == ("INVALID", "delta")
        assert stock_of(variant) == (5, 4)
        assert not StockMovement.objects.filter(reference="count").exists()

    @pytest.mark.parametrize(
        ("change", "code", "field"),
        [
            ({"delta": 0}, "INVALID", "delta"),
            ({"delta": 2**31}, "INVALID", "delta"),
            ({"kind": "STOLEN"}, "INVALID", "reason"),
            ({"variant_id": 4711}, "NOT_FOUND", "variantId"),
        ],
    )
    def test_refuses_what_makes_no_sense(self, change, code, field):
        variant = make_product().variants.get()
        arguments = {
            "variant_id": variant.pk,
            "delta": 1,
            "kind": "RECEIVED",
            "reference": "r",
            "now": NOON,
        }
        with pytest.raises(Rejected) as caught:
            adjust_stock(**arguments | change)
        assert (caught.value.code, caught.value.field) == (code, field)

    def test_opens_stock_for_a_variant_that_had_none(self):
        variant = make_product().variants.get()
        Stock.objects.all().delete()
        adjust_stock(variant_id=variant.pk, delta=2, kind="RECEIVED", reference="parcel", now=NOON)
        assert stock_of(variant) == (2, 0)

    def test_puts_a_sold_out_product_back_on_sale(self):
        product = make_product(variants=[{"stock": 0}])
        assert not ProductListing.objects.get().in_stock
        adjust_stock(
            variant_id=product.variants.get().pk,
            delta=9,
            kind="RECEIVED",
            reference="parcel",
            now=NOON,
        )
        assert ProductListing.objects.get().availability == "IN_STOCK"


class TestConstraints:
    @pytest.mark.parametrize("values", [{"allocated": 6}, {"on_hand": -1}, {"allocated": -1}])
    def test_the_database_refuses_impossible_stock(self, values):
        make_product(variants=[{"stock": 5}])
        with pytest.raises(IntegrityError), transaction.atomic():
            Stock.objects.update(**values)

    def test_opening_stock_again_changes_nothing(self):
        variant = make_product(variants=[{"stock": 5}]).variants.get()
        open_stock(variant_ids=[variant.pk])
        assert stock_of(variant) == (5, 0)


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
class TestManyBuyersAtOnce:
    def test_sixteen_buyers_of_a_stock_of_five_get_five(self):
        variant = make_product(variants=[{"stock": 5}]).variants.get()

        def buy(_):
            try:
                allocate(quantities={variant.pk: 1})
            except OutOfStock as error:
                return error.shortages[0].available
            return "bought"

        outcomes = run_at_once(buy, range(16))
        assert outcomes.count("bought") == 5
        assert set(outcomes) == {"bought", 0}
        assert stock_of(variant) == (5, 5)
        assert ProductListing.objects.get().availability == "OUT_OF_STOCK"

    def test_who_misses_one_variant_takes_nothing_of_the_others(self):
        product = make_product(
            variants=[{"options": {"n": "1"}, "stock": 5}, {"options": {"n": "2"}, "stock": 50}]
        )
        scarce, plenty = product.variants.order_by("position")

        def buy(_):
            try:
                allocate(quantities={plenty.pk: 1, scarce.pk: 1})
            except OutOfStock:
                return 0
            return 1

        assert sum(run_at_once(buy, range(16))) == 5
        assert (stock_of(scarce), stock_of(plenty)) == ((5, 5), (50, 5))

    def test_buyers_of_the_same_variants_in_any_order_never_deadlock(self):
        product = make_product(
            variants=[{"options": {"n": str(n)}, "stock": 200} for n in range(6)]
        )
        ids = list(product.variants.values_list("pk", flat=True))

        def buy(buyer):
            for turn in range(12):
                order = ids if (buyer + turn) % 2 else reversed(ids)
                allocate(quantities=dict.fromkeys(order, 1))

        run_at_once(buy, range(8))
        assert {stock_of(variant) for variant in product.variants.all()} == {(200, 96)}

    def test_two_orders_for_the_last_of_two_variants_leave_the_listing_right(self):
        for attempt in range(10):
            product = make_product(
                f"shirt-{attempt}",
                variants=[{"options": {"n": str(n)}, "stock": 1} for n in range(2)],
            )
            ids = product.variants.values_list("pk", flat=True)
            run_at_once(lambda pk: allocate(quantities={pk: 1}), list(ids))
            assert ProductListing.objects.get(product=product).availability == "OUT_OF_STOCK"
