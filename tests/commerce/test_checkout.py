from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.db import IntegrityError, transaction

from catalog.models import Product, Variant
from commerce.models import (
    Order,
    OrderEvent,
    Payment,
    ShippingMethod,
    Voucher,
    VoucherRedemption,
)
from commerce.payments import PROVIDERS
from commerce.services.carts import set_cart_lines, update_cart
from commerce.services.orders import cancel_order
from commerce.services.payments.giving_back import give_back
from tasks.models import Job
from tests.commerce.bank import Bank
from tests.commerce.factories import (
    LONDON,
    NOON,
    available,
    buy,
    make_cart,
    make_customer,
    make_ready_cart,
    make_variant,
    make_voucher,
    wanted,
)
from tests.commerce.refusals import refused
from tests.invariants import broken_invariants
from users.viewer import ANONYMOUS


@pytest.fixture
def cart(standard):
    make_variant("mug-1", price="9.90", stock=5)
    make_variant("hat-1", price="20.00", stock=5)
    return make_ready_cart(method=standard, mug_1=2, hat_1=1)


class TestPlacedOrder:
    def test_copies_what_the_cart_says(self, cart):
        order = buy(cart).order
        order.refresh_from_db()
        assert order.status == "CONFIRMED"
        assert order.payment_status == "PENDING"
        assert order.email == "ada@example.com"
        assert order.shipping_address == LONDON
        assert order.shipping_method_name == "Standard"
        assert order.placed_at == NOON + timedelta(minutes=1)
        assert order.cart == cart
        assert (order.subtotal, order.shipping) == (Decimal("39.80"), Decimal("5.00"))
        assert (order.tax, order.total) == (Decimal("8.96"), Decimal("53.76"))

    def test_has_lines_that_outlive_changes_of_the_product(self, cart):
        order = buy(cart).order
        Product.objects.update(name="Renamed")
        Variant.objects.update(price=Decimal("1.00"))
        lines = order.lines.order_by("pk").values_list("name", "sku", "quantity", "total")
        assert list(lines) == [
            ("Mug 1", "mug-1", 2, Decimal("19.80")),
            ("Hat 1", "hat-1", 1, Decimal("20.00")),
        ]

    def test_has_a_number_and_another_token_than_the_cart(self, cart):
        order = buy(cart).order
        assert order.number == f"N-{100_000 + order.pk}"
        assert order.token != cart.token

    def test_begins_its_history(self, cart):
        events = OrderEvent.objects.filter(order=buy(cart).order).order_by("sequence")
        assert list(events.values_list("sequence", "kind")) == [(1, "PLACED"), (2, "CONFIRMED")]

    def test_takes_the_stock(self, cart):
        buy(cart)
        assert (available("mug-1"), available("hat-1")) == (3, 4)

    def test_waits_for_its_payment(self, cart):
        payment = buy(cart).payment
        assert (payment.provider, payment.status) == ("manual", "PENDING")
        assert payment.amount == Decimal("53.76")

    def test_enqueues_its_confirmation_in_the_same_transaction(self, cart):
        checkout = buy(cart)
        assert checkout.jobs == list(Job.objects.all())
        (job,) = checkout.jobs
        assert (job.kind, job.status) == ("commerce.send_order_confirmation", "PENDING")
        assert job.kwargs == {"order_id": checkout.order.pk}

    def test_belongs_to_the_customer_who_buys(self, cart):
        customer = make_customer()
        assert buy(cart, viewer=customer).order.user_id == customer.user_id

    def test_counts_a_use_of_its_vouchers(self, standard):
        make_variant()
        voucher = make_voucher()
        cart = make_ready_cart(method=standard, mug_1=3, changes={"voucher_codes": ["SAVE"]})
        order = buy(cart).order
        voucher.refresh_from_db()
        assert voucher.used == 1
        redemption = VoucherRedemption.objects.get(order=order)
        assert redemption.amount == order.discount == Decimal("3.00")

    def test_cannot_be_a_second_one_of_its_cart(self, cart):
        order = buy(cart).order
        with pytest.raises(IntegrityError), transaction.atomic():
            Order.objects.create(number="N-1", cart=order.cart, email="", shipping_address={})

    def test_cannot_have_totals_that_do_not_add_up(self, cart):
        buy(cart)
        with pytest.raises(IntegrityError, match="order_adds_up"), transaction.atomic():
            Order.objects.update(total=1)


