"""What clients send about the catalogue."""

from __future__ import annotations

import graphene

from catalog.services.stocktaking import StockReason as StockReasonChoices
from schema.catalog.types.products import ReviewStatus
from schema.enumeration import enumeration
from schema.scalars import Decimal, Upload


class DecimalRange(graphene.InputObjectType):
    """A range of amounts."""

    min = Decimal(description="The least, inclusive.")
    max = Decimal(description="The greatest, inclusive.")


class OptionFilter(graphene.InputObjectType):
    """Wanted values of one option."""

    name = graphene.String(required=True, description="The option, such as Size.")
    values = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        description="Any of these values, such as Small.",
    )


class ProductFilter(graphene.InputObjectType):
    """Which products; price, stock and options must hold for one and the same variant."""

    category = graphene.String(description="The slug of their category.")
    include_descendants = graphene.Boolean(
        description="Whether the categories below that one count too."
    )
    collection = graphene.String(description="The slug of a collection that they are in.")
    price = DecimalRange(description="What a variant costs.")
    in_stock = graphene.Boolean(description="Whether a variant can be bought now.")
    vendor = graphene.List(graphene.NonNull(graphene.String), description="Any of these vendors.")
    tags = graphene.List(graphene.NonNull(graphene.String), description="Any of these tags.")
    options = graphene.List(
        graphene.NonNull(OptionFilter), description="Option values of a variant."
    )
    ids = graphene.List(graphene.NonNull(graphene.ID), description="Any of these products.")
    created_after = graphene.DateTime(description="Entered later than this.")
    is_published = graphene.Boolean(description="Whether customers can find them.")


class ValueRenameInput(graphene.InputObjectType):
    """A value that an option calls something else from now on."""

    old = graphene.String(required=True, description="What it is called until now.")
    new = graphene.String(required=True, description="One of the option's values.")


class ProductOptionInput(graphene.InputObjectType):
    """A way in which a product's variants differ."""

    name = graphene.String(required=True, description="Such as Size.")
    values = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        description="Such as Small, Medium, Large, in order.",
    )
    previous_name = graphene.String(
        description="What the option was called until now, where that changes; its variants keep "
        "their values."
    )
    renamed_values = graphene.List(
        graphene.NonNull(ValueRenameInput),
        description="Values that are called something else from now on; the variants follow.",
    )


class SelectedOptionInput(graphene.InputObjectType):
    """The value that a variant has for one of its product's options."""

    name = graphene.String(required=True, description="The option, such as Size.")
    value = graphene.String(required=True, description="One of the option's values.")


class VariantInput(graphene.InputObjectType):
    """A variant. It is the one of its `id`, else of its `sku`, else of its options, else new."""

    id = graphene.ID(description="Of a variant that the product has already.")
    sku = graphene.String(description="The shop's own number, unique; null for none.")
    name = graphene.String(
        description="What tells it from the others; made of its options where it is left out."
    )
    options = graphene.List(
        graphene.NonNull(SelectedOptionInput),
        description="Its value for each of the product's options.",
    )
    price = Decimal(description="What one costs; a new variant needs it.")
    compare_at_price = Decimal(
        description="What one cost before; null where the price was not lowered."
    )
    stock = graphene.Int(
        description="How many are on hand, those promised to orders among them; a new variant "
        "has none where it is left out."
    )
    weight = graphene.Int(description="Grams; null where unknown.")


class MediaInput(graphene.InputObjectType):
    """A picture of a product, known by its address."""

    url = graphene.String(
        required=True, description="An http or https address; of a file of ours, its `url`."
    )
    alt = graphene.String(description="What it shows, for who can't see it.")
    position = graphene.Int(description="Its place; without it, the list's order counts.")


