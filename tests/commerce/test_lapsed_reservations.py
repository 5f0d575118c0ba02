"""Money that was reserved for an order and is free again before it was captured."""

from __future__ import annotations

import pytest

from commerce.models import Order, Payment
from commerce.payments import PaymentOutcome, ProviderUnavailable
from commerce.services.fulfillments import create_fulfillment
from commerce.services.orders import cancel_order
from commerce.services.payments.asking import ask_provider
from commerce.services.payments.recording import record_outcome
from tasks.models import Job
from tests.commerce.factories import NOON, available, buy
from tests.commerce.refusals import refused
from tests.commerce.tills import (
    AUTHORIZED,
    CANCELLED,
    CAPTURED,
    DONE,
    capture,
    last_event,
    refund,
    shown,
)
from users.roles import ROLES
from users.viewer import Viewer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books_agree")]

STAFF = Viewer(permissions=ROLES["order_manager"])


@pytest.fixture
def lapsed(cart, bank) -> Order:
    """A confirmed order whose reservation the bank has ended."""
    bank.answers = [AUTHORIZED]
    order = buy(cart, provider="bank").order
    record_outcome(payment=Payment.objects.get(), outcome=CANCELLED, now=NOON)
    Payment.objects.update(provider_ref="b-0")  # the next one's is b-1 again
    return order


def pay_again(cart, key="key-2", provider="bank"):
    return buy(cart, key=key, provider=provider).order


class TestLapsedReservation:
    def test_shows_as_a_payment_that_failed(self, lapsed):
        assert shown(lapsed) == ("CONFIRMED", "FAILED")
        assert last_event(lapsed)[0] == "PAYMENT_RELEASED"

    def test_is_not_brought_back_by_news_that_comes_late(self, lapsed):
        record_outcome(payment=Payment.objects.get(), outcome=AUTHORIZED, now=NOON)
        assert shown(lapsed) == ("CONFIRMED", "FAILED")
        assert Payment.objects.get().authorized == 0
        assert last_event(lapsed)[0] == "PAYMENT_RELEASED"

    def test_lets_staff_call_the_order_off(self, lapsed):
        cancel_order(viewer=STAFF, number=lapsed.number, now=NOON)
        assert shown(lapsed) == ("CANCELLED", "PENDING")
        assert available("mug-1") == 5

    @pytest.mark.parametrize(("answer", "status"), [(AUTHORIZED, "AUTHORIZED"), (CAPTURED, "PAID")])
    def test_lets_the_buyer_pay_again(self, lapsed, cart, bank, answer, status):
        bank.answers = [answer]
        assert pay_again(cart) == lapsed
        assert shown(lapsed) == ("CONFIRMED", status)
        assert last_event(lapsed) == ("CONFIRMED", "We have your new payment.")
        assert available("mug-1") == 4
        assert Job.objects.filter(kind="commerce.send_order_confirmation").count() == 1

    def test_lets_the_buyer_pay_what_was_sent_already(self, lapsed, cart, bank):
        create_fulfillment(viewer=STAFF, order_number=lapsed.number, now=NOON)
        bank.answers = [CAPTURED]
        pay_again(cart)
        assert shown(lapsed) == ("FULFILLED", "PAID")

    def test_lets_staff_record_money_that_comes_outside_the_system(self, lapsed, cart):
        pay_again(cart, provider="manual")
        assert shown(lapsed) == ("CONFIRMED", "PENDING")
        capture(lapsed)
        assert shown(lapsed) == ("CONFIRMED", "PAID")

    def test_may_lapse_again(self, lapsed, cart, bank):
        bank.answers = [AUTHORIZED]
        pay_again(cart)
        record_outcome(payment=Payment.objects.latest("pk"), outcome=CANCELLED, now=NOON)
        assert shown(lapsed) == ("CONFIRMED", "FAILED")


class TestNewPayment:
    def test_whose_answer_got_lost_is_asked_for_by_a_job(self, lapsed, cart, bank):
        bank.answers = [ProviderUnavailable(), CAPTURED]
        payment = buy(cart, key="key-2", provider="bank").payment
        assert shown(lapsed) == ("CONFIRMED", "PENDING")
        ask_provider(payment_id=payment.pk, now=NOON)
        assert shown(lapsed) == ("CONFIRMED", "PAID")

    def test_is_the_only_one(self, lapsed, cart, bank):
        bank.answers = [CAPTURED]
        pay_again(cart)
        with refused(("CART_ALREADY_ORDERED", "cartToken")):
            pay_again(cart, key="key-3")

    def test_is_given_back_where_the_first_was_captured_and_refunded(self, cart, bank, lapsed):
        bank.answers = [CAPTURED, DONE]
        pay_again(cart)
        refund(lapsed)
        assert shown(lapsed) == ("CONFIRMED", "REFUNDED")
        late = Payment.objects.order_by("pk").first()
        outcome = PaymentOutcome(Payment.Status.CAPTURED, "b-0")
        record_outcome(payment=late, outcome=outcome, now=NOON)
        late.refresh_from_db()
        assert late.is_superseded
        assert shown(lapsed) == ("CONFIRMED", "REFUNDED")
        assert last_event(lapsed)[0] == "PAYMENT_LATE"
