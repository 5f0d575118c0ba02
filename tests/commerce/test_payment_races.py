"""News of one payment that meets, with real threads and connections."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from commerce.models import Order, Payment, PaymentEvent, PaymentOperation
from commerce.payments import PROVIDERS, OperationOutcome, PaymentOutcome, ProviderEvent
from commerce.services.expiry import expire_unpaid_orders
from commerce.services.orders import cancel_order
from commerce.services.payments.asking import ask_provider, confirm_payment
from commerce.services.payments.events import receive_event
from commerce.services.payments.giving_back import give_back
from commerce.services.payments.recording import record_outcome
from commerce.services.payments.staff import refund_payment
from tasks.models import Job
from tests.commerce.factories import NOON, available, buy, make_ready_cart, make_variant
from tests.commerce.racing import race
from users.viewer import ANONYMOUS, Viewer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]

CAPTURED = PaymentOutcome(Payment.Status.CAPTURED, "q-1")
FAILED = PaymentOutcome(Payment.Status.FAILED, "q-1")
STAFF = Viewer(user_id=1, permissions=frozenset({"commerce.view_order"}))
LATER = NOON + timedelta(hours=2)


class QuickBank:
    """Says the same to everybody."""

    name = "bank"
    is_offline = False
    started = PaymentOutcome(Payment.Status.PENDING, "q-1")

    def accept(self, data):
        return {}

    def start(self, *, payment):
        return self.started

    def confirm(self, *, payment, data):
        return CAPTURED

    def refund(self, *, operation):
        return OperationOutcome(is_done=True)

    def cancel(self, *, payment):
        return PaymentOutcome(Payment.Status.CANCELLED)


@pytest.fixture
def payment(standard, monkeypatch):
    monkeypatch.setitem(PROVIDERS, "bank", QuickBank())
    make_variant("mug-1", stock=5)
    return buy(make_ready_cart(method=standard, mug_1=1), provider="bank").payment


def tell(payment, external_id="e-1", outcome=CAPTURED):
    event = ProviderEvent(external_id, "told", str(payment.public_id), outcome=outcome)
    return receive_event(provider="bank", event=event, now=NOON)


def kinds():
    return list(Order.objects.get().events.order_by("sequence").values_list("kind", flat=True))


def jobs(kind):
    return Job.objects.filter(kind=f"commerce.{kind}").count()


class TestOnePayment:
    def test_confirmed_by_client_job_and_provider_at_once_has_one_outcome(self, payment):
        ways = [
            lambda: confirm_payment(public_id=str(payment.public_id), data={}, now=NOON),
            lambda: ask_provider(payment_id=payment.pk, now=NOON),
            lambda: tell(payment, "e-1"),
            lambda: tell(payment, "e-1"),
            lambda: tell(payment, "e-2"),
            lambda: tell(payment, "e-0", PaymentOutcome(Payment.Status.AUTHORIZED, "q-1")),
        ]
        race(lambda way: way(), ways)
        order = Order.objects.get()
        assert (order.status, order.payment_status) == ("CONFIRMED", "PAID")
        assert kinds()[:2] == ["PLACED", "CONFIRMED"]
        assert Counter(kinds())["CONFIRMED"] == jobs("send_order_confirmation") == 1
        assert PaymentEvent.objects.count() == 3
        assert Payment.objects.get().captured == order.total

    def test_has_each_event_once(self, payment):
        assert Counter(race(lambda _: tell(payment), range(6))) == {True: 1, False: 5}
        assert PaymentEvent.objects.count() == 1

    def test_that_is_declined_and_succeeds_at_once_succeeds(self, payment):
        race(lambda news: tell(payment, *news), [("e-1", FAILED), ("e-2", CAPTURED)])
        assert Order.objects.get().payment_status == "PAID"
        give_back(payment_id=payment.pk, now=NOON)
        assert Payment.objects.get().refunded == 0

    @pytest.mark.parametrize("attempt", range(3))
    def test_that_comes_when_the_order_ends_is_kept_or_given_back(self, payment, attempt):
        order = payment.order

        def cancel():
            return cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)

        ways = [cancel, lambda: tell(payment), lambda: expire_unpaid_orders(now=LATER)]
        race(lambda way: way(), ways)
        order.refresh_from_db()
        if order.status == "CONFIRMED":
            assert available("mug-1") == 4
            return
        assert available("mug-1") == 5
        for job in Job.objects.filter(kind="commerce.give_money_back"):
            give_back(**job.kwargs, now=NOON)
        order.refresh_from_db()
        assert order.payment_status == "REFUNDED"
        assert PaymentOperation.objects.count() == 1


class TestExpiry:
    def test_by_two_workers_gives_stock_back_once(self, payment):
        counts = race(lambda _: expire_unpaid_orders(now=LATER), range(3))
        assert sum(counts) == 1
        assert available("mug-1") == 5
        assert kinds() == ["PLACED", "EXPIRED"]


class TestRefunds:
    @pytest.fixture
    def paid(self, payment):
        return record_outcome(payment=payment, outcome=CAPTURED, now=NOON).order

    def refund(self, order, amount, key):
        refund_payment(
            viewer=STAFF,
            order_number=order.number,
            amount=Decimal(amount),
            idempotency_key=key,
            now=NOON,
        )
        return "refunded"

    def test_at_once_never_come_to_more_than_was_captured(self, paid):
        assert paid.total == Decimal("18.00")
        results = race(lambda key: self.refund(paid, "5.00", f"k-{key}"), range(6))
        assert Counter(results) == {"refunded": 3, "INVALID": 3}
        payment = Payment.objects.get()
        assert (payment.refunded, payment.refunding) == (Decimal("15.00"), Decimal(0))

    def test_of_everything_at_once_happens_once(self, paid):
        results = race(lambda key: self.refund(paid, "18.00", f"k-{key}"), range(4))
        assert Counter(results) == {"refunded": 1, "INVALID_TRANSITION": 3}

    def test_with_one_key_are_one(self, paid):
        assert race(lambda _: self.refund(paid, "5.00", "k"), range(4)) == ["refunded"] * 4
        assert Payment.objects.get().refunded == Decimal("5.00")

    def test_by_jobs_and_staff_at_once_come_to_all_of_it(self, paid):
        cancel_order(viewer=ANONYMOUS, token=paid.token, now=NOON)
        payment = Payment.objects.get()
        ways = [
            lambda: give_back(payment_id=payment.pk, now=NOON),
            lambda: give_back(payment_id=payment.pk, now=NOON),
            lambda: self.refund(paid, "5.00", "k"),
        ]
        race(lambda way: way(), ways)
        payment.refresh_from_db()
        assert payment.refunded == payment.captured