class TestRepeat:
    def test_with_the_same_key_has_the_same_result(self, cart):
        one, two = buy(cart), buy(cart)
        assert (one.order, one.payment, one.jobs) == (two.order, two.payment, two.jobs)
        assert Order.objects.count() == Job.objects.count() == 1
        assert available("mug-1") == 3

    def test_with_the_same_key_and_other_arguments_is_refused(self, cart):
        buy(cart)
        with refused(("IDEMPOTENCY_CONFLICT", "idempotencyKey")):
            buy(cart, quote_total=Decimal("53.76"))

    def test_is_the_same_whatever_digits_the_total_is_written_with(self, cart):
        Variant.objects.filter(sku="mug-1").update(price=Decimal("10.00"))
        # 2 x 10.00 + 20.00, 5.00 for sending, 20 percent of both.
        update_cart(viewer=ANONYMOUS, token=cart.token, changes={}, now=NOON)
        orders = {
            buy(cart, quote_total=Decimal(total)).order.pk for total in ("54.00", "54", "5.4E+1")
        }
        assert len(orders) == Order.objects.count() == 1

    def test_with_another_key_is_refused(self, cart):
        number = buy(cart).order.number
        with refused(("CART_ALREADY_ORDERED", "cartToken"), match=number):
            buy(cart, key="key-2")

    def test_of_a_refused_checkout_may_use_its_key(self, cart):
        with refused(("QUOTE_EXPIRED", "cartToken")):
            buy(cart, now=NOON + timedelta(days=1))
        assert buy(cart).order.number

    def test_needs_a_key(self, cart):
        with refused(("REQUIRED", "idempotencyKey")):
            buy(cart, key="")


class TestRefusedCheckout:
    def test_of_more_than_the_shop_has(self, standard):
        make_variant("mug-1", stock=1)
        make_variant("hat-1")
        cart = make_ready_cart(method=standard, hat_1=1, mug_1=2)
        with refused(("OUT_OF_STOCK", "lines.1"), match="Only 1 of mug-1 left"):
            buy(cart)

    def test_of_an_empty_cart(self, cart):
        set_cart_lines(viewer=ANONYMOUS, token=cart.token, lines=wanted(mug_1=0, hat_1=0), now=NOON)
        with refused(("CART_EMPTY", "cartToken")):
            buy(cart)

    def test_of_a_cart_that_lacks_everything_but_goods(self):
        make_variant()
        cart = make_cart(mug_1=1)
        with refused(
            ("REQUIRED", "email"), ("REQUIRED", "shippingAddress"), ("REQUIRED", "shippingMethod")
        ):
            buy(cart)

    def test_by_a_method_that_is_no_longer_offered(self, cart, standard):
        type(standard).objects.update(is_active=False)
        with refused(("REQUIRED", "shippingMethod")):
            buy(cart)

    def test_of_an_unknown_cart(self, cart):
        with refused(("NOT_FOUND", "cartToken")):
            buy(cart, cart_token="garbage")

    def test_of_a_customers_cart_by_somebody_else(self, standard):
        make_variant()
        cart = make_ready_cart(method=standard, viewer=make_customer("ada@example.com"), mug_1=1)
        bob = make_customer("bob@example.com")
        for viewer in [ANONYMOUS, bob]:
            with refused(("NOT_FOUND", "cartToken")):
                buy(cart, viewer=viewer)

    def test_of_what_is_no_longer_sold(self, cart):
        Product.objects.filter(slug="hat-1").update(is_published=False)
        with refused(("NOT_FOUND", "lines.1"), match="no longer sold"):
            buy(cart)

    def test_by_an_unknown_provider(self, cart):
        with refused(("INVALID", "payment.provider")):
            buy(cart, provider="barter")


