"""Payments that are given back, and orders that nobody pays."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from commerce.models import Order, Payment, PaymentOperation, Voucher
from commerce.payments import PaymentOutcome, ProviderUnavailable
from commerce.services import expiry
from commerce.services.expiry import expire_unpaid_orders
from commerce.services.orders import cancel_order
from commerce.services.orders import give_back as give_back_order
from commerce.services.payments.asking import confirm_payment
from commerce.services.payments.giving_back import give_back
from commerce.services.payments.operations import finish
from commerce.services.payments.recording import record_outcome
from tasks.errors import TryAgain
from tasks.models import Job
from tests.commerce.factories import (
    NOON,
    available,
    buy,
    make_ready_cart,
    make_variant,
    make_voucher,
)
from tests.commerce.refusals import refused
from tests.commerce.tills import (
    AUTHORIZED,
    CANCELLED,
    CAPTURED,
    DONE,
    REFUSED,
    amounts,
    capture,
    last_event,
    refund,
    shown,
)
from users.viewer import ANONYMOUS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books_agree")]


def give_everything_back():
    """Run the jobs that give money back."""
    for job in Job.objects.filter(kind="commerce.give_money_back", status="PENDING"):
        give_back(**job.kwargs, now=NOON)


class TestOrderThatIsCancelled:
    def test_releases_what_was_reserved(self, pay, bank):
        order = pay(AUTHORIZED)
        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        bank.answers = [CANCELLED]
        for _ in range(2):
            give_everything_back()
        assert [asked[0] for asked in bank.asked] == ["start", "cancel"]
        assert Payment.objects.get().status == "CANCELLED"
        assert amounts() == ("0.00", "0.00", "0.00")
        assert shown(order) == ("CANCELLED", "PENDING")
        assert last_event(order)[0] == "PAYMENT_RELEASED"

    def test_refunds_what_was_captured(self, pay, bank):
        order = pay(CAPTURED)
        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        bank.answers = [DONE]
        for _ in range(2):
            give_everything_back()
        assert shown(order) == ("CANCELLED", "REFUNDED")

    def test_refunds_the_rest_only(self, pay, bank):
        order = pay(CAPTURED)
        bank.answers = [DONE, DONE]
        refund(order, "8.00")
        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        give_everything_back()
        assert bank.asked[-1][2] == Decimal("10.00")
        assert shown(order) == ("CANCELLED", "REFUNDED")

    def test_refunds_what_was_captured_just_before_it_could_be_released(self, pay, bank):
        order = pay(AUTHORIZED)
        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        bank.answers = [CAPTURED, DONE]
        give_everything_back()
        assert shown(order) == ("CANCELLED", "REFUNDED")

    def test_refunds_a_capture_that_was_under_way(self, pay, bank):
        order = pay(AUTHORIZED)
        bank.answers = [ProviderUnavailable()]
        capture(order)
        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        bank.answers = [CANCELLED, DONE, DONE]
        give_everything_back()
        finish(operation_id=PaymentOperation.objects.get().pk, now=NOON)
        give_everything_back()
        assert shown(order) == ("CANCELLED", "REFUNDED")
        assert amounts() == ("18.00", "18.00", "18.00")

    def test_releases_a_capture_that_was_under_way_and_then_refused(self, pay, bank):
        order = pay(AUTHORIZED)
        bank.answers = [ProviderUnavailable()]
        capture(order)
        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        bank.answers = [CANCELLED, REFUSED]
        give_everything_back()
        with pytest.raises(ValidationError, match="The bank says no"):
            finish(operation_id=PaymentOperation.objects.get().pk, now=NOON)
        assert Payment.objects.get().status == "CANCELLED"
        assert amounts() == ("0.00", "0.00", "0.00")
        assert shown(order) == ("CANCELLED", "PENDING")

    def test_tries_again_where_the_provider_does_not_answer(self, pay, bank):
        order = pay(AUTHORIZED)
        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        bank.answers = [ProviderUnavailable()]
        with pytest.raises(TryAgain):
            give_everything_back()

    def test_tells_staff_what_the_provider_refuses_to_give_back(self, pay, bank):
        order = pay(CAPTURED)
        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        bank.answers = [REFUSED]
        with pytest.raises(ValidationError, match="The bank says no"):
            give_everything_back()

    def test_leaves_money_from_outside_the_system_to_staff(self, cart):
        order = buy(cart).order
        capture(order, "9.90")
        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        assert shown(order) == ("CANCELLED", "PAID")
        assert not Job.objects.filter(kind="commerce.give_money_back").exists()
        assert refund(order, key="k-2").order.payment_status == "REFUNDED"


class TestPaymentThatIsNotWanted:
    def test_is_cancelled_at_the_provider_after_a_decline(self, pay, bank):
        with pytest.raises(ValidationError):
            pay(PaymentOutcome(Payment.Status.FAILED))
        bank.answers = [CANCELLED]
        give_everything_back()
        assert Payment.objects.get().status == "FAILED"

    def test_is_kept_where_it_succeeds_before_it_could_be_cancelled(self, pay, bank):
        with pytest.raises(ValidationError):
            pay(PaymentOutcome(Payment.Status.FAILED))
        bank.answers = [CAPTURED]
        give_everything_back()
        assert shown(Order.objects.get()) == ("CONFIRMED", "PAID")
        give_everything_back()
        assert amounts() == ("18.00", "18.00", "0.00")

    def test_is_refunded_where_another_one_has_paid(self, pay, cart, bank):
        with pytest.raises(ValidationError):
            pay(PaymentOutcome(Payment.Status.FAILED))
        first = Payment.objects.get()
        bank.answers = [PaymentOutcome(Payment.Status.CAPTURED, "b-2")]
        buy(cart, provider="bank", key="key-2")
        record_outcome(payment=first, outcome=CAPTURED, now=NOON)
        bank.answers = [DONE]
        give_everything_back()
        refunded = Payment.objects.order_by("pk").values_list("refunded", flat=True)
        assert list(refunded) == [Decimal("18.00"), Decimal("0.00")]
        assert shown(Order.objects.get()) == ("CONFIRMED", "PAID")

    def test_is_not_waited_for_where_an_earlier_one_has_paid(self, pay, cart, bank):
        with pytest.raises(ValidationError):
            pay(PaymentOutcome(Payment.Status.FAILED))
        first = Payment.objects.get()
        bank.answers = [PaymentOutcome(Payment.Status.PENDING, next_action={"kind": "REDIRECT"})]
        second = buy(cart, provider="bank", key="key-2").payment
        record_outcome(payment=first, outcome=CAPTURED, now=NOON)
        assert shown(Order.objects.get()) == ("CONFIRMED", "PAID")
        with refused(("INVALID_TRANSITION", "paymentId")):
            confirm_payment(public_id=second.public_id, data={}, now=NOON)
        bank.answers = [CANCELLED]
        give_everything_back()
        assert bank.asked[-1] == ("cancel", second.public_id)
        second.refresh_from_db()
        assert second.status == "CANCELLED"
        assert shown(Order.objects.get()) == ("CONFIRMED", "PAID")

    def test_is_not_captured_by_staff(self, pay, cart, bank):
        with pytest.raises(ValidationError):
            pay(PaymentOutcome(Payment.Status.FAILED))
        first = Payment.objects.get()
        bank.answers = [PaymentOutcome(Payment.Status.CAPTURED, "b-2")]
        order = buy(cart, provider="bank", key="key-2").order
        record_outcome(payment=first, outcome=AUTHORIZED, now=NOON)
        with refused(("INVALID_TRANSITION", "orderNumber")):
            capture(order)

    def test_that_is_gone_needs_nothing(self):
        give_back(payment_id=0, now=NOON)


LATE = NOON + timedelta(minutes=62)


class TestUnpaidOrders:
    def test_expire_and_give_back_what_they_hold(self, standard, bank):
        make_variant("mug-1", stock=1)
        make_voucher(usage_limit=1)
        cart = make_ready_cart(method=standard, mug_1=1, changes={"voucher_codes": ["SAVE"]})
        bank.answers = [PaymentOutcome(Payment.Status.PENDING, "b-1"), CANCELLED]
        order = buy(cart, provider="bank").order
        assert expire_unpaid_orders(now=LATE) == 1
        assert expire_unpaid_orders(now=LATE) == 0
        assert available("mug-1") == 1
        assert Voucher.objects.get().used == 0
        assert last_event(order)[0] == "EXPIRED"
        give_everything_back()
        assert Payment.objects.get().status == "CANCELLED"
        assert shown(order) == ("EXPIRED", "PENDING")

    def test_take_no_money_afterwards(self, pay, bank):
        order = pay(ProviderUnavailable())
        expire_unpaid_orders(now=LATE)
        with refused(("INVALID_TRANSITION", "paymentId")):
            confirm_payment(public_id=Payment.objects.get().public_id, data={}, now=LATE)
        assert [asked[0] for asked in bank.asked] == ["start"]
        assert shown(order)[0] == "EXPIRED"

    def test_that_cannot_expire_keep_no_other_from_it(self, pay, standard, monkeypatch):
        first = pay(PaymentOutcome(Payment.Status.PENDING))
        cart = make_ready_cart(method=standard, mug_1=1)
        second = pay(PaymentOutcome(Payment.Status.PENDING), cart)

        def give_back_second(order):
            if order.pk == first.pk:
                raise ArithmeticError("The books of this order are wrong.")
            give_back_order(order)

        monkeypatch.setattr(expiry, "give_back", give_back_second)
        with pytest.raises(ValidationError, match=f"1 orders could not expire.* {first.pk}"):
            expire_unpaid_orders(now=LATE)
        assert (shown(first)[0], shown(second)[0]) == ("PENDING_PAYMENT", "EXPIRED")

    def test_do_not_expire_before_their_time(self, pay, settings):
        order = pay(PaymentOutcome(Payment.Status.PENDING))
        assert expire_unpaid_orders(now=NOON + timedelta(minutes=60)) == 0
        settings.ORDER_PAYMENT_TIMEOUT = timedelta(minutes=30)
        assert expire_unpaid_orders(now=NOON + timedelta(minutes=60)) == 1
        assert shown(order)[0] == "EXPIRED"

    def test_have_as_much_time_for_another_payment(self, pay, bank, cart):
        with pytest.raises(ValidationError):
            pay(PaymentOutcome(Payment.Status.FAILED))
        bank.answers = [PaymentOutcome(Payment.Status.PENDING)]
        again = NOON + timedelta(minutes=55)
        order = buy(cart, key="key-2", provider="bank", now=again).order
        assert expire_unpaid_orders(now=LATE) == 0
        assert expire_unpaid_orders(now=again + timedelta(minutes=60)) == 0
        assert expire_unpaid_orders(now=again + timedelta(minutes=61)) == 1
        assert shown(order)[0] == "EXPIRED"

    def test_with_a_refused_payment_expire_too(self, pay):
        with pytest.raises(ValidationError):
            pay(PaymentOutcome(Payment.Status.FAILED))
        assert expire_unpaid_orders(now=LATE) == 1
        assert shown(Order.objects.get()) == ("EXPIRED", "FAILED")

    def test_that_are_paid_or_by_manual_payment_never_expire(self, pay, cart, standard):
        pay(CAPTURED)
        buy(make_ready_cart(method=standard, mug_1=1), key="key-2")
        assert expire_unpaid_orders(now=NOON + timedelta(days=365)) == 0

    @pytest.mark.parametrize("late", [AUTHORIZED, CAPTURED])
    def test_that_are_paid_after_all_give_the_money_back_and_say_so(self, pay, bank, late):
        order = pay(PaymentOutcome(Payment.Status.PENDING))
        expire_unpaid_orders(now=LATE)
        record_outcome(payment=Payment.objects.get(), outcome=late, now=LATE)
        assert last_event(order)[0] == "PAYMENT_LATE"
        bank.answers = [CANCELLED if late is AUTHORIZED else DONE]
        give_everything_back()
        payment = Payment.objects.get()
        assert shown(order)[0] == "EXPIRED"
        assert payment.authorized == payment.captured == payment.refunded
        assert available("mug-1") == 5
        assert not Job.objects.filter(kind="commerce.send_order_confirmation").exists()
