"""What the shop sells, as the oracle reads it."""

from __future__ import annotations

from copy import copy
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.conf import settings

from catalog.models import (
    Category,
    Media,
    Product,
    ProductOption,
    Review,
    Stock,
    StockMovement,
    Variant,
)
from catalog.summaries import summarise
from tests.oracle.fields import Asking, columns, failed, first_of, global_id, money, resolver
from tests.oracle.pages import Order, Page, newest, page_of
from tests.oracle.shop import Rows, Shop
from users.models import User

# --- categories ---------------------------------------------------------------------------------

global_id("Category")
columns("Category", "name slug")


def line_of(shop: Shop, category: Any) -> Rows:
    """A category and those above it, from the top down."""
    line = []
    while category is not None:
        line.insert(0, category)
        category = shop.get(Category, category.parent_id)
    return line


def names_of(shop: Shop, model: Any) -> dict[str, int]:
    """The places of a table's names."""
    return shop.collation(row.name for row in shop.rows(model))


@resolver("Category.parent")
def parent(category: Any, asking: Asking) -> Any:
    return asking.see(Category, category.parent_id)


@resolver("Category.children")
def children(category: Any, asking: Asking, first: int | None = None) -> Rows:
    names = names_of(asking.shop, Category)
    below = asking.sees(Category, asking.shop.of(Category, parent=category.pk))
    return first_of(sorted(below, key=lambda c: (c.position, names[c.name], c.pk)), first)


@resolver("Category.ancestors")
def ancestors(category: Any, asking: Asking, first: int | None = None) -> Rows:
    return first_of(asking.sees(Category, line_of(asking.shop, category)[:-1]), first)


@resolver("Category.productCount")
def product_count(category: Any, asking: Asking) -> int:
    products = asking.sees(Product, asking.shop.rows(Product))
    return sum(is_below(asking.shop, product, category.slug) for product in products)


def is_below(shop: Shop, product: Any, slug: str) -> bool:
    """Whether a product stands in a category or below it."""
    own = shop.get(Category, product.category_id)
    return any(category.slug == slug for category in line_of(shop, own))


@resolver("Query.category")
def category(_: Any, asking: Asking, slug: str) -> Any:
    found = [row for row in asking.shop.rows(Category) if row.slug == slug]
    return next(iter(asking.sees(Category, found)), None)


@resolver("Query.categories")
def categories(_: Any, asking: Asking, **page: Any) -> Page:
    rows = asking.shop.rows(Category)
    names = names_of(asking.shop, Category)
    ordered = sorted(rows, key=lambda row: (names[row.name], row.pk))
    order = Order("CategoryConnection:NAME_ASC", {row.pk: at for at, row in enumerate(ordered)})
    return page_of(asking, asking.sees(Category, rows), order, **page)


# --- variants -----------------------------------------------------------------------------------

global_id("Variant")
columns("Variant", "sku name weight")
columns("SelectedOption", "name value")
columns("ProductOption", "name values position")
global_id("Media")
columns("Media", "alt position")
columns("Stock", "on_hand allocated")
global_id("StockMovement")
columns("StockMovement", "delta kind reference created_at")


def available(shop: Shop, variant: Any) -> int:
    """How many of a variant can be bought."""
    stock = shop.get(Stock, variant.pk)
    return stock.on_hand - stock.allocated if stock else 0


def availability_of(number: int) -> str:
    """What a number of pieces is called."""
    if number <= 0:
        return "OUT_OF_STOCK"
    return "LOW_STOCK" if number <= settings.LOW_STOCK_THRESHOLD else "IN_STOCK"


@resolver("Variant.price")
def price(variant: Any, asking: Asking) -> Any:
    return money(variant.price, variant.currency)


@resolver("Variant.compareAtPrice")
def compare_at_price(variant: Any, asking: Asking) -> Any:
    amount = variant.compare_at_price
    return None if amount is None else money(amount, variant.currency)


@resolver("Variant.availability")
def availability(variant: Any, asking: Asking) -> str:
    return availability_of(available(asking.shop, variant))


@resolver("Variant.selectedOptions")
def selected_options(variant: Any, asking: Asking, first: int | None = None) -> Rows:
    chosen = []
    for option in options_of(asking.shop, variant.product_id):
        if option.name in variant.options:
            chosen.append(copy(option))
            chosen[-1].value = variant.options[option.name]
    return first_of(chosen, first)


@resolver("Variant.product")
def product(variant: Any, asking: Asking) -> Any:
    return asking.shop.get(Product, variant.product_id)


@resolver("Variant.stock")
def stock(variant: Any, asking: Asking) -> Any:
    return asking.see(Stock, variant.pk)


@resolver("Stock.available")
def stock_available(stock: Any, asking: Asking) -> int:
    return stock.on_hand - stock.allocated


