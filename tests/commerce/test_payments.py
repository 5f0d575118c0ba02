"""Checkout with a provider that is asked for the money, step by step."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from commerce.models import Order, Payment, PaymentStatus
from commerce.payments import PROVIDERS, PaymentOutcome, ProviderUnavailable
from commerce.services.orders import cancel_order
from commerce.services.payments.asking import ask_provider, confirm_payment
from commerce.services.payments.books import payment_status
from commerce.services.payments.recording import record_outcome
from tasks.errors import TryAgain
from tasks.models import Job
from tests.commerce.factories import NOON, available, buy, make_ready_cart, make_variant
from tests.commerce.refusals import refused
from users.viewer import ANONYMOUS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books_agree")]

ACTION = {"kind": "REDIRECT", "redirect_url": "https://bank.example.com/3ds"}


def captured(**fields):
    return PaymentOutcome(Payment.Status.CAPTURED, **fields)


def declined(reason="No funds."):
    return PaymentOutcome(Payment.Status.FAILED, reason=reason)


def waiting():
    return PaymentOutcome(Payment.Status.PENDING, next_action=ACTION)


@pytest.fixture
def cart(standard):
    make_variant("mug-1", price="10.00", stock=1)
    return make_ready_cart(method=standard, mug_1=1)


def pay(cart, **options):
    return buy(cart, **{"provider": "bank", "payment_data": {"card": "4242"}, **options})


def confirm(payment, **data):
    return confirm_payment(public_id=str(payment.public_id), data=data, now=NOON)


def kinds():
    return list(Order.objects.get().events.order_by("sequence").values_list("kind", flat=True))


def jobs(*kinds):
    return list(Job.objects.order_by("pk").values_list("kind", flat=True)) == [
        f"commerce.{kind}" for kind in kinds
    ]


class TestAskingTheProvider:
    def test_happens_between_two_transactions_and_confirms_the_order(self, cart, bank):
        bank.answers = [captured(reference="b-1")]
        checkout = pay(cart)
        assert bank.asked == [
            ("start", checkout.payment.public_id, Decimal("18.00"), {"card": "4242"}),
        ]
        assert (checkout.order.status, checkout.order.payment_status) == ("CONFIRMED", "PAID")
        payment = Payment.objects.get()
        assert (payment.captured, payment.provider_ref) == (Decimal("18.00"), "b-1")
        assert kinds() == ["PLACED", "CONFIRMED"]
        assert [job.kind for job in checkout.jobs] == ["commerce.send_order_confirmation"]

    def test_leaves_the_order_waiting_while_it_is_the_clients_turn(self, cart, bank):
        bank.answers = [waiting()]
        checkout = pay(cart)
        assert checkout.order.status == "PENDING_PAYMENT"
        assert checkout.payment.next_action == ACTION
        # The same again asks nobody: it is the client's turn.
        assert pay(cart).payment.next_action == ACTION
        assert len(bank.asked) == 1

    def test_a_decline_is_refused_and_confirms_nothing(self, cart, bank):
        bank.answers = [declined()]
        with pytest.raises(ValidationError, match="No funds") as caught:
            pay(cart)
        assert (caught.value.code, caught.value.field) == ("PAYMENT_DECLINED", "payment")
        order = Order.objects.get()
        assert (order.status, order.payment_status) == ("PENDING_PAYMENT", "FAILED")
        assert kinds() == ["PLACED", "PAYMENT_FAILED"]
        assert jobs("ask_payment_provider", "give_money_back")
        with pytest.raises(ValidationError, match="declined"):
            pay(cart)

    def test_a_repeat_after_a_lost_answer_goes_on_with_the_same_payment(self, cart, bank):
        bank.answers = [RuntimeError(), PaymentOutcome(Payment.Status.AUTHORIZED)]
        with pytest.raises(RuntimeError):
            pay(cart)
        checkout = pay(cart)
        assert (checkout.order.status, checkout.order.payment_status) == ("CONFIRMED", "AUTHORIZED")
        assert [(asked[0], asked[1]) for asked in bank.asked] == [
            ("start", checkout.payment.public_id),
            ("confirm", checkout.payment.public_id),
        ]
        assert Order.objects.count() == 1
        assert available("mug-1") == 0

    def test_a_repeat_after_the_answer_asks_nobody(self, cart, bank):
        bank.answers = [captured()]
        one, two = pay(cart), pay(cart)
        assert (one.order, one.payment, one.jobs) == (two.order, two.payment, two.jobs)

    def test_a_second_answer_changes_nothing(self, cart, bank):
        bank.answers = [captured()]
        payment = pay(cart).payment
        for late in (declined(), waiting(), PaymentOutcome(Payment.Status.AUTHORIZED), captured()):
            assert record_outcome(payment=payment, outcome=late, now=NOON).jobs == []
            assert Payment.objects.get().status == "CAPTURED"
            assert Order.objects.get().payment_status == "PAID"
        assert kinds() == ["PLACED", "CONFIRMED"]

    def test_is_not_needed_for_manual_payment(self, cart):
        with transaction.atomic():
            assert buy(cart).order.status == "CONFIRMED"


class TestProviderWithoutAnswer:
    def test_leaves_the_order_waiting_with_a_job_that_asks_again(self, cart, bank):
        bank.answers = [ProviderUnavailable()]
        checkout = pay(cart)
        assert (checkout.order.status, checkout.payment.status) == ("PENDING_PAYMENT", "PENDING")
        assert checkout.jobs == [Job.objects.get()]
        (job,) = checkout.jobs
        assert job.kind == "commerce.ask_payment_provider"
        bank.answers = [ProviderUnavailable(), captured()]
        with pytest.raises(TryAgain, match="does not answer"):
            ask_provider(**job.kwargs, now=NOON)
        for _ in range(2):
            ask_provider(**job.kwargs, now=NOON)
        assert Order.objects.get().status == "CONFIRMED"
        assert jobs("ask_payment_provider", "send_order_confirmation")

    def test_is_asked_again_though_the_process_died_before_it_asked(self, cart, bank):
        bank.answers = [KeyboardInterrupt()]
        with pytest.raises(KeyboardInterrupt):
            pay(cart)
        bank.answers = [captured()]
        ask_provider(**Job.objects.get().kwargs, now=NOON)
        assert Order.objects.get().status == "CONFIRMED"

    def test_is_not_asked_for_an_order_that_is_over_or_while_it_is_the_clients_turn(
        self, cart, bank
    ):
        bank.answers = [waiting()]
        payment = pay(cart).payment
        ask_provider(payment_id=payment.pk, now=NOON)
        Payment.objects.update(next_action=None)
        cancel_order(viewer=ANONYMOUS, token=Order.objects.get().token, now=NOON)
        ask_provider(payment_id=payment.pk, now=NOON)
        assert len(bank.asked) == 1

    def test_that_was_taken_out_of_the_settings_is_one(self, cart, bank, monkeypatch):
        bank.answers = [ProviderUnavailable()]
        checkout = pay(cart)
        monkeypatch.delitem(PROVIDERS, "bank")
        with pytest.raises(TryAgain):
            ask_provider(payment_id=checkout.payment.pk, now=NOON)
        assert confirm(checkout.payment).payment.status == "PENDING"
        cancel_order(viewer=ANONYMOUS, token=checkout.order.token, now=NOON)
        assert Order.objects.get().status == "CANCELLED"


class TestAnotherPayment:
    """A buyer whose card was refused pays the same order in another way, under another key."""

    def test_confirms_the_order_that_waited(self, cart, bank):
        bank.answers = [declined(), captured()]
        with pytest.raises(ValidationError):
            pay(cart)
        checkout = pay(cart, key="key-2", payment_data={"card": "4444"})
        assert (checkout.order.status, checkout.order.payment_status) == ("CONFIRMED", "PAID")
        assert checkout.order == Order.objects.get()
        assert kinds() == ["PLACED", "PAYMENT_FAILED", "CONFIRMED"]
        assert bank.asked[0][1] != bank.asked[1][1]
        assert available("mug-1") == 0

    def test_may_be_made_outside_the_system(self, cart, bank):
        bank.answers = [declined()]
        with pytest.raises(ValidationError):
            pay(cart)
        checkout = buy(cart, key="key-2")
        assert (checkout.order.status, checkout.order.payment_status) == ("CONFIRMED", "PENDING")

    def test_is_refused_for_another_total(self, cart, bank):
        bank.answers = [declined()]
        with pytest.raises(ValidationError):
            pay(cart)
        with refused(("PRICE_CHANGED", "quoteTotal"), match=r"18\.00"):
            pay(cart, key="key-2", quote_total=Decimal("17.00"))

    @pytest.mark.parametrize("answer", [captured(), waiting(), ProviderUnavailable()])
    def test_is_refused_where_the_first_may_succeed(self, cart, bank, answer):
        bank.answers = [answer]
        pay(cart)
        with refused(("CART_ALREADY_ORDERED", "cartToken")):
            pay(cart, key="key-2")

    def test_makes_the_first_one_unwanted_should_it_succeed_after_all(self, cart, bank):
        bank.answers = [declined(), captured()]
        with pytest.raises(ValidationError):
            pay(cart)
        first = Payment.objects.get()
        pay(cart, key="key-2")
        record_outcome(payment=first, outcome=captured(), now=NOON)
        assert kinds()[-1] == "PAYMENT_LATE"
        first.refresh_from_db()
        assert first.is_superseded
        assert Order.objects.get().payment_status == "PAID"

    def test_is_not_needed_where_the_first_succeeds_after_all(self, cart, bank):
        bank.answers = [declined()]
        with pytest.raises(ValidationError):
            pay(cart)
        record_outcome(payment=Payment.objects.get(), outcome=captured(), now=NOON)
        order = Order.objects.get()
        assert (order.status, order.payment_status) == ("CONFIRMED", "PAID")


class TestConfirmPayment:
    def test_confirms_the_order_after_the_clients_action(self, cart, bank):
        bank.answers = [waiting(), captured()]
        payment = pay(cart).payment
        confirmed = confirm(payment, code="123")
        assert bank.asked[1] == ("confirm", payment.public_id, payment.amount, {"code": "123"})
        assert confirmed.order.status == "CONFIRMED"
        assert [job.kind for job in confirmed.jobs] == ["commerce.send_order_confirmation"]
        # The secret has served its time.
        assert Payment.objects.get().next_action is None

    def test_again_answers_the_same_and_asks_nobody(self, cart, bank):
        bank.answers = [waiting(), captured()]
        payment = pay(cart).payment
        assert confirm(payment).order == confirm(payment).order
        assert kinds() == ["PLACED", "CONFIRMED"]

    def test_says_that_the_payment_was_declined(self, cart, bank):
        bank.answers = [waiting(), declined("The bank did not know you.")]
        payment = pay(cart).payment
        for _ in range(2):
            with pytest.raises(ValidationError) as caught:
                confirm(payment)
            assert (caught.value.code, caught.value.field) == ("PAYMENT_DECLINED", "paymentId")

    def test_shows_the_next_action_while_it_is_still_to_be_done(self, cart, bank):
        bank.answers = [waiting(), waiting()]
        payment = pay(cart).payment
        assert confirm(payment).payment.next_action == ACTION

    def test_answers_what_is_known_where_the_provider_does_not_answer(self, cart, bank):
        bank.answers = [waiting(), ProviderUnavailable()]
        payment = pay(cart).payment
        assert confirm(payment).payment.next_action == ACTION

    def test_refuses_what_nobody_can_confirm(self, cart, bank):
        with refused(("NOT_FOUND", "paymentId")):
            confirm_payment(public_id="7d9ee5e4-6e5a-4b5e-8a57-0f54ab4cf1f3", data={}, now=NOON)
        payment = buy(cart).payment
        with refused(("INVALID_TRANSITION", "paymentId")):
            confirm(payment)
        Payment.objects.update(status="CANCELLED")
        with refused(("INVALID_TRANSITION", "paymentId")):
            confirm(payment)


class TestPaymentStatusOfAnOrder:
    @pytest.mark.parametrize(
        ("payments", "shown"),
        [
            ([{"status": "PENDING"}], "PENDING"),
            ([{"status": "AUTHORIZED", "authorized": 9}], "AUTHORIZED"),
            ([{"status": "AUTHORIZED", "captured": 4}], "AUTHORIZED"),
            ([{"status": "CAPTURED", "captured": 9}], "PAID"),
            ([{"status": "CAPTURED", "captured": 9, "refunded": 1}], "PARTIALLY_REFUNDED"),
            ([{"status": "CAPTURED", "captured": 9, "refunded": 9}], "REFUNDED"),
            ([{"status": "FAILED"}], "FAILED"),
            ([{"status": "FAILED"}, {"status": "PENDING"}], "PENDING"),
            ([{"status": "FAILED"}, {"status": "CAPTURED", "captured": 9}], "PAID"),
            ([{"status": "CANCELLED"}], "FAILED"),
            ([{"status": "CANCELLED"}, {"status": "PENDING"}], "PENDING"),
            ([], "PENDING"),
        ],
    )
    def test_follows_from_its_payments(self, payments, shown):
        rows = [Payment(amount=Decimal(9), **fields) for fields in payments]
        assert payment_status(rows, is_over=False) == PaymentStatus(shown)

    @pytest.mark.parametrize(("status", "shown"), [("CANCELLED", "PENDING"), ("FAILED", "FAILED")])
    def test_that_is_over_has_not_failed_where_the_shop_gave_it_up(self, status, shown):
        row = Payment(amount=Decimal(9), status=status)
        assert payment_status([row], is_over=True) == PaymentStatus(shown)
