"""Filters of lists of orders, for both APIs.

A filter hands its cleaned value to a method of ``OrderQuerySet`` and does nothing else with it:
the read compiler runs the same code with placeholders instead of values.
"""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet

from commerce.models import Order, OrderStatus, PaymentStatus


class OrderFilterSet(django_filters.FilterSet):
    """Which orders a list holds; all of the given conditions together."""

    status = django_filters.MultipleChoiceFilter(choices=OrderStatus.choices)
    payment_status = django_filters.MultipleChoiceFilter(choices=PaymentStatus.choices)
    placed_after = django_filters.IsoDateTimeFilter()
    placed_before = django_filters.IsoDateTimeFilter()
    email = django_filters.CharFilter()
    search = django_filters.CharFilter()

    class Meta:
        model = Order
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Narrow the orders by every filter that was given."""
        narrowing: dict[str, Any] = {
            "status": "with_status",
            "payment_status": "with_payment_status",
            "placed_after": "placed_after",
            "placed_before": "placed_before",
            "email": "of_email",
            "search": "search",
        }
        for name, method in narrowing.items():
            value = self.form.cleaned_data.get(name)
            if value is not None and value != "" and value != []:
                queryset = getattr(queryset, method)(value)
        return queryset
