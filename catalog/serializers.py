"""What a product may look like: the one validation for imports and for both APIs.

The serializers check shapes; what needs other rows (is this SKU taken? do the variants fit the
options?) is the service's. They also name what REST answers. The read compiler reads that, and
``reads`` says which path of the API's types a field stands at, where that is not its own name.
"""

from __future__ import annotations

from typing import Any

from django.db.models import BigIntegerField
from rest_framework import serializers
from rest_framework.validators import UniqueValidator

from catalog.models import Availability, Category, Collection, Product, Review
from catalog.serializer_fields import (
    MAX_INTEGER,
    MAX_LIST,
    Flag,
    Money,
    Number,
    Rows,
    Text,
    Texts,
    refuse_twice,
)


class CategorySerializer(serializers.ModelSerializer):
    """The category that a product stands in."""

    class Meta:
        model = Category
        fields = ["id", "name", "slug"]


class CategoryTreeSerializer(CategorySerializer):
    """A category and its place in the tree."""

    reads = {"parent_slug": "parent.slug"}

    parent_slug = serializers.CharField(allow_null=True, help_text="Null at the top.")
    ancestors = CategorySerializer(many=True, help_text="From the top down.")
    children = CategorySerializer(many=True, help_text="Right below it.")
    product_count = serializers.IntegerField(
        help_text="How many products one can find in it and in the categories below it."
    )

    class Meta(CategorySerializer.Meta):
        fields = [
            *CategorySerializer.Meta.fields,
            "parent_slug",
            "ancestors",
            "children",
            "product_count",
        ]


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
    product_slugs = Texts(cleared=[], required=False, longest=250)
    add_product_slugs = Texts(cleared=[], required=False, longest=250)
    remove_product_slugs = Texts(cleared=[], required=False, longest=250)


class ValueRenameSerializer(serializers.Serializer):
    """A value that an option calls something else from now on."""

    old = serializers.CharField(max_length=200)
    new = serializers.CharField(max_length=200)


class OptionSerializer(serializers.Serializer):
    """A way in which variants differ, and the values it can have."""

    name = serializers.CharField(max_length=100)
    values = serializers.ListField(
        child=serializers.CharField(max_length=200), allow_empty=False, max_length=MAX_LIST
    )
    previous_name = serializers.CharField(
        max_length=100,
        required=False,
        allow_null=True,
        write_only=True,
        help_text="What the option was called until now; the variants keep their values.",
    )
    renamed_values = Rows(
        child=ValueRenameSerializer(),
        cleared=[],
        required=False,
        write_only=True,
        max_length=MAX_LIST,
        help_text="Values that are called something else from now on; the variants follow.",
    )

    def validate_values(self, values: list[str]) -> list[str]:
        """No value twice."""
        refuse_twice(values)
        return values

    def validate_renamed_values(self, renames: list[dict[str, str]]) -> list[dict[str, str]]:
        """No value renamed twice."""
        refuse_twice([rename["old"] for rename in renames], member="old")
        return renames


class SelectedOptionSerializer(serializers.Serializer):
    """The value that a variant has for an option."""

    name = serializers.CharField(max_length=100)
    value = serializers.CharField(max_length=200)


class VariantSerializer(serializers.Serializer):
    """What a customer buys. Prices are in the shop's currency, weights in grams."""

    reads = {
        "options": "selectedOptions",
        "price": "price.amount",
        "compare_at_price": "compareAtPrice.amount",
        "currency": "price.currency",
    }

    id = serializers.IntegerField(
        required=False, allow_null=True, help_text="Of a variant that the product has already."
    )
    sku = serializers.CharField(max_length=100, required=False, allow_null=True, allow_blank=True)
    name = Text(
        cleared="",
        max_length=250,
        required=False,
        allow_blank=True,
        help_text="Made of the options where it is blank.",
    )
    options = Rows(child=SelectedOptionSerializer(), cleared=[], required=False, max_length=10)
    price = Money(help_text="A new variant needs one.")
    compare_at_price = Money(required=False, allow_null=True)
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

    def get_fields(self) -> dict[str, Any]:
        """A price is needed where all variants are new; else the service knows which are."""
        fields = super().get_fields()
        fields["price"].required = getattr(self.root, "instance", None) is None
        return fields

    def validate_sku(self, sku: str | None) -> str | None:
        """A blank SKU is none."""
        return sku or None

    def validate_options(self, options: list[dict[str, str]]) -> dict[str, str]:
        """The values by option name."""
        refuse_twice([option["name"] for option in options], member="name")
        return {option["name"]: option["value"] for option in options}


class MediaSerializer(serializers.Serializer):
    """A picture at an address elsewhere; without positions, the order of the list counts."""

    id = serializers.IntegerField(read_only=True)
    url = serializers.URLField(max_length=2000)
    alt = Text(cleared="", max_length=500, required=False, allow_blank=True)
    position = serializers.IntegerField(
        min_value=0, max_value=32_767, required=False, allow_null=True
    )

    def validate_url(self, url: str) -> str:
        """Browsers will fetch it."""
        if not url.lower().startswith(("http://", "https://")):
            raise serializers.ValidationError("Enter an http or https address.")
        return url


