"""What staff capture and refund."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from commerce.models import Order, Payment, PaymentOperation
from commerce.payments import OperationOutcome, PaymentOutcome, ProviderUnavailable
from commerce.services.orders import cancel_order
from commerce.services.payments.operations import finish, record_operation
from tasks.errors import TryAgain
from tests.commerce.factories import (
    NOON,
    buy,
)
from tests.commerce.refusals import refused
from tests.commerce.tills import (
    AUTHORIZED,
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


class TestCapture:
    def test_takes_all_that_is_reserved(self, pay, bank):
        order = pay(AUTHORIZED)
        bank.answers = [DONE]
        made = capture(order)
        assert (made.order.payment_status, made.jobs) == ("PAID", [])
        assert amounts() == ("18.00", "18.00", "0.00")
        assert Payment.objects.get().status == "CAPTURED"
        operation = PaymentOperation.objects.get()
        assert bank.asked[-1] == ("capture", operation.public_id, Decimal("18.00"))
        assert last_event(order) == ("PAYMENT_CAPTURED", "We have received 18.00 EUR.")

    def test_takes_parts_as_long_as_something_is_left(self, pay, bank):
        order = pay(AUTHORIZED)
        bank.answers = [DONE, DONE]
        assert capture(order, "9.90").order.payment_status == "AUTHORIZED"
        with refused(("INVALID", "amount"), match=r"At most 8\.10 EUR can be captured"):
            capture(order, "8.11", key="k-2")
        assert capture(order, "8.10", key="k-3").order.payment_status == "PAID"
        with refused(("INVALID_TRANSITION", "orderNumber")):
            capture(order, "0.01", key="k-4")

    def test_that_a_provider_does_once_releases_the_rest(self, pay, bank):
        order = pay(AUTHORIZED)
        bank.answers = [OperationOutcome(is_done=True, is_last=True)]
        assert capture(order, "9.90").order.payment_status == "PAID"
        assert amounts() == ("9.90", "9.90", "0.00")

    def test_records_money_that_came_outside_the_system(self, cart):
        order = buy(cart).order
        assert capture(order, "9.90").order.payment_status == "AUTHORIZED"
        assert amounts() == ("9.90", "9.90", "0.00")
        assert capture(order, key="k-2").order.payment_status == "PAID"
        assert amounts() == ("18.00", "18.00", "0.00")

    def test_of_an_order_that_is_over_is_refused(self, pay):
        order = pay(AUTHORIZED)
        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        with refused(("INVALID_TRANSITION", "orderNumber"), match="CANCELLED"):
            capture(order)

    def test_of_a_payment_that_waits_is_refused(self, pay):
        order = pay(PaymentOutcome(Payment.Status.PENDING))
        with refused(("INVALID_TRANSITION", "orderNumber"), match="nothing can be captured"):
            capture(order)


class TestRefund:
    def test_gives_a_part_and_then_the_rest_back(self, pay, bank):
        order = pay(CAPTURED)
        bank.answers = [DONE, DONE]
        made = refund(order, "1.00", reason="scratched")
        assert made.order.payment_status == "PARTIALLY_REFUNDED"
        assert last_event(order) == ("PAYMENT_REFUNDED", "We have given back 1.00 EUR: scratched")
        assert refund(order, key="k-2").order.payment_status == "REFUNDED"
        assert amounts() == ("18.00", "18.00", "18.00")
        with refused(("INVALID_TRANSITION", "orderNumber")):
            refund(order, key="k-3")

    def test_is_never_more_than_was_captured(self, pay):
        order = pay(CAPTURED)
        with refused(("INVALID", "amount"), match=r"At most 18\.00 EUR"):
            refund(order, "18.01")

    def test_in_excess_is_refused_by_the_database_itself(self, pay):
        pay(CAPTURED)
        for change in ({"refunding": 19}, {"refunded": 10, "refunding": 9}, {"capturing": 1}):
            with pytest.raises(IntegrityError, match="payment_amounts"), transaction.atomic():
                Payment.objects.update(**change)

    def test_of_what_was_not_captured_is_refused(self, pay):
        order = pay(AUTHORIZED)
        with refused(("INVALID_TRANSITION", "orderNumber"), match="AUTHORIZED"):
            refund(order)

    def test_with_the_same_key_happens_once(self, pay, bank):
        order = pay(CAPTURED)
        bank.answers = [DONE]
        for amount in ("1.00", "1.0"):
            assert refund(order, amount).order.payment_status == "PARTIALLY_REFUNDED"
        with refused(("IDEMPOTENCY_CONFLICT", "idempotencyKey")):
            refund(order, "2.00")
        assert amounts()[2] == "1.00"

    def test_that_the_provider_refuses_promises_nothing_more(self, pay, bank):
        order = pay(CAPTURED)
        bank.answers = [REFUSED]
        for _ in range(2):
            with pytest.raises(ValidationError, match="The bank says no") as caught:
                refund(order)
            assert (caught.value.code, caught.value.field) == ("PAYMENT_DECLINED", "amount")
        bank.answers = [DONE]
        assert refund(order, key="k-2").order.payment_status == "REFUNDED"

    def test_without_an_answer_is_finished_by_a_job(self, pay, bank):
        order = pay(CAPTURED)
        bank.answers = [ProviderUnavailable()]
        made = refund(order, "10.00")
        assert made.order.payment_status == "PAID"
        (job,) = made.jobs
        assert (job.kind, job.kwargs) == (
            "commerce.finish_payment_operation",
            {"operation_id": PaymentOperation.objects.get().pk},
        )
        with refused(("INVALID", "amount"), match=r"At most 8\.00"):
            refund(order, "8.01", key="k-2")
        bank.answers = [ProviderUnavailable(), DONE]
        with pytest.raises(TryAgain):
            finish(**job.kwargs, now=NOON)
        for _ in range(2):
            finish(**job.kwargs, now=NOON)
        assert len({asked[1] for asked in bank.asked[1:]}) == 1
        assert amounts()[2] == "10.00"

    def test_that_the_provider_refuses_later_is_told_to_staff_by_the_job(self, pay, bank):
        order = pay(CAPTURED)
        bank.answers = [ProviderUnavailable(), REFUSED]
        refund(order)
        with pytest.raises(ValidationError, match="The bank says no"):
            finish(operation_id=PaymentOperation.objects.get().pk, now=NOON)
        assert amounts()[2] == "0.00"

    def test_that_failed_after_all_is_taken_back(self, pay, bank):
        order = pay(CAPTURED)
        bank.answers = [DONE]
        refund(order, "10.00")
        for _ in range(2):
            record_operation(operation=PaymentOperation.objects.get(), outcome=REFUSED, now=NOON)
        assert amounts()[2] == "0.00"
        assert shown(order) == ("CONFIRMED", "PAID")
        assert last_event(order)[0] == "REFUND_FAILED"
        bank.answers = [DONE]
        assert refund(order, key="k-2").order.payment_status == "REFUNDED"


class TestBadInput:
    @pytest.mark.parametrize("operate", [capture, refund])
    @pytest.mark.parametrize("amount", ["0", "-1", "0.001", "1E+20", "NaN", "Infinity"])
    def test_no_amount_of_money(self, pay, operate, amount):
        order = pay(CAPTURED)
        with refused(("INVALID", "amount")):
            operate(order, amount)

    @pytest.mark.parametrize("operate", [capture, refund])
    def test_no_such_order(self, operate):
        with refused(("NOT_FOUND", "orderNumber")):
            operate(Order(number="N-0"))

    @pytest.mark.parametrize("operate", [capture, refund])
    @pytest.mark.parametrize(("key", "code"), [("", "REQUIRED"), ("a" * 201, "INVALID")])
    def test_no_key(self, pay, operate, key, code):
        order = pay(CAPTURED)
        with refused((code, "idempotencyKey")):
            operate(order, key=key)

    def test_a_reason_that_is_too_long(self, pay):
        order = pay(CAPTURED)
        with refused(("INVALID", "reason")):
            refund(order, reason="a" * 401)
