"""The filters of product lists, one set for both APIs and the admin.

The rules themselves are methods of the QuerySets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import BigIntegerField, QuerySet

from catalog.models import ImportRow, Product, Review
from catalog.querysets import ProductQuerySet
from tasks.filters import ListField, ListFilter


class OptionsField(ListField):
    """Options with wanted values: ``{"name": "Size", "values": ["Small"]}`` or ``Size:Small``.

    The latter is a query string's way: ``?options=Size:Small&options=Size:Medium``.
    """

    def clean(self, value: Any) -> list[dict[str, Any]] | None:
        """One dict an option; several of one name are joined."""
        values_of: dict[str, list[str]] = {}
        if not isinstance(value, (list, tuple, type(None))):
            value = [value]
        for option in value or []:
            name, values = self._split(option)
            if values:
                values_of.setdefault(name, []).extend(values)
        return [{"name": name, "values": values} for name, values in values_of.items()] or None

    def _split(self, option: Any) -> tuple[str, list[str]]:
        if isinstance(option, str):
            name, colon, value = option.partition(":")
            if not colon:
                raise ValidationError("Write an option as Name:value, e.g. Size:Small.")
            option = {"name": name, "values": [value]}
        try:
            return self.item.clean(option["name"]), super().clean(option["values"]) or []
        except (KeyError, TypeError):
            raise ValidationError("An option needs a name and values.") from None


class TrueOrFalseField(forms.Field):
    """True, False or None where nothing is given; anything else is an error."""

    widget = forms.TextInput
    VALUES = {True: True, "true": True, "1": True, False: False, "false": False, "0": False}

    def clean(self, value: Any) -> bool | None:
        """A boolean, also from the words true and false in any case."""
        if value is None or value == "":
            return None
        try:
            return self.VALUES[value.lower() if isinstance(value, str) else value]
        except (KeyError, TypeError):
            raise ValidationError("Must be true or false.") from None


class TextFilter(django_filters.CharFilter):
    """One text; None where nothing is given."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(empty_value=None, max_length=250, **kwargs)


class KeyFilter(django_filters.Filter):
    """A primary key."""

    field_class = forms.IntegerField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=BigIntegerField.MAX_BIGINT, **kwargs)


class TrueOrFalseFilter(django_filters.Filter):
    """Yes or no."""

    field_class = TrueOrFalseField


class OptionsFilter(django_filters.Filter):
    """Any of several values, by the option's name."""

    field_class = OptionsField


class ProductFilterSet(django_filters.FilterSet):
    """Narrows a list of products.

    A filter whose value is missing, null, blank or an empty list narrows nothing. Price, stock and
    options must hold for one and the same variant.
    """

    category = TextFilter(label="Category (slug)")
    include_descendants = TrueOrFalseFilter(label="And the categories below it")
    price_min = django_filters.NumberFilter(label="Price from", max_digits=20)
    price_max = django_filters.NumberFilter(label="Price up to", max_digits=20)
    in_stock = TrueOrFalseFilter(label="In stock")
    vendor = ListFilter(label="Vendor, any of")
    tags = ListFilter(label="Tags, any of")
    options = OptionsFilter(label="Options")
    ids = ListFilter(
        label="Ids",
        item=forms.IntegerField(min_value=1, max_value=BigIntegerField.MAX_BIGINT, localize=False),
    )
    created_after = django_filters.IsoDateTimeFilter(label="Created after")
    is_published = TrueOrFalseFilter(label="Published")
    collection = TextFilter(label="Collection (slug)")
    slug = TextFilter(label="Slug")

    class Meta:
        model = Product
        fields: list[str] = []

    def filter_queryset(self, queryset: ProductQuerySet) -> ProductQuerySet:
        """Apply the cleaned values; each may be a database expression, booleans excepted."""
        return narrow_products(queryset, self.form.cleaned_data)


def narrow_products(products: ProductQuerySet, values: Mapping[str, Any]) -> ProductQuerySet:
    """Apply the values of a ``ProductFilterSet``; None is as not given."""
    given = {name: value for name, value in values.items() if value is not None}
    if "category" in given:
        products = products.in_category(
            given["category"], include_descendants=given.get("include_descendants", False)
        )
    if "slug" in given:
        products = products.filter(slug=given["slug"])
    if "collection" in given:
        products = products.in_collection(given["collection"])
    if "vendor" in given:
        products = products.from_vendors(given["vendor"])
    if "tags" in given:
        products = products.tagged(given["tags"])
    if "ids" in given:
        products = products.filter(pk__in=given["ids"])
    if "created_after" in given:
        products = products.created_after(given["created_after"])
    if "is_published" in given:
        products = products.published(given["is_published"])
    of_variant = {
        name: given[name]
        for name in ("price_min", "price_max", "in_stock", "options")
        if name in given
    }
    return products.having_variant(**of_variant) if of_variant else products


class ReviewFilterSet(django_filters.FilterSet):
    """Which reviews a list holds."""

    status = django_filters.ChoiceFilter(choices=Review.Status.choices)
    product = KeyFilter(label="Product (id)")

    class Meta:
        model = Review
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Apply the cleaned values, which may be database expressions."""
        for name in ("status", "product"):
            value = self.form.cleaned_data.get(name)
            if value is not None and value != "":
                queryset = queryset.filter(**{name: value})
        return queryset


class ImportRowFilterSet(django_filters.FilterSet):
    """Which rows of an imported file a list holds."""

    status = django_filters.ChoiceFilter(choices=ImportRow.Status.choices)

    class Meta:
        model = ImportRow
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Apply the cleaned value, which may be a database expression."""
        status = self.form.cleaned_data.get("status") or None
        return queryset if status is None else queryset.filter(status=status)
