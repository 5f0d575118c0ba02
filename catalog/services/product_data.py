"""What products consist of, as ``catalog.serializers.ProductSerializer`` validates it."""

from __future__ import annotations

from decimal import Decimal
from typing import TypedDict

from catalog.models import Category


class ValueRename(TypedDict):
    """A value that an option calls something else from now on."""

    old: str
    new: str


class OptionData(TypedDict, total=False):
    """An option and the values it can have; ``previous_name`` and ``renamed_values`` rename."""

    name: str
    values: list[str]
    previous_name: str | None
    renamed_values: list[ValueRename]


class VariantData(TypedDict, total=False):
    """A variant; what is absent stays as it is, or at its default."""

    id: int | None
    sku: str | None
    name: str
    options: dict[str, str]
    price: Decimal
    compare_at_price: Decimal | None
    stock: int
    weight: int | None


class MediaData(TypedDict, total=False):
    """A picture: ``url``, or ``file``, the name of a file in the media storage."""

    url: str
    file: str
    alt: str
    position: int | None


class ProductData(TypedDict, total=False):
    """A product. What is absent stays as it is; options, variants and media are replaced whole."""

    name: str
    slug: str
    description: str
    vendor: str
    tags: list[str]
    category: Category | None
    is_published: bool
    options: list[OptionData]
    variants: list[VariantData]
    media: list[MediaData]
