"""What a product may look like: the one validation for imports and for both APIs.

The serializers check shapes and that a product's parts fit each other; what needs the database
(is this SKU taken?) is the service's. REST also writes its answers with them: of products that
``catalog.querysets.ProductQuerySet.with_parts`` has read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import empty
from rest_framework.validators import UniqueValidator

from catalog.models import Availability, Category, Collection, Media, Product, Variant

MAX_INTEGER = 2**31 - 1
MAX_LIST = 250


class NullClears:
    """A field that null clears: it then has the value ``cleared``."""

    def __init__(self, *, cleared: Any, **options: Any) -> None:
        super().__init__(allow_null=True, **options)  # type: ignore[call-arg]
        self.cleared = cleared

    def run_validation(self, data: Any = empty) -> Any:
        """The cleared value for null; else as ever."""
        if data is None:
            return copy(self.cleared)
        return super().run_validation(data)  # type: ignore[misc]


class Text(NullClears, serializers.CharField):
    """A text."""


class Number(NullClears, serializers.IntegerField):
    """A whole number."""


class Slugs(NullClears, serializers.ListField):
    """What names rows by their slugs."""

    child = serializers.CharField(max_length=250)

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_LIST, **options)


class CategorySerializer(serializers.ModelSerializer):
    """The category that a product stands in."""

    class Meta:
        model = Category
        fields = ["id", "name", "slug"]


class CategoryChangesSerializer(serializers.Serializer):
    """What staff may say of a category; pass the category as ``instance`` to change one."""

    name = serializers.CharField(max_length=200)
    slug = serializers.SlugField(
        max_length=200,
        required=False,
        allow_unicode=True,
        validators=[
            UniqueValidator(Category.objects.all(), message="Another category has this slug.")
        ],
    )
    parent_slug = serializers.SlugRelatedField(
        slug_field="slug",
        queryset=Category.objects.all(),
        source="parent",
        required=False,
        allow_null=True,
    )
    position = Number(cleared=0, required=False, min_value=0, max_value=MAX_INTEGER)


class CollectionChangesSerializer(serializers.Serializer):
    """What staff may say of a collection; pass the collection as ``instance`` to change one."""

    name = serializers.CharField(max_length=200)
    slug = serializers.SlugField(
        max_length=200,
        required=False,
        allow_unicode=True,
        validators=[
            UniqueValidator(Collection.objects.all(), message="Another collection has this slug.")
        ],
    )
    product_slugs = Slugs(cleared=[], required=False)
    add_product_slugs = Slugs(cleared=[], required=False)
    remove_product_slugs = Slugs(cleared=[], required=False)


class OptionSerializer(serializers.Serializer):
    """A way in which variants differ, and the values it can have."""

    name = serializers.CharField(max_length=100)
    values = serializers.ListField(
        child=serializers.CharField(max_length=200), allow_empty=False, max_length=250
    )

    def validate_values(self, values: list[str]) -> list[str]:
        """No value twice."""
        for index, value in enumerate(values):
            if value in values[:index]:
                raise serializers.ValidationError({str(index): [_twice(value)]})
        return values


class SelectedOptionSerializer(serializers.Serializer):
    """The value that a variant has for an option."""

    name = serializers.CharField(max_length=100)
    value = serializers.CharField(max_length=200)


class SelectedOptionsSerializer(serializers.ListSerializer):
    """A variant's options, in the order of its product's."""

    def get_attribute(self, instance: Variant) -> list[dict[str, str]]:
        """The dictionary that the variant keeps, as a list."""
        return [
            {"name": option.name, "value": instance.options[option.name]}
            for option in instance.product.options.all()
            if option.name in instance.options
        ]


class VariantSerializer(serializers.Serializer):
    """What a customer buys. Prices are in the shop's currency, weights in grams."""

    id = serializers.IntegerField(read_only=True)
    sku = serializers.CharField(max_length=100, required=False, allow_null=True, allow_blank=True)
    name = serializers.CharField(max_length=250, required=False, allow_blank=True)
    options = SelectedOptionsSerializer(
        child=SelectedOptionSerializer(), required=False, max_length=10
    )
    price = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=0)
    compare_at_price = serializers.DecimalField(
        max_digits=12, decimal_places=2, min_value=0, required=False, allow_null=True
    )
    currency = serializers.CharField(read_only=True)
    availability = serializers.ChoiceField(Availability.choices, read_only=True)
    stock = serializers.IntegerField(
        min_value=0,
        max_value=MAX_INTEGER,
        required=False,
        write_only=True,
        help_text="How many are on hand, those promised to orders among them.",
    )
    weight = serializers.IntegerField(
        min_value=0, max_value=MAX_INTEGER, required=False, allow_null=True
    )

    def validate_sku(self, sku: str | None) -> str | None:
        """A blank SKU is none."""
        return sku or None

    def validate_options(self, options: list[dict[str, str]]) -> dict[str, str]:
        """The values by option name."""
        values: dict[str, str] = {}
        for index, option in enumerate(options):
            if option["name"] in values:
                raise serializers.ValidationError({str(index): {"name": [_twice(option["name"])]}})
            values[option["name"]] = option["value"]
        return values


