"""Serializers' errors, as the API names them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from rest_framework import serializers

from catalog.models import Category
from tests.users.conftest import PASSWORD
from users.models import User
from users.serializers import AddressSerializer
from users.validation import validated


class OrderLike(serializers.Serializer):
    line_2 = serializers.CharField(required=False)
    email_lists = serializers.ListField(child=serializers.EmailField(), required=False)
    home_address = AddressSerializer(required=False)
    other_addresses: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=AddressSerializer(), required=False, allow_empty=False
    )
    category = serializers.SlugRelatedField(
        slug_field="slug", queryset=Category.objects.all(), required=False
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if not data:
            raise serializers.ValidationError("Say something.")
        return data


class AccountLike(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "email"]
        extra_kwargs = {"id": {"read_only": False}}

    def validate_email(self, email: str) -> str:
        if User.objects.of_email(email).exists():
            raise serializers.ValidationError("There is one.", code="unique")
        return email


ADDRESS = {"name": "Ada", "street": "1 High Street", "city": "York", "country": "GB"}


def refusals(serializer: serializers.BaseSerializer) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        validated(serializer)
    return [(error.code, error.field) for error in caught.value.error_list]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, [("INVALID", "")]),
        ({"line_2": ""}, [("REQUIRED", "line2")]),
        ({"line_2": None}, [("REQUIRED", "line2")]),
        ({"email_lists": ["a@example.com", "b"]}, [("INVALID", "emailLists.1")]),
        ({"home_address": ADDRESS | {"country": "XX"}}, [("INVALID", "homeAddress.country")]),
        ({"other_addresses": []}, [("REQUIRED", "otherAddresses")]),
        (
            {"other_addresses": [ADDRESS, ADDRESS | {"name": ""}]},
            [("REQUIRED", "otherAddresses.1.name")],
        ),
        (
            {"line_2": "", "email_lists": ["b"]},
            [("REQUIRED", "line2"), ("INVALID", "emailLists.0")],
        ),
        ({"category": "nowhere"}, [("NOT_FOUND", "category")]),
    ],
)
def test_every_error_has_its_code_and_its_path(db, data, expected):
    assert refusals(OrderLike(data=data)) == expected


def test_what_exists_already_is_said_to(db):
    User.objects.create_user("ada@example.com", PASSWORD)
    account = AccountLike(data={"id": 2**40, "email": "ada@example.com"})
    assert refusals(account) == [("ALREADY_EXISTS", "email")]


def test_right_values_come_back_clean(db):
    given = OrderLike(data={"home_address": ADDRESS | {"country": "gb"}})
    assert validated(given)["home_address"]["country"] == "GB"
