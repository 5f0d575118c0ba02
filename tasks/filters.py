"""Filters of lists of jobs, and the filter for "any of several" that every list shares."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from tasks.models import Job


class ManyValues(forms.Widget):
    """Reads a list as it is, or a query string's repeated key: ``?tags=men&tags=wool``."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The values in their order, or None where the key is missing."""
        if isinstance(data, QueryDict):
            return data.getlist(name) or None
        return data.get(name)


class ListField(forms.Field):
    """A list whose items are cleaned by another field; None where nothing is given."""

    widget = ManyValues
    item: forms.Field = forms.CharField(max_length=250, strip=False)

    def __init__(self, *, item: forms.Field | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.item = item or self.item

    def clean(self, value: Any) -> list[Any] | None:
        """Each item cleaned; an empty list is as none."""
        if value is None or value in ("", []):
            return None
        if not isinstance(value, (list, tuple)):
            value = [value]
        return [self.item.clean(item) for item in value]


class ListFilter(django_filters.Filter):
    """Any of several."""

    field_class = ListField


class JobFilterSet(django_filters.FilterSet):
    """Which jobs a list holds; all of the given conditions together."""

    status = django_filters.MultipleChoiceFilter(choices=Job.Status.choices)
    kind = ListFilter(label="Kind, any of")

    class Meta:
        model = Job
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Apply the cleaned values; each may be a database expression."""
        for name in ("status", "kind"):
            value = self.form.cleaned_data.get(name)
            if value is not None and value != []:
                queryset = queryset.filter(**{f"{name}__in": value})
        return queryset