@resolver("Variant.stockMovements")
def stock_movements(variant: Any, asking: Asking, **page: Any) -> Page:
    order = Order("StockMovementConnection:NEWEST", newest(asking.shop.rows(StockMovement)))
    rows = asking.sees(StockMovement, asking.shop.of(StockMovement, variant=variant.pk))
    return page_of(asking, rows, order, **page)


@resolver("Media.url")
def url(media: Any, asking: Asking, width: int | None = None) -> str:
    if not media.file:
        return media.url
    wide_enough = [made for made in media.thumbnails if width is not None and made >= width]
    if not wide_enough:
        return f"{settings.PUBLIC_URL}{media.file.url}"
    stem = media.file.name.rpartition(".")[0]
    return f"{settings.PUBLIC_URL}/media/{stem}-{min(wide_enough)}.webp"


# --- reviews ------------------------------------------------------------------------------------

global_id("Review")
columns("Review", "rating title body status created_at")


@resolver("Review.product")
def product_of_review(review: Any, asking: Asking) -> Any:
    return asking.see(Product, review.product_id)


@resolver("Query.reviews")
def all_reviews(
    _: Any,
    asking: Asking,
    filter: dict[str, Any] | None = None,  # noqa: A002 - the argument's name
    **page: Any,
) -> Page:
    if not asking.viewer.may("catalog.change_review"):
        raise failed("FORBIDDEN" if asking.viewer.user_id else "UNAUTHENTICATED")
    wanted = (filter or {}).get("status")
    rows = [
        row
        for row in asking.sees(Review, asking.shop.rows(Review))
        if wanted is None or row.status == getattr(wanted, "name", wanted)
    ]
    order = Order("ReviewConnection:NEWEST", newest(asking.shop.rows(Review)))
    return page_of(asking, rows, order, **page)


@resolver("Review.author")
def author(review: Any, asking: Asking) -> str:
    user = asking.shop.get(User, review.user_id)
    # PostgreSQL's trim takes spaces away and nothing else.
    return f"{user.first_name} {user.last_name}".strip(" ") or "Anonymous"


# --- products -----------------------------------------------------------------------------------

global_id("Product")
columns("Product", "slug name description vendor tags is_published created_at published_at")


def options_of(shop: Shop, product: int) -> Rows:
    """A product's options in order."""
    return sorted(shop.of(ProductOption, product=product), key=lambda option: option.position)


def prices_of(shop: Shop, product: Any) -> list[Decimal]:
    """What a product's variants cost."""
    return [variant.price for variant in shop.of(Variant, product=product.pk)]


def rating_of(shop: Shop, product: Any) -> Decimal | None:
    """The mean of a product's published reviews' stars, with two digits."""
    reviews = shop.of(Review, product=product.pk)
    stars = [review.rating for review in reviews if review.status == "PUBLISHED"]
    if not stars:
        return None
    return (Decimal(sum(stars)) / len(stars)).quantize(Decimal("0.01"), ROUND_HALF_UP)


@resolver("Product.summary")
def summary(product: Any, asking: Asking, length: int | None) -> str:
    return summarise(product.description, length=160 if length is None else length)


@resolver("Product.category")
def category_of(product: Any, asking: Asking) -> Any:
    return asking.see(Category, product.category_id)


@resolver("Product.priceRange")
def price_range(product: Any, asking: Asking) -> Any:
    prices = prices_of(asking.shop, product)
    if not prices:
        return None
    currency = settings.CURRENCY
    return {"min": money(min(prices), currency), "max": money(max(prices), currency)}


columns("PriceRange", "min max")


@resolver("Product.availability")
def product_availability(product: Any, asking: Asking) -> str:
    variants = asking.shop.of(Variant, product=product.pk)
    return availability_of(max((available(asking.shop, v) for v in variants), default=0))


@resolver("Product.options")
def options(product: Any, asking: Asking, first: int | None = None) -> Rows:
    return first_of(options_of(asking.shop, product.pk), first)


@resolver("Product.variants")
def variants(product: Any, asking: Asking, first: int | None = None) -> Rows:
    rows = asking.shop.of(Variant, product=product.pk)
    return first_of(sorted(rows, key=lambda row: (row.position, row.pk)), first)


@resolver("Product.media")
def media(product: Any, asking: Asking, first: int | None = None) -> Rows:
    rows = asking.shop.of(Media, product=product.pk)
    return first_of(sorted(rows, key=lambda row: (row.position, row.pk)), first)


@resolver("Product.averageRating")
def average_rating(product: Any, asking: Asking) -> Decimal | None:
    return rating_of(asking.shop, product)


@resolver("Product.reviews")
def reviews(product: Any, asking: Asking, **page: Any) -> Page:
    order = Order("ReviewConnection:NEWEST", newest(asking.shop.rows(Review)))
    rows = asking.sees(Review, asking.shop.of(Review, product=product.pk))
    return page_of(asking, rows, order, **page)
