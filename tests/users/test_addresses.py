from __future__ import annotations

from functools import partial

import pytest
from django.core.exceptions import ValidationError

from users.models import Address, User
from users.services.addresses import add_address

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
    return lambda **changes: add_address(user_id=ada.pk, address=LONDON | changes, now=now)


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

    @pytest.mark.concurrency
    @pytest.mark.django_db(transaction=True)
    def test_leaves_one_default_after_a_race(self, add, race):
        answers = race(*[partial(add, is_default_shipping=True)] * 6)
        assert {type(answer) for answer in answers} == {Address}
        assert Address.objects.filter(is_default_shipping=True).count() == 1
        assert Address.objects.count() == 6
