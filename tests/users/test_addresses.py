from __future__ import annotations

from functools import partial

import pytest
from django.core.exceptions import ValidationError

from users.models import Address, User
from users.services.addresses import (
    MAX_ADDRESSES,
    add_address,
    delete_address,
    update_address,
)

LONDON = {
    "name": "Ada Byron",
    "street": "1 Analytical Way",
    "city": "London",
    "postal_code": "N1 9GU",
    "country": "gb",
}


@pytest.fixture
def ada(make_user) -> User:
    return make_user()


@pytest.fixture
def add(ada, now):
    def add(idempotency_key: str | None = None, **changes: object) -> Address:
        return add_address(
            user_id=ada.pk, address=LONDON | changes, idempotency_key=idempotency_key, now=now
        )

    return add


def refusals(call) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        call()
    return [(error.code, error.field) for error in caught.value.error_list]


class TestAddAddress:
    def test_keeps_the_address_with_its_country_in_upper_case(self, add, ada):
        address = add()
        address.refresh_from_db()
        assert (address.user, address.country, address.phone) == (ada, "GB", "")
        assert not any([address.is_default_shipping, address.is_default_billing])

    def test_takes_the_place_of_the_default_before_it(self, add):
        first = add(is_default_shipping=True, is_default_billing=True)
        second = add(is_default_shipping=True)
        assert Address.objects.get(is_default_shipping=True) == second
        assert Address.objects.get(is_default_billing=True) == first

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"country": "Britain"}, [("INVALID", "country")]),
            ({"country": "ß1"}, [("INVALID", "country")]),
            ({"country": ""}, [("REQUIRED", "country")]),
            ({"postal_code": "x" * 21}, [("INVALID", "postalCode")]),
            ({"name": "", "city": None}, [("REQUIRED", "name"), ("REQUIRED", "city")]),
        ],
        ids=str,
    )
    def test_refuses_and_keeps_the_defaults(self, changes, expected, add):
        default = add(is_default_shipping=True)
        with pytest.raises(ValidationError) as caught:
            add(is_default_shipping=True, **changes)
        assert [(error.code, error.field) for error in caught.value.error_list] == expected
        assert Address.objects.get() == default

    def test_takes_null_for_what_may_be_left_out(self, add):
        address = add(postal_code=None, phone=None, is_default_shipping=None)
        assert (address.postal_code, address.phone, address.is_default_shipping) == ("", "", False)

    def test_gives_a_repeat_the_same_address(self, add):
        first = add(idempotency_key="k")
        assert add(idempotency_key="k") == first
        assert Address.objects.get() == first

    def test_refuses_a_repeat_that_asks_for_something_else_or_comes_too_late(self, add):
        first = add(idempotency_key="k")
        for changes, code in (({"city": "Bath"}, "IDEMPOTENCY_CONFLICT"), ({}, "NOT_FOUND")):
            assert refusals(lambda changes=changes: add(idempotency_key="k", **changes)) == [
                (code, "idempotencyKey")
            ]
            Address.objects.filter(pk=first.pk).delete()
        assert not Address.objects.exists()

    def test_refuses_more_than_anybody_needs(self, add, ada):
        Address.objects.bulk_create(
            Address(user=ada, name="A", street="B", city="C", country="GB")
            for _ in range(MAX_ADDRESSES)
        )
        assert refusals(add) == [("INVALID", "")]

    @pytest.mark.concurrency
    @pytest.mark.django_db(transaction=True)
    def test_leaves_one_default_after_a_race(self, add, race):
        answers = race(*[partial(add, is_default_shipping=True)] * 6)
        assert {type(answer) for answer in answers} == {Address}
        assert Address.objects.filter(is_default_shipping=True).count() == 1
        assert Address.objects.count() == 6


class TestUpdateAddress:
    def test_changes_what_is_named_and_leaves_the_rest(self, add, ada):
        address = add(phone="1", is_default_billing=True)
        changed = update_address(
            user_id=ada.pk, address_id=address.pk, changes={"city": "Bath", "phone": None}
        )
        changed.refresh_from_db()
        assert (changed.city, changed.phone, changed.street) == ("Bath", "", "1 Analytical Way")
        assert changed.is_default_billing

    def test_moves_and_gives_up_a_default(self, add, ada):
        first, second = add(is_default_shipping=True), add()
        for default, expected in ((True, [second]), (True, [second]), (None, [])):
            update_address(
                user_id=ada.pk, address_id=second.pk, changes={"is_default_shipping": default}
            )
            assert list(Address.objects.filter(is_default_shipping=True)) == expected
        assert not Address.objects.get(pk=first.pk).is_default_shipping

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"name": None}, [("REQUIRED", "name")]),
            ({"country": "Britain"}, [("INVALID", "country")]),
            ({"phone": "1" * 41, "is_default_shipping": True}, [("INVALID", "phone")]),
        ],
        ids=str,
    )
    def test_refuses_and_changes_nothing(self, changes, expected, add, ada):
        default, other = add(is_default_shipping=True), add()
        assert expected == refusals(
            lambda: update_address(user_id=ada.pk, address_id=other.pk, changes=changes)
        )
        assert Address.objects.get(is_default_shipping=True) == default

    def test_knows_no_address_of_somebody_else_and_keeps_the_defaults(self, add, make_user):
        bea = make_user("bea@example.com")
        mine = add_address(
            user_id=bea.pk, address=LONDON | {"is_default_shipping": True}, now=bea.created_at
        )
        for address_id in (add().pk, 2**63 - 1):
            changes = {"is_default_shipping": True}
            assert refusals(
                lambda address_id=address_id, changes=changes: update_address(
                    user_id=bea.pk, address_id=address_id, changes=changes
                )
            ) == [("NOT_FOUND", "id")]
        assert Address.objects.get(is_default_shipping=True) == mine


class TestDeleteAddress:
    def test_deletes_ones_own_alone(self, add, ada, make_user):
        address, other = add(), add()
        bea = make_user("bea@example.com")
        assert refusals(partial(delete_address, user_id=bea.pk, address_id=address.pk)) == [
            ("NOT_FOUND", "id")
        ]
        delete_address(user_id=ada.pk, address_id=address.pk)
        assert Address.objects.get() == other
        assert refusals(partial(delete_address, user_id=ada.pk, address_id=address.pk)) == [
            ("NOT_FOUND", "id")
        ]

    @pytest.mark.concurrency
    @pytest.mark.django_db(transaction=True)
    def test_meets_a_change_of_the_same_address(self, add, ada, race):
        for _ in range(5):
            address = add()
            change = partial(
                update_address, user_id=ada.pk, address_id=address.pk, changes={"city": "Bath"}
            )
            delete = partial(delete_address, user_id=ada.pk, address_id=address.pk)
            for answer in race(change, delete, change):
                assert not isinstance(answer, Exception) or answer.code == "NOT_FOUND"
        assert not Address.objects.exists()
