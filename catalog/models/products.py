"""Categories, products, variants, stock, media, collections and reviews."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from catalog.expressions import listed_price, listed_rating
from catalog.money import STORED_DIGITS, refuse_too_fine
from catalog.querysets import (
    CategoryQuerySet,
    CollectionQuerySet,
    MediaQuerySet,
    ProductQuerySet,
    ReviewQuerySet,
    StockMovementQuerySet,
    StockQuerySet,
    VariantQuerySet,
)

# How long a category's path may get: the tree's depth times the length of its keys.
MAX_PATH = 500


def default_currency() -> str:
    """The shop's one currency, an ISO 4217 code."""
    return settings.CURRENCY


class Category(models.Model):
    """A node of the category tree.

    ``path`` holds the primary keys from the root down, each followed by a slash (``"3/17/"``), so
    that all descendants share a prefix.
    """

    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=200, unique=True, db_index=False, allow_unicode=True)
    path = models.CharField(max_length=MAX_PATH, editable=False, db_index=True, default="")
    position = models.PositiveIntegerField(default=0)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """A thing the shop sells, in one or more variants."""

    category = models.ForeignKey(
        Category,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="products",
        db_index=False,  # two indexes begin with it
    )
    name = models.CharField(max_length=250)
    slug = models.SlugField(max_length=250, unique=True, db_index=False, allow_unicode=True)
    description = models.TextField(blank=True, help_text="Sanitised HTML.")
    vendor = models.CharField(max_length=200, blank=True, db_index=True)
    tags = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    is_published = models.BooleanField(default=False)
    published_at = models.DateTimeField(null=True, blank=True)
    search_vector = SearchVectorField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ProductQuerySet.as_manager()

    class Meta:
        indexes = [
            GinIndex(fields=["search_vector"], name="product_search"),
            GinIndex(fields=["tags"], name="product_tags"),
            models.Index(fields=["-created_at", "-id"], name="product_newest"),
            models.Index(fields=["name", "id"], name="product_name"),
            models.Index(fields=["category", "created_at", "id"], name="product_category_newest"),
            models.Index(fields=["category", "name", "id"], name="product_category_name"),
            # Few as they are, no list of them must pass by all the published ones.
            models.Index(
                fields=["created_at", "id"],
                condition=models.Q(is_published=False),
                name="product_unpublished",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ProductOption(models.Model):
    """A way in which a product's variants differ, such as Size."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="options")
    name = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)
    values = ArrayField(models.CharField(max_length=200), default=list)

    class Meta:
        constraints = [
            # Deferrable: checked once a statement is done, so that two rows can swap.
            models.UniqueConstraint(
                fields=["product", "name"],
                name="option_name_unique",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
            models.UniqueConstraint(
                fields=["product", "position"],
                name="option_position_unique",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Variant(models.Model):
    """What a customer buys. One without a SKU is known by its option values."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="variants")
    sku = models.CharField(max_length=100, null=True, blank=True)
    name = models.CharField(max_length=250, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    options = models.JSONField(
        default=dict, blank=True, help_text='Value by option name: {"Size": "Small"}.'
    )
    price = models.DecimalField(
        max_digits=12,
        decimal_places=STORED_DIGITS,
        validators=[MinValueValidator(0), refuse_too_fine],
    )
    compare_at_price = models.DecimalField(
        max_digits=12,
        decimal_places=STORED_DIGITS,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), refuse_too_fine],
    )
    currency = models.CharField(max_length=3, default=default_currency, editable=False)
    weight = models.PositiveIntegerField(null=True, blank=True, help_text="Grams.")

    objects = VariantQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["product", "position", "id"], name="variant_in_order"),
            models.Index(fields=["price", "product"], name="variant_price"),
            GinIndex(fields=["options"], opclasses=["jsonb_path_ops"], name="variant_options"),
        ]
        constraints = [
            # Deferrable: checked once a statement is done, so that two rows can swap.
            models.UniqueConstraint(
                fields=["sku"], name="variant_sku_unique", deferrable=models.Deferrable.IMMEDIATE
            ),
            models.UniqueConstraint(
                fields=["product", "options"],
                name="variant_options_unique",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(
                condition=models.Q(price__gte=0), name="variant_price_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(compare_at_price=None) | models.Q(compare_at_price__gte=0),
                name="variant_compare_at_price_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(sku=None) | ~models.Q(sku=""), name="variant_sku_not_blank"
            ),
        ]

    def __str__(self) -> str:
        return self.sku or f"Variant {self.pk}"


class Stock(models.Model):
    """How many of a variant the shop has and how many of those are promised to orders."""

    variant = models.OneToOneField(Variant, models.CASCADE, primary_key=True, related_name="stock")
    on_hand = models.PositiveIntegerField(default=0)
    allocated = models.PositiveIntegerField(default=0)

    objects = StockQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "stock"
        indexes = [
            models.Index(
                fields=["variant"],
                condition=models.Q(on_hand__gt=models.F("allocated")),
                name="stock_available",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(allocated__gte=0) & models.Q(allocated__lte=models.F("on_hand")),
                name="stock_cannot_oversell",
            )
        ]

    def __str__(self) -> str:
        return f"{self.allocated} of {self.on_hand} allocated"


class StockMovement(models.Model):
    """One change of ``Stock.on_hand``; only ever added. They sum up to what is on hand."""

    class Kind(models.TextChoices):
        RECEIVED = "RECEIVED"
        CORRECTION = "CORRECTION"
        DAMAGED = "DAMAGED"
        IMPORTED = "IMPORTED"
        SHIPPED = "SHIPPED"
        RETURNED = "RETURNED"

    variant = models.ForeignKey(
        Variant,
        models.CASCADE,
        related_name="stock_movements",
        db_index=False,  # one index begins with it
    )
    delta = models.IntegerField()
    kind = models.CharField(max_length=20, choices=Kind)
    reference = models.CharField(max_length=100, help_text="What caused it; makes it once only.")
    created_at = models.DateTimeField(default=timezone.now)

    objects = StockMovementQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["variant", "-created_at", "-id"], name="stock_movement_newest")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "reference", "variant"], name="stock_movement_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.delta:+} {self.kind}"


