from __future__ import annotations

import pytest
from django.core import mail

from commerce.services.confirmations import send_confirmation
from commerce.services.orders import cancel_order
from commerce.tasks import send_order_confirmation
from tests.commerce.factories import (
    NOON,
    buy,
    make_customer,
    make_ready_cart,
    make_variant,
    make_voucher,
)
from users.models import Notification
from users.viewer import ANONYMOUS


@pytest.fixture
def order(standard):
    make_variant("mug-1", price="10.00")
    make_voucher()
    address = {"name": "Ada & Co <b>", "street": "1 Way", "city": "Bath", "country": "GB"}
    changes = {"voucher_codes": ["SAVE"], "shipping_address": address}
    return buy(make_ready_cart(method=standard, mug_1=2, changes=changes)).order


def send(order):
    send_confirmation(order_id=order.pk, job_id="job-1", now=NOON)


class TestSendConfirmation:
    def test_mails_what_was_bought_in_plain_text(self, order):
        send(order)
        (message,) = mail.outbox
        assert message.to == ["ada@example.com"]
        assert order.number in message.subject
        for part in ["2 x Mug 1 [mug-1]: 20.00 EUR", "2.00", "27.60 EUR", "Ada & Co <b>"]:
            assert part in message.body
        assert "\n\n\n" not in message.body

    def test_a_repeat_can_be_known_by_its_id(self, order):
        send(order)
        send(order)
        ids = {message.message()["Message-ID"] for message in mail.outbox}
        assert ids == {"<job-1@example.com>"}
        assert mail.outbox[0].message()["X-Job-ID"] == "job-1"

    def test_notifies_a_customer_once(self, standard):
        make_variant()
        customer = make_customer()
        order = buy(
            make_ready_cart(method=standard, viewer=customer, mug_1=1), viewer=customer
        ).order
        send(order)
        send(order)
        notification = Notification.objects.get()
        assert notification.user_id == customer.user_id
        assert notification.kind == "ORDER_CONFIRMED"
        assert order.number in notification.title
        assert notification.data == {"order_number": order.number}

    def test_notifies_no_guest(self, order):
        assert order.user_id == ANONYMOUS.user_id
        send(order)
        assert not Notification.objects.exists()

    def test_of_an_order_that_was_called_off_is_nothing(self, order):
        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        send(order)
        assert mail.outbox == []

    def test_of_an_order_that_is_gone_is_nothing(self, order):
        send_confirmation(order_id=order.pk + 1, job_id="job-1", now=NOON)
        assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
class TestConfirmationJob:
    def test_that_a_checkout_enqueued_mails_and_succeeds(self, standard):
        make_variant()
        (job,) = buy(make_ready_cart(method=standard, mug_1=1)).jobs
        send_order_confirmation.apply(task_id=str(job.public_id), kwargs=job.kwargs, throw=True)
        job.refresh_from_db()
        assert job.status == "SUCCEEDED"
        assert mail.outbox[0].message()["X-Job-ID"] == str(job.public_id)
