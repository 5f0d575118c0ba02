"""Checkout with a provider that is asked for the money, step by step."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from commerce.models import Order, Payment
from commerce.payments import PROVIDERS, PaymentOutcome
from commerce.services.payments import record_outcome
from tasks.models import Job
from tests.commerce.factories import NOON, available, buy, make_ready_cart, make_variant

pytestmark = pytest.mark.django_db(transaction=True)


class Bank:
    """A provider that answers what a test wants and remembers what it was asked."""

    name = "bank"
    is_offline = False

    def __init__(self):
        self.answers = []
        self.asked = []

    def start(self, *, payment, data):
        assert not connection.in_atomic_block
        self.asked.append((payment.public_id, payment.amount, dict(data)))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def bank(monkeypatch):
    bank = Bank()
    monkeypatch.setitem(PROVIDERS, "bank", bank)
    return bank


@pytest.fixture
def cart(standard):
    make_variant("mug-1", price="10.00", stock=1)
    return make_ready_cart(method=standard, mug_1=1)


def pay(cart):
    return buy(cart, provider="bank", payment_data={"card": "4242"})


class TestAskingTheProvider:
    def test_happens_between_two_transactions_and_confirms_the_order(self, cart, bank):
        bank.answers = [PaymentOutcome(Payment.Status.CAPTURED, reference="b-1")]
        checkout = pay(cart)
        assert bank.asked == [
            (checkout.payment.public_id, Decimal("18.00"), {"card": "4242"}),
        ]
        assert (checkout.order.status, checkout.order.payment_status) == ("CONFIRMED", "PAID")
        assert checkout.payment.captured == Decimal("18.00")
        assert checkout.payment.provider_ref == "b-1"
        assert list(checkout.order.events.order_by("sequence").values_list("kind", flat=True)) == [
            "PLACED",
            "CONFIRMED",
        ]
        assert checkout.jobs == list(Job.objects.all())

    def test_leaves_the_order_waiting_while_it_is_the_clients_turn(self, cart, bank):
        action = {"kind": "REDIRECT", "redirect_url": "https://bank.example.com/3ds"}
        bank.answers = [PaymentOutcome(Payment.Status.PENDING, next_action=action)]
        checkout = pay(cart)
        assert checkout.order.status == "PENDING_PAYMENT"
        assert checkout.payment.next_action == action
        assert checkout.jobs == []

    def test_a_decline_is_refused_and_confirms_nothing(self, cart, bank):
        bank.answers = [PaymentOutcome(Payment.Status.FAILED, reason="No funds.")]
        with pytest.raises(ValidationError, match="No funds") as caught:
            pay(cart)
        assert caught.value.code == "PAYMENT_DECLINED"
        order = Order.objects.get()
        assert (order.status, order.payment_status) == ("PENDING_PAYMENT", "FAILED")
        assert not Job.objects.exists()
        with pytest.raises(ValidationError, match="declined"):
            pay(cart)

    def test_a_repeat_after_a_lost_answer_goes_on_with_the_same_payment(self, cart, bank):
        bank.answers = [TimeoutError(), PaymentOutcome(Payment.Status.AUTHORIZED)]
        with pytest.raises(TimeoutError):
            pay(cart)
        checkout = pay(cart)
        assert checkout.order.status == "CONFIRMED"
        assert bank.asked[0] == bank.asked[1]
        assert Order.objects.count() == 1
        assert available("mug-1") == 0

    def test_a_repeat_after_the_answer_asks_nobody(self, cart, bank):
        bank.answers = [PaymentOutcome(Payment.Status.CAPTURED)]
        one, two = pay(cart), pay(cart)
        assert (one.order, one.payment, one.jobs) == (two.order, two.payment, two.jobs)

    def test_a_second_answer_changes_nothing(self, cart, bank):
        bank.answers = [PaymentOutcome(Payment.Status.CAPTURED)]
        payment = pay(cart).payment
        late = PaymentOutcome(Payment.Status.FAILED)
        assert record_outcome(payment=payment, outcome=late, now=NOON) == []
        assert payment.status == "CAPTURED"
        assert Order.objects.get().payment_status == "PAID"

    def test_is_not_needed_for_manual_payment(self, cart):
        with transaction.atomic():
            assert buy(cart).order.status == "CONFIRMED"
