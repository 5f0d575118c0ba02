from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from users.models import Notification, User
from users.services.notifications import mark_read, notify


@pytest.fixture
def ada(make_user) -> User:
    return make_user()


@pytest.fixture
def confirm(ada, now):
    return partial(
        notify,
        user_id=ada.pk,
        kind=Notification.Kind.ORDER_CONFIRMED,
        source="order:7",
        title="Order N-7 is confirmed",
        now=now,
    )


class TestNotify:
    def test_makes_one_notification_of_a_source(self, confirm, ada, now):
        made = confirm(body="Thank you.", data={"order": "N-7"})
        assert confirm(title="Again") == made
        made.refresh_from_db()
        assert Notification.objects.count() == 1
        assert (made.title, made.body, made.data) == (
            "Order N-7 is confirmed",
            "Thank you.",
            {"order": "N-7"},
        )
        assert (made.created_at, made.read_at) == (now, None)

    def test_makes_one_for_each_account(self, confirm, make_user):
        confirm()
        confirm(user_id=make_user("eve@example.com").pk)
        assert Notification.objects.count() == 2

    def test_cuts_a_title_that_is_too_long(self, confirm):
        assert confirm(title="x" * 500).title == "x" * 199 + "…"

    @pytest.mark.concurrency
    @pytest.mark.django_db(transaction=True)
    def test_makes_one_of_many_racers(self, confirm, race):
        answers = race(*[confirm] * 6)
        assert len({answer.pk for answer in answers}) == 1


class TestMarkRead:
    @pytest.fixture
    def three(self, confirm) -> list[int]:
        return [confirm(source=f"order:{number}").pk for number in range(3)]

    def test_counts_what_is_left_unread(self, ada, three, now):
        assert mark_read(user_id=ada.pk, ids=three[:2], now=now) == 1
        read = Notification.objects.filter(read_at=now).values_list("pk", flat=True)
        assert sorted(read) == three[:2]

    def test_keeps_the_time_of_the_first_reading(self, ada, three, now):
        mark_read(user_id=ada.pk, ids=three[:1], now=now)
        later = now + timedelta(hours=1)
        assert mark_read(user_id=ada.pk, ids=three + three, now=later) == 0
        assert Notification.objects.get(pk=three[0]).read_at == now

    def test_marks_none_where_one_is_not_ones_own(self, ada, three, confirm, make_user, now):
        foreign = confirm(user_id=make_user("eve@example.com").pk).pk
        with pytest.raises(ValidationError) as caught:
            mark_read(user_id=ada.pk, ids=[three[0], foreign, 10**30, -1], now=now)
        errors = [(error.code, error.field) for error in caught.value.error_list]
        assert errors == [("NOT_FOUND", "ids.1"), ("NOT_FOUND", "ids.2"), ("NOT_FOUND", "ids.3")]
        assert not Notification.objects.exclude(read_at=None).exists()

    def test_takes_an_empty_list(self, ada, three, now):
        assert mark_read(user_id=ada.pk, ids=[], now=now) == 3


class TestSequence:
    def test_counts_the_notifications_of_each_account(self, confirm, make_user):
        other = make_user("eve@example.com").pk
        made = [confirm(source=f"order:{number}") for number in range(3)]
        hers = confirm(user_id=other)

        assert [notification.sequence for notification in [*made, hers]] == [1, 2, 3, 1]

    @pytest.mark.concurrency
    @pytest.mark.django_db(transaction=True)
    def test_has_no_gap_and_no_double_of_many_at_once(self, confirm, ada):
        def notify_in_thread(number: int) -> None:
            try:
                confirm(source=f"order:{number}")
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(notify_in_thread, range(40)))

        sequences = Notification.objects.order_by("sequence").values_list("sequence", flat=True)
        assert list(sequences) == list(range(1, 41))