class ProductCreateInput(graphene.InputObjectType):
    """A new product with all its parts."""

    name = graphene.String(required=True, description="Its name, as customers read it.")
    slug = graphene.String(description="Its part of a URL; made of the name where it is left out.")
    description = graphene.String(
        description="HTML; what could run or load something is taken out."
    )
    vendor = graphene.String(description="Who makes it.")
    tags = graphene.List(graphene.NonNull(graphene.String), description="Words to find it by.")
    category_slug = graphene.String(description="The slug of the category that it stands in.")
    is_published = graphene.Boolean(
        description="Whether customers can find it; not where it is left out."
    )
    options = graphene.List(
        graphene.NonNull(ProductOptionInput), description="How its variants differ, at most 10."
    )
    variants = graphene.List(
        graphene.NonNull(VariantInput), description="What can be bought of it, in order."
    )
    media = graphene.List(graphene.NonNull(MediaInput), description="Its pictures, in order.")
    idempotency_key = graphene.String(
        description="A random text of the client's; the same again makes no second product."
    )


class ProductUpdateInput(graphene.InputObjectType):
    """What to change of a product; an absent field leaves, null clears."""

    id = graphene.ID(required=True, description="The product's id.")
    name = graphene.String(description="Its name, as customers read it.")
    slug = graphene.String(description="Its part of a URL.")
    description = graphene.String(
        description="HTML; what could run or load something is taken out."
    )
    vendor = graphene.String(description="Who makes it.")
    tags = graphene.List(graphene.NonNull(graphene.String), description="All words to find it by.")
    category_slug = graphene.String(description="The slug of the category that it stands in.")
    is_published = graphene.Boolean(description="Whether customers can find it.")
    options = graphene.List(
        graphene.NonNull(ProductOptionInput),
        description="All ways in which its variants differ; one that is not named is removed. "
        "Without `variants`, its variants stay and must fit.",
    )
    variants = graphene.List(
        graphene.NonNull(VariantInput),
        description="All that can be bought of it, in order. A variant keeps what is not said of "
        "it; one that is not named is removed, which is refused (IN_USE) once it was ordered.",
    )
    media = graphene.List(
        graphene.NonNull(MediaInput),
        description="All its pictures, in order; one that is not named is removed.",
    )


class ProductDeleteInput(graphene.InputObjectType):
    """A product to delete."""

    id = graphene.ID(required=True, description="The product's id.")


class CategoryCreateInput(graphene.InputObjectType):
    """A new category."""

    name = graphene.String(required=True, description="Its name, as customers read it.")
    slug = graphene.String(description="Its part of a URL; made of the name where it is left out.")
    parent_slug = graphene.String(description="The slug of the category above; null for none.")
    position = graphene.Int(description="Its place among the categories beside it; 0 comes first.")
    idempotency_key = graphene.String(
        description="A random text of the client's; the same again makes no second category."
    )


class CategoryUpdateInput(graphene.InputObjectType):
    """What to change of a category; an absent field leaves, null clears."""

    id = graphene.ID(required=True, description="The category's id.")
    name = graphene.String(description="Its name, as customers read it.")
    slug = graphene.String(description="Its part of a URL.")
    parent_slug = graphene.String(
        description="The slug of the category to hang it below, with all that is below itself; "
        "null moves it to the top."
    )
    position = graphene.Int(description="Its place among the categories beside it; 0 comes first.")


class CategoryDeleteInput(graphene.InputObjectType):
    """A category to delete."""

    id = graphene.ID(required=True, description="The category's id.")


class CollectionCreateInput(graphene.InputObjectType):
    """A new collection."""

    name = graphene.String(required=True, description="Its name, as customers read it.")
    slug = graphene.String(description="Its part of a URL; made of the name where it is left out.")
    product_slugs = graphene.List(
        graphene.NonNull(graphene.String), description="The slugs of its products, at most 250."
    )
    idempotency_key = graphene.String(
        description="A random text of the client's; the same again makes no second collection."
    )


