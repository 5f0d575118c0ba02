from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Value

from commerce.filters import OrderFilterSet
from commerce.models import Order
from tests.commerce.factories import NOON


@pytest.fixture
def orders(db):
    for number, email, status in [
        ("N-1", "ada@example.com", "CONFIRMED"),
        ("N-2", "Bob@example.com", "CANCELLED"),
        ("N-12", "bob_50%@example.com", "FULFILLED"),
    ]:
        Order.objects.create(
            number=number,
            email=email,
            status=status,
            payment_status="PAID" if status == "FULFILLED" else "PENDING",
            shipping_address={},
            placed_at=NOON + timedelta(days=int(number[2:])),
        )


def numbers(**data):
    filters = OrderFilterSet(data, queryset=Order.objects.order_by("pk"))
    assert filters.is_valid(), filters.errors
    return [order.number for order in filters.qs]


@pytest.mark.usefixtures("orders")
class TestOrderFilterSet:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            ({}, ["N-1", "N-2", "N-12"]),
            ({"status": [], "email": "", "search": None}, ["N-1", "N-2", "N-12"]),
            ({"status": ["CONFIRMED", "CANCELLED"]}, ["N-1", "N-2"]),
            ({"payment_status": ["PAID"]}, ["N-12"]),
            ({"placed_after": NOON + timedelta(days=2)}, ["N-2", "N-12"]),
            ({"placed_before": NOON + timedelta(days=2)}, ["N-1"]),
            ({"placed_after": "2026-06-03T12:00:00Z"}, ["N-2", "N-12"]),
            ({"email": "bob@EXAMPLE.com"}, ["N-2"]),
            ({"search": "n-1"}, ["N-1", "N-12"]),
            ({"search": "bob"}, ["N-2", "N-12"]),
            ({"search": "BOB_50%"}, ["N-12"]),
            ({"search": "%"}, []),
            ({"search": "example"}, []),
            ({"search": "N-1", "status": ["FULFILLED"]}, ["N-12"]),
        ],
    )
    def test_narrows(self, data, expected):
        assert numbers(**data) == expected

    def test_refuses_unknown_statuses(self):
        assert "status" in OrderFilterSet({"status": ["LOST"]}).errors

    def test_takes_expressions_for_values(self):
        filters = OrderFilterSet({"search": "x"}, queryset=Order.objects.order_by("pk"))
        assert filters.is_valid()
        cleaned = filters.form.cleaned_data
        cleaned["search"] = Value("N-1")
        cleaned["email"] = Value("ADA@example.com")
        cleaned["placed_after"] = Value(NOON)
        assert [order.number for order in filters.filter_queryset(Order.objects.all())] == ["N-1"]
