from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db.models import Sum

from catalog.models import ProductListing, Stock, StockMovement
from catalog.services.stock import allocate
from catalog.services.stocktaking import VariantName, enter_adjustment, enter_count
from tasks.errors import Rejected
from tests.catalog.factories import make_product, run_at_once, stock_of
from users.viewer import Viewer

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
CLERK = Viewer(user_id=1)


def named(variant):
    return VariantName(sku=None, variant_id=variant.pk)


def adjust(variant, delta, *, viewer=CLERK, reason="RECEIVED", **given):
    return enter_adjustment(
        viewer=viewer, variant=named(variant), delta=delta, reason=reason, now=NOON, **given
    )


def count(variant, on_hand, *, viewer=CLERK, **given):
    return enter_count(viewer=viewer, variant=named(variant), on_hand=on_hand, now=NOON, **given)


@pytest.fixture
def variant():
    return make_product(variants=[{"sku": "MUG-1", "stock": 5}]).variants.get()


class TestEnterAdjustment:
    def test_leaves_a_movement_with_reason_and_time(self, variant):
        assert adjust(variant, -2, reason="DAMAGED") == variant.pk
        assert stock_of(variant) == (3, 0)
        movement = StockMovement.objects.latest("pk")
        assert (movement.delta, movement.kind, movement.created_at) == (-2, "DAMAGED", NOON)

    def test_finds_a_variant_by_its_sku(self, variant):
        name = VariantName(sku="MUG-1", variant_id=None)
        enter_adjustment(viewer=CLERK, variant=name, delta=1, reason="RECEIVED", now=NOON)
        assert stock_of(variant) == (6, 0)

    def test_happens_once_per_key_and_person(self, variant):
        for _ in range(2):
            adjust(variant, 2, idempotency_key="k")
        assert stock_of(variant) == (7, 0)
        adjust(variant, 2, idempotency_key="k", viewer=Viewer(user_id=2))
        assert stock_of(variant) == (9, 0)
        with pytest.raises(Rejected) as caught:
            adjust(variant, 3, idempotency_key="k")
        assert caught.value.code == "IDEMPOTENCY_CONFLICT"

    @pytest.mark.parametrize("reason", ["IMPORTED", "SHIPPED", "received", ""])
    def test_takes_people_s_reasons_alone(self, variant, reason):
        with pytest.raises(Rejected) as caught:
            adjust(variant, 1, reason=reason)
        assert (caught.value.code, caught.value.field) == ("INVALID", "reason")

    def test_puts_a_sold_out_product_back_on_sale(self):
        sold_out = make_product(variants=[{"stock": 0}]).variants.get()
        adjust(sold_out, 9)
        assert ProductListing.objects.get().availability == "IN_STOCK"


class TestEnterCount:
    def test_makes_the_difference_a_movement(self, variant):
        count(variant, 3)
        movement = StockMovement.objects.latest("pk")
        assert (movement.delta, movement.kind) == (-2, "CORRECTION")
        assert stock_of(variant) == (3, 0)
        count(variant, 10, reason="RECEIVED", expected_on_hand=3)
        movement = StockMovement.objects.latest("pk")
        assert (movement.delta, movement.kind) == (7, "RECEIVED")

    def test_of_what_is_there_already_moves_nothing(self, variant):
        count(variant, 5)
        assert StockMovement.objects.count() == 1

    def test_refuses_when_others_changed_it_meanwhile(self, variant):
        with pytest.raises(Rejected, match="There are 5 by now") as caught:
            count(variant, 3, expected_on_hand=4)
        assert (caught.value.code, caught.value.field) == ("VERSION_CONFLICT", "expectedOnHand")
        assert stock_of(variant) == (5, 0)

    def test_leaves_what_is_promised_to_orders(self, variant):
        allocate(quantities={variant.pk: 4})
        count(variant, 4)
        with pytest.raises(Rejected, match="4 are promised") as caught:
            count(variant, 3)
        assert (caught.value.code, caught.value.field) == ("INVALID", "onHand")
        assert stock_of(variant) == (4, 4)

    @pytest.mark.parametrize("on_hand", [-1, 2**31])
    def test_refuses_impossible_numbers(self, variant, on_hand):
        with pytest.raises(Rejected) as caught:
            count(variant, on_hand)
        assert (caught.value.code, caught.value.field) == ("INVALID", "onHand")

    def test_happens_once_per_key(self, variant):
        count(variant, 3, expected_on_hand=5, idempotency_key="k")
        adjust(variant, 1)
        count(variant, 3, expected_on_hand=5, idempotency_key="k")
        assert stock_of(variant) == (4, 0)

    def test_moves_the_listing_as_stock_runs_out(self, variant):
        count(variant, 0)
        assert not ProductListing.objects.get().in_stock

    def test_opens_stock_for_a_variant_that_had_none(self, variant):
        Stock.objects.all().delete()
        count(variant, 2)
        assert stock_of(variant) == (2, 0)


class TestNames:
    @pytest.mark.parametrize(
        ("name", "code", "field"),
        [
            ((None, None), "REQUIRED", "sku"),
            (("MUG-1", 1), "INVALID", "sku"),
            (("NOTHING", None), "NOT_FOUND", "sku"),
            (("", None), "NOT_FOUND", "sku"),
            ((None, 4711), "NOT_FOUND", "variantId"),
            ((None, 2**63 - 1), "NOT_FOUND", "variantId"),
        ],
    )
    def test_that_name_no_variant_are_refused(self, variant, name, code, field):
        for enter, given in (
            (enter_adjustment, {"delta": 1, "reason": "RECEIVED"}),
            (enter_count, {"on_hand": 1}),
        ):
            with pytest.raises(Rejected) as caught:
                enter(viewer=CLERK, variant=VariantName(*name), now=NOON, **given)
            assert (caught.value.code, caught.value.field) == (code, field)


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
class TestManyClerksAtOnce:
    def test_movements_sum_up_whoever_is_first(self, variant):
        def work(number):
            try:
                match number % 3:
                    case 0:
                        adjust(variant, 2)
                    case 1:
                        adjust(variant, -3, reason="DAMAGED")
                    case 2:
                        count(variant, number)
            except Rejected as error:
                return error.code
            return "done"

        assert set(run_at_once(work, range(15))) <= {"done", "INVALID"}
        total = StockMovement.objects.aggregate(sum=Sum("delta"))["sum"]
        assert total == Stock.objects.get().on_hand

    def test_they_take_no_more_than_there_is(self, variant):
        def take(_):
            try:
                adjust(variant, -1, reason="DAMAGED")
            except Rejected:
                return 0
            return 1

        assert sum(run_at_once(take, range(12))) == 5
        assert stock_of(variant) == (0, 0)

    def test_one_key_changes_stock_once(self, variant):
        run_at_once(lambda _: adjust(variant, 2, idempotency_key="k"), range(6))
        assert stock_of(variant) == (7, 0)

    def test_of_those_who_expect_the_same_one_counts(self, variant):
        def work(number):
            try:
                count(variant, number, expected_on_hand=5)
            except Rejected as error:
                return error.code
            return "done"

        outcomes = run_at_once(work, range(6, 12))
        assert sorted(outcomes) == ["VERSION_CONFLICT"] * 5 + ["done"]
