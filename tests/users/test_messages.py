from __future__ import annotations

from functools import partial

import pytest
from django.core import serializers
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from tasks.models import InboxEntry, Job
from users.models import Message, Notification, User
from users.services.messages import send_message
from users.tasks import notify_recipient


@pytest.fixture
def customer(make_user) -> User:
    return make_user("customer@example.com", first_name="Casey", last_name="Customer")


@pytest.fixture
def staff(make_user) -> User:
    return make_user("staff@example.com", role="support")


@pytest.fixture
def send(customer, staff, now):
    return partial(
        send_message,
        sender_id=customer.pk,
        recipient_email="staff@example.com",
        body="Where is my parcel?",
        order_id=None,
        now=now,
    )


class TestSendMessage:
    def test_saves_the_message_with_its_job(self, send, customer, staff, now):
        message, jobs = send(body="  Where is my parcel?\n")
        message.refresh_from_db()
        assert (message.sender, message.recipient) == (customer, staff)
        assert (message.body, message.created_at) == ("Where is my parcel?", now)
        assert [(job.kind, job.kwargs) for job in jobs] == [
            ("users.notify_recipient", {"message_id": message.pk})
        ]
        assert list(Job.objects.all()) == jobs

    def test_finds_staff_whatever_the_case_of_the_address(self, send, staff):
        assert send(recipient_email="STAFF@Example.com")[0].recipient == staff

    def test_lets_staff_write_to_everybody(self, send, customer, staff, make_user):
        colleague = make_user("colleague@example.com", role="admin")
        for recipient in [customer, colleague]:
            message, _ = send(sender_id=staff.pk, recipient_email=recipient.email)
            assert message.recipient == recipient

    def test_answers_a_customer_the_same_for_customers_and_for_nobody(self, send, make_user):
        make_user("other@example.com")
        make_user("site@example.com", is_staff=True)
        make_user("left@example.com", role="support", is_active=False)
        answers = set()
        emails = ["other", "site", "left", "nobody", "customer", "nul\0"]
        for email in [*(f"{name}@example.com" for name in emails[:-1]), "nobody at all"]:
            with pytest.raises(ValidationError) as caught:
                send(recipient_email=email)
            (error,) = caught.value.error_list
            answers.add((error.code, error.field, error.message))
        assert {answer[:2] for answer in answers} == {("NOT_FOUND", "recipientEmail")}
        assert len(answers) == 1
        assert not Message.objects.exists()
        assert not Job.objects.exists()

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"body": ""}, [("REQUIRED", "body")]),
            ({"body": " \n\t"}, [("REQUIRED", "body")]),
            ({"body": "x" * 5001}, [("INVALID", "body")]),
            ({"body": "nul\0"}, [("INVALID", "body")]),
            ({"recipient_email": ""}, [("REQUIRED", "recipientEmail")]),
            (
                {"recipient_email": "", "body": ""},
                [("REQUIRED", "recipientEmail"), ("REQUIRED", "body")],
            ),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_refuses_and_changes_nothing(self, changes, expected, send):
        with pytest.raises(ValidationError) as caught:
            send(**changes)
        assert [(error.code, error.field) for error in caught.value.error_list] == expected
        assert not Message.objects.exists()
        assert not Job.objects.exists()

    def test_gives_a_repeat_the_same_message_and_job(self, send):
        first, jobs = send(idempotency_key="k")
        again, same_jobs = send(idempotency_key="k")
        assert (again, same_jobs) == (first, jobs)
        assert Message.objects.count() == Job.objects.count() == 1

    def test_refuses_a_repeat_that_says_something_else_or_comes_too_late(self, send):
        message, _ = send(idempotency_key="k")
        for body, code in (("Another", "IDEMPOTENCY_CONFLICT"), (message.body, "NOT_FOUND")):
            with pytest.raises(ValidationError) as caught:
                send(idempotency_key="k", body=body)
            (error,) = caught.value.error_list
            assert (error.code, error.field) == (code, "idempotencyKey")
            Message.objects.all().delete()

    def test_costs_the_same_few_statements_always(self, send, django_assert_num_queries):
        # savepoint, recipient, savepoint, message, job's insert, job's row, 2 x release, jobs
        with django_assert_num_queries(9):
            send()


class TestSavingAMessage:
    """Whoever saves a message, the admin or a shell included, has its job enqueued with it."""

    @pytest.fixture
    def unsaved(self, customer, staff) -> Message:
        return Message(sender=customer, recipient=staff, body="Hello")

    def test_enqueues_once_however_often_it_is_saved(self, unsaved):
        unsaved.save()
        unsaved.body = "Hello again"
        unsaved.save()
        assert Job.objects.get().kwargs == {"message_id": unsaved.pk}

    @pytest.mark.django_db(transaction=True)
    def test_enqueues_in_the_transaction_of_a_plain_save(self, unsaved):
        unsaved.save()  # outside any transaction, where enqueue alone would be refused
        assert Job.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_takes_the_job_back_with_the_message(self, unsaved):
        with transaction.atomic():
            unsaved.save()
            assert Job.objects.count() == 1
            transaction.set_rollback(True)
        assert not Message.objects.exists()
        assert not Job.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_is_not_saved_when_the_job_cannot_be_written(self, unsaved):
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE tasks_job ADD CONSTRAINT closed CHECK (kind = '')")
        try:
            with pytest.raises(IntegrityError):
                unsaved.save()
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE tasks_job DROP CONSTRAINT closed")
        assert not Message.objects.exists()

    def test_is_silent_while_a_fixture_is_loaded(self, unsaved):
        unsaved.save()
        fixture = serializers.serialize("json", [unsaved])
        Message.objects.all().delete()
        Job.objects.all().delete()
        for loaded in serializers.deserialize("json", fixture):
            loaded.save()
        assert Message.objects.count() == 1
        assert not Job.objects.exists()


class TestNotifyRecipient:
    @pytest.mark.django_db(transaction=True)
    def test_notifies_once_however_often_the_job_is_delivered(self, send, staff):
        message, (job,) = send(body="x" * 500)
        for _ in range(3):
            notify_recipient.apply(kwargs=job.kwargs, task_id=str(job.public_id), throw=True)
        notification = Notification.objects.get()
        assert notification.user == staff
        assert notification.kind == "MESSAGE_RECEIVED"
        assert notification.source == f"message:{message.pk}"
        assert notification.title == "New message from Casey Customer"
        assert len(notification.body) == 200
        assert notification.data == {"message_id": message.pk}
        job.refresh_from_db()
        assert job.status == Job.Status.SUCCEEDED
        assert InboxEntry.objects.count() == 1

    def test_has_nothing_to_tell_of_a_deleted_message(self, send):
        message, (job,) = send()
        message.delete()
        notify_recipient(**job.kwargs, added_by_a_later_version=True)
        assert not Notification.objects.exists()