class CollectionUpdateInput(graphene.InputObjectType):
    """What to change of a collection; an absent field leaves, null clears."""

    id = graphene.ID(required=True, description="The collection's id.")
    name = graphene.String(description="Its name, as customers read it.")
    slug = graphene.String(description="Its part of a URL.")
    product_slugs = graphene.List(
        graphene.NonNull(graphene.String),
        description="The slugs of all its products; those that are not named leave it.",
    )
    add_product_slugs = graphene.List(
        graphene.NonNull(graphene.String), description="The slugs of products to put into it."
    )
    remove_product_slugs = graphene.List(
        graphene.NonNull(graphene.String), description="The slugs of products to take out of it."
    )


class CollectionDeleteInput(graphene.InputObjectType):
    """A collection to delete."""

    id = graphene.ID(required=True, description="The collection's id.")


StockReason = enumeration(
    "StockReason",
    StockReasonChoices,
    "Why staff changes stock.",
    {
        "RECEIVED": "A delivery came in.",
        "CORRECTION": "It was counted again.",
        "DAMAGED": "It can't be sold any more.",
        "RETURNED": "A customer brought it back.",
    },
)


class StockAdjustInput(graphene.InputObjectType):
    """Stock that came or went; name the variant by `sku` or by `variantId`."""

    sku = graphene.String(description="The shop's own number.")
    variant_id = graphene.ID(description="The variant's id; a variant may lack a SKU.")
    delta = graphene.Int(
        required=True,
        description="How many came, or, below zero, went; never more than are `available`.",
    )
    reason = StockReason(required=True, description="Why.")
    idempotency_key = graphene.String(
        description="A random text of the client's; the same again changes nothing more."
    )


class StockSetInput(graphene.InputObjectType):
    """A count of a variant's stock; name the variant by `sku` or by `variantId`."""

    sku = graphene.String(description="The shop's own number.")
    variant_id = graphene.ID(description="The variant's id; a variant may lack a SKU.")
    on_hand = graphene.Int(
        required=True,
        description="How many there are, those promised to orders among them.",
    )
    expected_on_hand = graphene.Int(
        description="How many there were to the client's knowledge; if there are others by now, "
        "it is a VERSION_CONFLICT."
    )
    reason = StockReason(description="Why; CORRECTION where it is left out.")
    idempotency_key = graphene.String(
        description="A random text of the client's; the same again changes nothing more."
    )


class ReviewFilter(graphene.InputObjectType):
    """Which reviews."""

    status = ReviewStatus(description="In this state.")


class ReviewCreateInput(graphene.InputObjectType):
    """What a customer says of a product."""

    product_id = graphene.ID(required=True, description="The product.")
    rating = graphene.Int(required=True, description="From 1 to 5 stars.")
    title = graphene.String(description="Its headline: plain text, at most 200 characters.")
    body = graphene.String(description="Plain text, at most 5,000 characters.")
    idempotency_key = graphene.String(
        description="A random text of the client's; the same again makes no second review."
    )


class ReviewModerateInput(graphene.InputObjectType):
    """What shall become of a review."""

    id = graphene.ID(required=True, description="The review.")
    status = ReviewStatus(required=True, description="PUBLISHED or REJECTED.")


class MediaUploadInput(graphene.InputObjectType):
    """A picture of a product."""

    product_id = graphene.ID(required=True, description="The product.")
    file = Upload(
        required=True,
        description="A JPEG, PNG, WebP or GIF; what it tells of place and camera is left out.",
    )
    alt = graphene.String(description="What it shows, for who can't see it.")
    position = graphene.Int(
        description="Its place among the product's pictures, from 0; by default the last."
    )
    idempotency_key = graphene.String(
        description="A random text of the client's; the same again makes no second picture."
    )


class MediaUpdateInput(graphene.InputObjectType):
    """What to change of a picture; an absent field leaves."""

    id = graphene.ID(required=True, description="The picture.")
    alt = graphene.String(description="What it shows, for who can't see it; null clears.")
    position = graphene.Int(
        description="Its place among the product's pictures, from 0; null makes it the last."
    )


class MediaDeleteInput(graphene.InputObjectType):
    """A picture to delete."""

    id = graphene.ID(required=True, description="The picture.")
