"""Filters of lists of deliveries."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet

from tasks.webhooks.models import WebhookDelivery, WebhookEventType


class WebhookDeliveryFilterSet(django_filters.FilterSet):
    """Which deliveries a list holds; all of the given conditions together."""

    status = django_filters.MultipleChoiceFilter(choices=WebhookDelivery.Status.choices)
    event_type = django_filters.MultipleChoiceFilter(choices=WebhookEventType.choices)

    class Meta:
        model = WebhookDelivery
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Apply the cleaned values; each may be a database expression."""
        narrowed: QuerySet = queryset
        for name, narrow in (("status", "with_status"), ("event_type", "of_type")):
            value = self.form.cleaned_data.get(name)
            if value is not None and value != []:
                narrowed = getattr(narrowed, narrow)(value)
        return narrowed