class Media(models.Model):
    """A picture of a product: a file of ours or an address elsewhere."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="media")
    file = models.FileField(upload_to="products/", blank=True, max_length=250)
    url = models.URLField(max_length=2000, blank=True)
    alt = models.CharField(max_length=500, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    thumbnails = ArrayField(
        models.PositiveIntegerField(),
        default=list,
        blank=True,
        editable=False,
        help_text="The widths in which there are smaller versions of the file.",
    )

    objects = MediaQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "media"
        indexes = [models.Index(fields=["product", "position", "id"], name="media_in_order")]
        constraints = [
            models.CheckConstraint(condition=~models.Q(file="", url=""), name="media_has_a_source")
        ]

    def __str__(self) -> str:
        return self.alt or self.url or str(self.file)


class Collection(models.Model):
    """A hand-picked set of products, such as a season's."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=200, unique=True, db_index=False, allow_unicode=True)
    products = models.ManyToManyField(Product, related_name="collections", blank=True)

    objects = CollectionQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Availability(models.TextChoices):
    """Whether something can be bought now."""

    IN_STOCK = "IN_STOCK"
    LOW_STOCK = "LOW_STOCK"
    OUT_OF_STOCK = "OUT_OF_STOCK"


class ProductListing(models.Model):
    """What lists sort and filter by: aggregates of a product's variants, stock and reviews.

    Derived: ``catalog.services.listings.refresh_listings`` writes it and nothing else does.
    """

    product = models.OneToOneField(
        Product, models.CASCADE, primary_key=True, related_name="listing"
    )
    min_price = models.DecimalField(max_digits=12, decimal_places=STORED_DIGITS, null=True)
    max_price = models.DecimalField(max_digits=12, decimal_places=STORED_DIGITS, null=True)
    availability = models.CharField(
        max_length=20, choices=Availability, default=Availability.OUT_OF_STOCK
    )
    in_stock = models.BooleanField(default=False)
    rating = models.DecimalField(max_digits=3, decimal_places=2, null=True)
    review_count = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(listed_price(), "product", name="listing_price"),
            models.Index(listed_rating(), "product", name="listing_rating"),
        ]

    def __str__(self) -> str:
        return f"Listing of {self.product_id}"


class SearchWord(models.Model):
    """A word that a product has, or once had: what typos in searches are corrected to.

    Derived: ``catalog.services.listings.refresh_search`` adds them. Not unique, because then two
    transactions that add the same word would have to wait for each other.
    """

    word = models.TextField(db_index=True)
    stem = models.TextField()
    near = ArrayField(models.TextField())

    class Meta:
        indexes = [GinIndex(fields=["near"], name="search_word_near")]

    def __str__(self) -> str:
        return self.word


class Review(models.Model):
    """What a customer says of a product; shown once published."""

    class Status(models.TextChoices):
        PENDING = "PENDING"
        PUBLISHED = "PUBLISHED"
        REJECTED = "REJECTED"

    product = models.ForeignKey(Product, models.CASCADE, related_name="reviews")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reviews")
    rating = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["product", "-created_at", "-id"], name="review_newest"),
            # What moderators list.
            models.Index(fields=["-created_at", "-id"], name="review_newest_of_all"),
            models.Index(fields=["status", "-created_at", "-id"], name="review_newest_of_status"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["product", "user"], name="review_once_per_user"),
            models.CheckConstraint(
                condition=models.Q(rating__gte=1) & models.Q(rating__lte=5),
                name="review_rating_1_to_5",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rating}/5"