class MediaChangesSerializer(serializers.Serializer):
    """What to change of a picture; an absent field leaves."""

    alt = Text(cleared="", max_length=500, required=False, allow_blank=True)
    position = serializers.IntegerField(
        min_value=0,
        max_value=MAX_INTEGER,
        required=False,
        allow_null=True,
        help_text="Null makes it the last.",
    )


class MediaUploadSerializer(serializers.Serializer):
    """A picture that is sent as a file."""

    file = serializers.FileField(
        max_length=None,
        allow_empty_file=True,
        help_text="A JPEG, PNG, WebP or GIF; what it tells of place and camera is left out.",
    )
    alt = serializers.CharField(max_length=500, required=False, allow_blank=True)
    position = serializers.IntegerField(
        min_value=0, max_value=MAX_INTEGER, required=False, help_text="By default the last."
    )


class ReviewSerializer(serializers.Serializer):
    """What a customer may say: plain text, of a size that can be read."""

    rating = serializers.IntegerField(min_value=1, max_value=5)
    title = serializers.CharField(max_length=200, allow_blank=True)
    body = serializers.CharField(max_length=5_000, allow_blank=True)


class NewReviewSerializer(ReviewSerializer):
    """A review to write."""

    product_id = serializers.IntegerField(min_value=1, max_value=BigIntegerField.MAX_BIGINT)

    def get_fields(self) -> dict[str, Any]:
        """Headline and text may be left out."""
        fields = super().get_fields()
        for name in ("title", "body"):
            fields[name].required = False
        return fields


class ModerationSerializer(serializers.Serializer):
    """What shall become of a review."""

    status = serializers.ChoiceField([Review.Status.PUBLISHED, Review.Status.REJECTED])


class ShownReviewSerializer(serializers.Serializer):
    """What a customer says of a product."""

    reads = {"product_id": "product.id"}

    id = serializers.IntegerField()
    product_id = serializers.IntegerField(
        allow_null=True, help_text="Null where one can't find the product any more."
    )
    rating = serializers.IntegerField()
    title = serializers.CharField()
    body = serializers.CharField()
    author = serializers.CharField(help_text="A name, or Anonymous.")
    status = serializers.ChoiceField(Review.Status.choices)
    created_at = serializers.DateTimeField()


class ProductSerializer(serializers.Serializer):
    """A whole product for ``catalog.services.products.save_product``.

    Pass the product as ``instance`` to change one; with ``partial=True`` the name may be absent
    too. What is absent stays, null clears; options, variants and media are replaced whole.
    Whether variants fit the options is ``catalog.services.variant_fitting``'s to say.
    """

    reads = {
        "category_slug": "category.slug",
        "min_price": "priceRange.min.amount",
        "max_price": "priceRange.max.amount",
        "currency": "priceRange.min.currency",
        "review_count": "reviews.totalCount",
    }

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=250)
    slug = serializers.SlugField(max_length=250, required=False, allow_unicode=True)
    description = Text(
        cleared="",
        max_length=200_000,
        required=False,
        allow_blank=True,
        help_text="HTML; will be sanitised.",
    )
    vendor = Text(cleared="", max_length=200, required=False, allow_blank=True)
    tags = Texts(cleared=[], longest=100, required=False)
    category_slug = serializers.SlugRelatedField(
        slug_field="slug",
        queryset=Category.objects.all(),
        source="category",
        required=False,
        allow_null=True,
    )
    category = CategorySerializer(read_only=True, allow_null=True)
    is_published = Flag(cleared=False, required=False)
    min_price = Money(
        read_only=True,
        allow_null=True,
        help_text="Of its variants; null where it has none.",
    )
    max_price = Money(
        read_only=True,
        allow_null=True,
        help_text="Of its variants; null where it has none.",
    )
    currency = serializers.CharField(
        read_only=True, allow_null=True, help_text="ISO 4217; null where it has no price."
    )
    availability = serializers.ChoiceField(Availability.choices, read_only=True)
    average_rating = serializers.FloatField(
        read_only=True,
        allow_null=True,
        help_text="Stars, the mean of its published reviews; null without any.",
    )
    review_count = serializers.IntegerField(read_only=True)
    options = Rows(child=OptionSerializer(), cleared=[], required=False, max_length=10)
    variants = Rows(child=VariantSerializer(), cleared=[], required=False, max_length=2_048)
    media = Rows(child=MediaSerializer(), cleared=[], required=False, max_length=MAX_LIST)
    published_at = serializers.DateTimeField(
        read_only=True,
        allow_null=True,
        help_text="When customers could find it first; null where they never could.",
    )
    created_at = serializers.DateTimeField(read_only=True)

    instance: Product | None

    def __init__(self, *args: Any, partial: bool = False, **options: Any) -> None:
        # Not the framework's, which would let the parts of options and media be absent too.
        super().__init__(*args, **options)
        if partial:
            self.fields["name"].required = False

    def validate_tags(self, tags: list[str]) -> list[str]:
        """Each tag once, the first of equals."""
        return list(dict.fromkeys(tags))

    def validate_options(self, options: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """No name twice."""
        refuse_twice([option["name"] for option in options], member="name")
        return options

    def validate_variants(self, variants: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """No row and no SKU twice."""
        refuse_twice([variant.get("id") for variant in variants], member="id")
        refuse_twice([variant.get("sku") for variant in variants], member="sku")
        return variants
