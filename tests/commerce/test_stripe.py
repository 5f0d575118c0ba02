"""Stripe, played by a server on this machine, over HTTP."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from commerce.models import Order, Payment, PaymentEvent, PaymentOperation
from commerce.payments import PROVIDERS, ProviderUnavailable
from commerce.payments.stripe import StripeProvider, major, minor
from commerce.services.expiry import expire_unpaid_orders
from commerce.services.orders import cancel_order
from commerce.services.payments.asking import ask_provider, confirm_payment
from commerce.services.payments.giving_back import give_back
from commerce.services.payments.operations import finish
from commerce.services.payments.staff import capture_payment, refund_payment
from tasks.errors import TryAgain
from tasks.models import Job
from tests.commerce.factories import NOON, buy, make_ready_cart, make_variant
from tests.commerce.racing import race
from tests.commerce.refusals import refused
from tests.commerce.stripe_double import StripeDouble
from tests.invariants import broken_invariants
from users.viewer import ANONYMOUS, Viewer

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "whsec_test"
KEY = "sk_test_double"
TIMEOUT = 0.4
STAFF = Viewer(user_id=1, permissions=frozenset({"commerce.view_order"}))


@pytest.fixture(autouse=True)
def _books_agree(db):
    """Whatever a test did: afterwards stock, orders and money must fit each other."""
    yield
    assert broken_invariants() == []


@pytest.fixture
def bank():
    double = StripeDouble(TIMEOUT)
    yield double
    double.close()


@pytest.fixture
def provide(bank, monkeypatch):
    def provide(capture="automatic", api_base=bank.url, secret_key=KEY):
        provider = StripeProvider(
            secret_key=secret_key,
            webhook_secret=SECRET,
            api_base=api_base,
            timeout=TIMEOUT,
            capture=capture,
        )
        monkeypatch.setitem(PROVIDERS, "stripe", provider)

    provide()
    return provide


@pytest.fixture
def cart(standard, provide):
    make_variant("mug-1", price="10.00", stock=5)
    return make_ready_cart(method=standard, mug_1=1)


def pay(cart, method="pm_visa", **options):
    data = {} if method is None else {"paymentMethod": method}
    return buy(cart, **{"provider": "stripe", "payment_data": data, **options})


def confirm(payment):
    return confirm_payment(public_id=str(payment.public_id), data={}, now=NOON)


def operate(function, order, amount=None, key="k-1"):
    return function(
        viewer=STAFF,
        order_number=order.number,
        amount=None if amount is None else Decimal(amount),
        idempotency_key=key,
        now=NOON,
    ).order.payment_status


def give_everything_back():
    for job in Job.objects.filter(kind="commerce.give_money_back"):
        give_back(**job.kwargs, now=NOON)


def shown():
    return Order.objects.values_list("status", "payment_status").get()


def only(things):
    (thing,) = things.values()
    return thing


class TestPayment:
    def test_is_captured_at_once(self, cart, bank):
        checkout = pay(cart)
        assert shown() == ("CONFIRMED", "PAID")
        intent = only(bank.intents)
        assert (intent["amount"], intent["currency"]) == (1800, "eur")
        assert checkout.payment.provider_ref == intent["id"]
        assert intent["metadata"]["payment"] == str(checkout.payment.public_id)

    def test_is_only_authorized_and_then_captured_by_staff(self, cart, bank, provide):
        provide(capture="manual")
        order = pay(cart).order
        assert shown() == ("CONFIRMED", "AUTHORIZED")
        assert operate(capture_payment, order, "9.90") == "PAID"
        payment = Payment.objects.get()
        assert (payment.authorized, payment.captured) == (Decimal("9.90"), Decimal("9.90"))
        assert only(bank.intents)["amount_received"] == 990

    def test_that_the_bank_declines_says_why(self, cart, bank):
        for _ in range(2):
            with pytest.raises(ValidationError) as caught:
                pay(cart, "pm_declined")
            assert caught.value.code == "PAYMENT_DECLINED"
        assert bank.calls["create"] == 1
        assert shown() == ("PENDING_PAYMENT", "FAILED")
        assert Payment.objects.get().provider_ref
        give_everything_back()
        assert only(bank.intents)["status"] == "canceled"
        pay(cart, key="key-2")
        assert shown() == ("CONFIRMED", "PAID")

    def test_with_a_method_that_stripe_does_not_know_is_declined_without_its_words(self, cart):
        with pytest.raises(ValidationError, match="The payment was declined") as caught:
            pay(cart, "pm_unknown")
        assert "No." not in str(caught.value)

    def test_needs_3d_secure(self, cart, bank):
        payment = pay(cart, "pm_3ds").payment
        intent = only(bank.intents)
        assert payment.next_action == {
            "kind": "REDIRECT",
            "client_secret": intent["client_secret"],
            "redirect_url": "https://hooks.stripe.example.com/3ds",
        }
        assert confirm(payment).payment.status == "PENDING"
        bank.succeed(intent)
        assert confirm(payment).order.status == "CONFIRMED"
        assert Payment.objects.get().next_action is None

    def test_whose_3d_secure_fails_is_declined(self, cart, bank):
        payment = pay(cart, "pm_3ds").payment
        bank.decline(only(bank.intents))
        with pytest.raises(ValidationError, match="Your card was declined"):
            confirm(payment)

    def test_may_be_confirmed_by_the_client_which_may_try_several_cards(self, cart, bank):
        payment = pay(cart, None).payment
        intent = only(bank.intents)
        assert payment.next_action["kind"] == "STRIPE"
        assert payment.next_action["client_secret"] == intent["client_secret"]
        bank.decline(intent)
        assert confirm(payment).payment.status == "PENDING"
        bank.succeed(intent)
        assert confirm(payment).order.status == "CONFIRMED"

    @pytest.mark.parametrize("fault", ["timeout", "lost", 500, 503, 429, 409])
    def test_without_an_answer_is_asked_for_again_and_made_once(self, cart, bank, fault):
        bank.faults = [fault, 502]
        checkout = pay(cart)
        assert shown() == ("PENDING_PAYMENT", "PENDING")
        (job,) = checkout.jobs
        with pytest.raises(TryAgain, match="does not answer"):
            ask_provider(**job.kwargs, now=NOON)
        ask_provider(**job.kwargs, now=NOON)
        assert shown() == ("CONFIRMED", "PAID")
        assert len(bank.intents) == 1

    def test_is_not_lost_where_nobody_listens_or_the_key_is_wrong(self, cart, provide):
        for options in ({"api_base": "http://127.0.0.1:9"}, {"secret_key": "sk_wrong"}):
            provide(**options)
            assert pay(cart).order.status == "PENDING_PAYMENT"

    def test_keeps_nothing_but_the_method(self, cart, bank, caplog):
        caplog.set_level(logging.INFO)
        with refused(("INVALID", "payment.data.paymentMethod")):
            pay(cart, "4242424242424242")
        data = {"paymentMethod": "pm_visa", "number": "4242424242424242", "cvc": "123"}
        pay(cart, payment_data=data)
        assert Payment.objects.get().data == {"payment_method": "pm_visa"}
        sent = json.dumps(bank.bodies)
        assert "4242" not in sent + caplog.text
        assert "secret" not in caplog.text

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("paymentMethod", 1),
            ("paymentMethod", ""),
            ("paymentMethod", "pm_../x"),
            ("returnUrl", "javascript:x"),
            ("returnUrl", "https://["),
            ("returnUrl", {}),
        ],
    )
    def test_with_bad_data_is_refused(self, cart, name, value):
        with refused(("INVALID", f"payment.data.{name}")):
            pay(cart, payment_data={name: value})


class TestMoneyBack:
    def test_is_refunded_by_staff(self, cart, bank):
        order = pay(cart).order
        assert operate(refund_payment, order, "1.00") == "PARTIALLY_REFUNDED"
        assert operate(refund_payment, order, key="k-2") == "REFUNDED"
        assert sorted(refund["amount"] for refund in bank.refunds.values()) == [100, 1700]

    @pytest.mark.parametrize("fault", ["timeout", "lost", 500])
    def test_without_an_answer_is_refunded_once(self, cart, bank, fault):
        order = pay(cart).order
        bank.faults = [fault]
        assert operate(refund_payment, order, "1.00") == "PAID"
        finish(operation_id=PaymentOperation.objects.get().pk, now=NOON)
        assert shown() == ("CONFIRMED", "PARTIALLY_REFUNDED")
        assert len(bank.refunds) == 1

    def test_that_stripe_refuses_is_said(self, cart, bank):
        order = pay(cart).order
        only(bank.intents)["amount_received"] = 0
        with pytest.raises(ValidationError, match="Stripe refused it") as caught:
            operate(refund_payment, order)
        assert caught.value.code == "PAYMENT_DECLINED"

    def test_of_a_cancelled_order_is_released_or_refunded(self, cart, bank, provide):
        provide(capture="manual")
        order = pay(cart).order
        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        # Captured at Stripe's, just before.
        only(bank.intents).update(status="succeeded", amount_received=1800)
        give_everything_back()
        assert shown() == ("CANCELLED", "REFUNDED")

    def test_of_a_payment_that_stripe_never_answered_is_found(self, cart, bank):
        bank.faults = ["lost"]
        pay(cart)
        assert expire_unpaid_orders(now=NOON.replace(hour=14)) == 1
        give_everything_back()
        assert bank.calls["search"] == 1
        assert shown() == ("EXPIRED", "REFUNDED")

    def test_of_a_payment_that_never_reached_stripe_is_none(self, cart, bank):
        bank.faults = ["timeout"]
        pay(cart)
        expire_unpaid_orders(now=NOON.replace(hour=14))
        give_everything_back()
        assert Payment.objects.get().status == "CANCELLED"

    def test_waits_while_stripe_works_on_the_payment(self, cart, bank):
        payment = pay(cart, "pm_3ds").payment
        only(bank.intents)["status"] = "processing"
        bank.faults = [500]
        with pytest.raises(ProviderUnavailable):
            PROVIDERS["stripe"].cancel(payment=payment)


def event(kind, thing, event_id="evt_1"):
    return json.dumps(
        {"id": event_id, "object": "event", "type": kind, "data": {"object": thing}}
    ).encode()


def signed(body, secret=SECRET, at=None):
    at = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class TestWebhook:
    @pytest.fixture
    def post(self, client):
        def post(body, signature=None, path="/webhooks/stripe/"):
            return client.post(
                path,
                body,
                content_type="application/json",
                headers={"Stripe-Signature": signed(body) if signature is None else signature},
            ).status_code

        return post

    def test_confirms_the_order_once_however_often_it_comes(self, cart, bank, post):
        pay(cart, "pm_3ds")
        intent = only(bank.intents)
        bank.succeed(intent)
        body = event("payment_intent.succeeded", intent)
        assert [post(body) for _ in range(3)] == [200] * 3
        assert post(event("payment_intent.succeeded", intent, "evt_2")) == 200
        assert shown() == ("CONFIRMED", "PAID")
        assert PaymentEvent.objects.count() == 2
        assert Job.objects.filter(kind="commerce.send_order_confirmation").count() == 1

    def test_may_come_before_the_answer(self, cart, bank, post):
        bank.faults = ["lost"]
        payment = pay(cart).payment
        assert payment.provider_ref is None
        assert post(event("payment_intent.succeeded", only(bank.intents))) == 200
        assert shown() == ("CONFIRMED", "PAID")
        assert pay(cart).order.status == "CONFIRMED"

    def test_may_come_out_of_order(self, cart, bank, post):
        pay(cart, "pm_3ds")
        intent = only(bank.intents)
        waiting = dict(intent)
        failed = dict(intent)
        bank.decline(failed)
        bank.succeed(intent)
        for number, (kind, thing) in enumerate(
            [("succeeded", intent), ("payment_failed", failed), ("requires_action", waiting)]
        ):
            assert post(event(f"payment_intent.{kind}", thing, f"evt_{number}")) == 200
        assert shown() == ("CONFIRMED", "PAID")
        assert Payment.objects.get().next_action is None

    def test_says_that_what_was_reserved_is_free_again(self, cart, bank, provide, post):
        provide(capture="manual")
        pay(cart)
        lapsed = only(bank.intents) | {"status": "canceled", "cancellation_reason": "automatic"}
        assert post(event("payment_intent.canceled", lapsed)) == 200
        assert shown() == ("CONFIRMED", "FAILED")
        pay(cart, key="key-2")
        assert shown() == ("CONFIRMED", "AUTHORIZED")

    def test_races_with_the_client(self, cart, bank, client):
        payment = pay(cart, "pm_3ds").payment
        intent = only(bank.intents)
        bank.succeed(intent)
        body = event("payment_intent.succeeded", intent)
        signature = signed(body)

        def tell():
            return client.post(
                "/webhooks/stripe",
                body,
                content_type="application/json",
                headers={"Stripe-Signature": signature},
            ).status_code

        ways = [tell, tell, tell, lambda: confirm(payment), lambda: confirm(payment)]
        results = race(lambda way: way(), ways)
        assert results[:3] == [200] * 3
        assert shown() == ("CONFIRMED", "PAID")
        kinds = list(Order.objects.get().events.values_list("kind", flat=True))
        assert sorted(kinds) == ["CONFIRMED", "PLACED"]
        assert Job.objects.filter(kind="commerce.send_order_confirmation").count() == 1

    def test_of_what_stripe_did_not_sign_is_refused(self, cart, bank, post):
        pay(cart, "pm_3ds")
        body = event("payment_intent.succeeded", only(bank.intents))
        for signature in (
            "",
            "garbage",
            "t=x,v1=y",
            signed(body, secret="whsec_other"),
            signed(body + b" "),
            signed(body, at=int(time.time()) - 3600),
        ):
            assert post(body, signature) == 400
        for nonsense in (b"", b"\xff", b"[]", b"{}", b"null", b'{"type": 1}', b"{"):
            assert post(nonsense) == 400
        assert shown()[0] == "PENDING_PAYMENT"

    def test_of_no_interest_is_accepted(self, cart, bank, post):
        payment = pay(cart, "pm_3ds").payment
        intent = only(bank.intents)
        foreign = {**intent, "id": "pi_other", "metadata": {}}
        for thing in (
            foreign,
            {**foreign, "metadata": {"payment": "no uuid"}},
            {**foreign, "metadata": {"payment": str(payment.public_id)}},
        ):
            assert post(event("payment_intent.succeeded", thing)) == 200
        assert post(event("customer.created", {"id": "cus_1"})) == 200
        assert not PaymentEvent.objects.exists()

    def test_tells_refunds_made_at_stripes(self, cart, bank, post):
        pay(cart)
        refund = {
            "id": "re_1",
            "amount": 500,
            "currency": "eur",
            "payment_intent": only(bank.intents)["id"],
            "metadata": {},
            "status": "succeeded",
        }
        for number, kind in enumerate(["refund.created", "refund.updated"]):
            assert post(event(kind, refund, f"evt_{number}")) == 200
        assert shown() == ("CONFIRMED", "PARTIALLY_REFUNDED")
        assert Payment.objects.get().refunded == Decimal("5.00")
        assert post(event("refund.created", {**refund, "id": "re_2", "amount": 1301}, "e")) == 200
        assert Payment.objects.get().refunded == Decimal("5.00")

    def test_tells_that_a_refund_failed_after_all(self, cart, bank, post):
        order = pay(cart).order
        operate(refund_payment, order, "5.00")
        refund = only(bank.refunds)
        assert post(event("refund.updated", refund, "evt_1")) == 200
        assert post(event("refund.failed", {**refund, "status": "failed"}, "evt_2")) == 200
        assert shown() == ("CONFIRMED", "PAID")

    def test_is_posted_and_there_only_with_stripe(self, client, monkeypatch):
        assert client.get("/webhooks/stripe/").status_code == 405
        monkeypatch.delitem(PROVIDERS, "stripe", raising=False)
        assert client.post("/webhooks/stripe/").status_code == 404


class TestAmounts:
    @pytest.mark.parametrize(
        ("amount", "currency", "counted"),
        [
            ("18.00", "EUR", 1800),
            ("18", "JPY", 18),
            ("18", "ISK", 1800),
            ("18", "MGA", 18),
            ("18.50", "KWD", 18500),
        ],
    )
    def test_are_counted_in_the_currencys_smallest_unit(self, amount, currency, counted):
        assert minor(Decimal(amount), currency) == counted
        assert major(counted, currency) == Decimal(amount)