class TestQuote:
    def test_that_has_expired_is_refused_until_an_update_renews_it(self, cart):
        late = NOON + timedelta(minutes=30)
        with refused(("QUOTE_EXPIRED", "cartToken")):
            buy(cart, now=late)
        update_cart(viewer=ANONYMOUS, token=cart.token, changes={}, now=late)
        assert buy(cart, now=late).order.number

    def test_another_price_than_the_stored_one_is_refused_with_both(self, cart):
        Variant.objects.filter(sku="hat-1").update(price=Decimal("30.00"))
        with refused(
            ("PRICE_CHANGED", "cartToken"),
            ("PRICE_CHANGED", "lines.1"),
            match=r"53\.76 .* 65\.76 .* hat-1 was 20\.00 and is 30\.00 now",
        ):
            buy(cart)

    def test_each_line_whose_price_changed_is_named(self, cart):
        Variant.objects.filter(sku="mug-1").update(price=Decimal("9.00"), sku=None)
        Variant.objects.filter(sku="hat-1").update(price=Decimal("30.00"))
        with refused(
            ("PRICE_CHANGED", "quoteTotal"),
            ("PRICE_CHANGED", "lines.0"),
            ("PRICE_CHANGED", "lines.1"),
            match=r"53\.76 .* Mug 1 was 9\.90 and is 9\.00 now",
        ):
            buy(cart, quote_total=Decimal("53.76"))

    def test_no_line_is_named_where_the_shipping_costs_another_price(self, cart):
        ShippingMethod.objects.update(price=Decimal("6.00"))
        with refused(("PRICE_CHANGED", "cartToken"), match=r"53\.76 .* 54\.96"):
            buy(cart)

    def test_another_total_than_the_buyer_was_shown_is_refused(self, cart):
        with refused(("PRICE_CHANGED", "quoteTotal"), match=r"50\.00 .* 53\.76"):
            buy(cart, quote_total=Decimal("50.00"))

    def test_the_new_price_is_good_where_the_buyer_was_shown_it(self, cart):
        Variant.objects.filter(sku="hat-1").update(price=Decimal("30.00"))
        order = buy(cart, quote_total=Decimal("65.76")).order
        assert order.total == Decimal("65.76")
        assert order.lines.get(sku="hat-1").unit_price == Decimal("30.00")

    def test_a_voucher_that_ended_in_between_changes_the_price(self, standard):
        make_variant()
        make_voucher(valid_until=NOON + timedelta(seconds=1))
        cart = make_ready_cart(method=standard, mug_1=1, changes={"voucher_codes": ["SAVE"]})
        with refused(("PRICE_CHANGED", "cartToken")):
            buy(cart)

    def test_a_voucher_that_takes_nothing_off_is_not_used(self, standard):
        make_variant(price="10.00")
        make_voucher(minimum_subtotal=Decimal("20.00"))
        cart = make_ready_cart(method=standard, mug_1=2, changes={"voucher_codes": ["SAVE"]})
        set_cart_lines(viewer=ANONYMOUS, token=cart.token, lines=wanted(mug_1=1), now=NOON)
        assert buy(cart).order.discount == 0
        assert Voucher.objects.get().used == VoucherRedemption.objects.count() == 0


class TestOrderThatCostsNothing:
    @pytest.fixture
    def order(self, standard):
        make_variant()
        make_voucher("ALL", value="100")
        make_voucher("POST", kind="FREE_SHIPPING", value="0")
        cart = make_ready_cart(method=standard, mug_1=1, changes={"voucher_codes": ["ALL", "POST"]})
        bank = Bank()
        with patch.dict(PROVIDERS, bank=bank):
            order = buy(cart, provider="bank").order
            assert buy(cart, provider="bank").order == order
        assert bank.asked == []
        return order

    def test_is_confirmed_and_paid_although_no_provider_was_asked(self, order):
        order = Order.objects.get(pk=order.pk)
        assert (order.total, order.status, order.payment_status) == (0, "CONFIRMED", "PAID")
        assert Payment.objects.get().status == "CAPTURED"
        assert [job.kind for job in Job.objects.all()] == ["commerce.send_order_confirmation"]
        last = order.events.order_by("sequence").last()
        assert last.message == "The order is confirmed; there is nothing to pay."
        assert broken_invariants() == []

    def test_can_be_called_off(self, order):
        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        (job,) = Job.objects.filter(kind="commerce.give_money_back")
        with patch.dict(PROVIDERS, bank=Bank()):
            give_back(**job.kwargs, now=NOON)
        order.refresh_from_db()
        assert (order.status, order.payment_status) == ("CANCELLED", "PAID")
        assert Voucher.objects.filter(used__gt=0).count() == 0
        assert broken_invariants() == []