class MediaSerializer(serializers.Serializer):
    """A picture at an address elsewhere; without positions, the order of the list counts."""

    url = serializers.URLField(max_length=2000)
    alt = serializers.CharField(max_length=500, required=False, allow_blank=True)
    position = serializers.IntegerField(min_value=0, max_value=32_767, required=False)

    def validate_url(self, url: str) -> str:
        """Browsers will fetch it."""
        if not url.lower().startswith(("http://", "https://")):
            raise serializers.ValidationError("Enter an http or https address.")
        return url

    def to_representation(self, instance: Media) -> dict[str, Any]:
        """A file of ours has an address too."""
        shown = super().to_representation(instance)
        if instance.file:
            shown["url"] = f"{settings.PUBLIC_URL}{settings.MEDIA_URL}{instance.file.name}"
        return shown


class ReviewSerializer(serializers.Serializer):
    """What a customer may say: plain text, of a size that can be read."""

    rating = serializers.IntegerField(min_value=1, max_value=5)
    title = serializers.CharField(max_length=200, allow_blank=True)
    body = serializers.CharField(max_length=5_000, allow_blank=True)


class ProductSerializer(serializers.Serializer):
    """A whole product for ``catalog.services.products.save_product``.

    Pass the product as ``instance`` to change one; with ``partial=True`` absent fields stay.
    Options, variants and media are replaced whole where they are given.
    """

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=250)
    slug = serializers.SlugField(max_length=250, required=False, allow_unicode=True)
    description = serializers.CharField(
        max_length=200_000, required=False, allow_blank=True, help_text="HTML; will be sanitised."
    )
    vendor = serializers.CharField(max_length=200, required=False, allow_blank=True)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, max_length=250
    )
    category_slug = serializers.SlugRelatedField(
        slug_field="slug",
        queryset=Category.objects.all(),
        source="category",
        required=False,
        allow_null=True,
    )
    category = CategorySerializer(read_only=True, allow_null=True)
    is_published = serializers.BooleanField(required=False)
    min_price = serializers.DecimalField(
        max_digits=12,
        decimal_places=2,
        read_only=True,
        allow_null=True,
        source="listing.min_price",
        help_text="Of its variants; null where it has none.",
    )
    max_price = serializers.DecimalField(
        max_digits=12,
        decimal_places=2,
        read_only=True,
        allow_null=True,
        source="listing.max_price",
        help_text="Of its variants; null where it has none.",
    )
    currency = serializers.SerializerMethodField(help_text="ISO 4217.")
    availability = serializers.ChoiceField(Availability.choices, read_only=True)
    average_rating = serializers.FloatField(
        read_only=True,
        allow_null=True,
        source="listing.rating",
        help_text="Stars, the mean of its published reviews; null without any.",
    )
    review_count = serializers.IntegerField(read_only=True)
    options: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=OptionSerializer(), required=False, max_length=10
    )
    variants: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=VariantSerializer(), required=False, max_length=2_048
    )
    media: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=MediaSerializer(), required=False, max_length=250
    )
    published_at = serializers.DateTimeField(
        read_only=True,
        allow_null=True,
        help_text="When customers could find it first; null where they never could.",
    )
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    instance: Product | None

    def get_currency(self, product: Product) -> str:
        """The shop's one."""
        return settings.CURRENCY

    def validate_tags(self, tags: list[str]) -> list[str]:
        """Each tag once, the first of equals."""
        return list(dict.fromkeys(tags))

    def validate_options(self, options: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """No name twice."""
        names = [option["name"] for option in options]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise serializers.ValidationError({str(index): {"name": [_twice(name)]}})
        return options

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Variants fit the options and differ from each other."""
        if "variants" in data:
            allowed = self._allowed_values(data)
            errors = dict(self._variant_errors(data["variants"], allowed))
            if errors:
                raise serializers.ValidationError({"variants": errors})
            for variant in data["variants"]:  # In the product's order, whatever the input's was.
                variant["options"] = {name: variant["options"][name] for name in allowed}
        elif "options" in data and self.instance is not None:
            message = "Give the variants too: they must fit the options."
            raise serializers.ValidationError({"variants": [ErrorDetail(message, "required")]})
        return data

    def _allowed_values(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        if "options" in data:
            return {option["name"]: option["values"] for option in data["options"]}
        if self.instance is None:
            return {}
        return dict(self.instance.options.order_by("position").values_list("name", "values"))

    def _variant_errors(
        self, variants: list[dict[str, Any]], allowed: Mapping[str, list[str]]
    ) -> Iterator[tuple[str, dict[str, list[ErrorDetail]]]]:
        seen_options: set[tuple[str, ...]] = set()
        seen_skus: set[str] = set()
        for index, variant in enumerate(variants):
            options, sku = variant.get("options", {}), variant.get("sku")
            if set(options) != set(allowed):
                wanted = f"a value for each of: {', '.join(allowed)}" if allowed else "no options"
                yield (
                    str(index),
                    {"options": [ErrorDetail(f"This variant needs {wanted}.", "invalid")]},
                )
                continue
            unknown = [value for name, value in options.items() if value not in allowed[name]]
            values = tuple(options[name] for name in allowed)
            if unknown:
                message = f"{', '.join(unknown)}: no value of the product's options."
                yield str(index), {"options": [ErrorDetail(message, "invalid")]}
            elif values in seen_options:
                message = f"Another variant is {' / '.join(values) or 'without options'} too."
                yield str(index), {"options": [ErrorDetail(message, "unique")]}
            elif sku and sku in seen_skus:
                yield str(index), {"sku": [_twice(sku)]}
            seen_options.add(values)
            seen_skus.add(sku or "")


def _twice(value: str) -> ErrorDetail:
    return ErrorDetail(f"{value} is there twice.", "unique")
