"""A sample catalogue, so that a new shop has something to show. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import cast

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from catalog.models import Category, Collection, Product, Review, StockMovement
from catalog.sample.away import AWAY
from catalog.sample.clothing import CLOTHING
from catalog.sample.items import COLOURS, Item
from catalog.sample.living import LIVING
from catalog.sample.motifs import draw_picture
from catalog.serializers import ProductSerializer
from catalog.services.categories import create_category
from catalog.services.listings import refresh_listings
from catalog.services.product_data import MediaData, ProductData
from catalog.services.products import save_product

ITEMS: list[Item] = [*CLOTHING, *LIVING, *AWAY]
# Slug and name of each root, with those of the categories below it.
CATEGORIES = {
    ("clothing", "Clothing"): {
        "shirts": "Shirts",
        "knitwear": "Knitwear",
        "jackets": "Jackets",
        "accessories": "Accessories",
        "footwear": "Footwear",
    },
    ("living", "Living"): {
        "kitchen": "Kitchen",
        "lighting": "Lighting",
        "textiles": "Textiles",
        "decoration": "Decoration",
    },
    ("outdoors", "Outdoors"): {"camping": "Camping", "cycling": "Cycling"},
    ("desk", "Desk"): {"paper": "Paper", "pens": "Pens & trays"},
    ("pantry", "Pantry"): {"coffee-tea": "Coffee & tea", "preserves": "Sweets & preserves"},
}
# Name and tag of each collection.
COLLECTIONS = {"small-gifts": ("Small gifts", "gift"), "just-in": ("Just in", "new")}
OPINIONS = [
    (5, "Better than I hoped", "Well made, quickly here, and already my favourite."),
    (4, "Very good", "Does just what it should. The colour is a touch darker than it looks."),
    (5, "Bought a second one", "The first was borrowed and has not come back since."),
    (3, "Fine", "Good quality, though I had expected it to be a little bigger."),
]


def load_sample_catalogue(
    *, report: Callable[[str], None], reviewer_ids: Sequence[int] = ()
) -> None:
    """Fill an empty catalogue with about sixty products; leave any other as it is.

    All or nothing goes in, so that it can be repeated whenever it was interrupted.

    Args:
        report: told what happens, a sentence at a time.
        reviewer_ids: accounts in whose names some products get published reviews.
    """
    if Product.objects.exists() or Category.objects.exists():
        report("The catalogue is not empty: the sample products are left out.")
        return
    report(f"Drawing pictures for {len(ITEMS)} sample products.")
    pictures = _store_pictures(ITEMS)
    now = timezone.now()
    with transaction.atomic():
        _create_categories()
        for age, item in enumerate(ITEMS):
            _create_product(item, pictures[item.slug], now - timedelta(hours=7 * age))
        for slug, (name, tag) in COLLECTIONS.items():
            collection = Collection.objects.create(slug=slug, name=name)
            collection.products.set(Product.objects.tagged([tag]))
        _create_reviews(reviewer_ids, now)
    report(f"The catalogue holds {len(ITEMS)} sample products.")


def _store_pictures(items: Iterable[Item]) -> dict[str, list[MediaData]]:
    """Draw what isn't in the media storage yet; the pictures by product slug."""
    pictures: dict[str, list[MediaData]] = {}
    jobs: dict[str, tuple[str, str]] = {}
    for item in items:
        for alt, colour in item.pictures():
            name = f"products/{item.slug}-{colour.lower()}.webp"
            jobs[name] = (item.motif, COLOURS[colour])
            pictures.setdefault(item.slug, []).append({"file": name, "alt": alt})
    missing = [name for name in jobs if not default_storage.exists(name)]
    with ThreadPoolExecutor() as threads:
        drawn = threads.map(lambda name: draw_picture(*jobs[name]), missing)
        for name, content in zip(missing, drawn, strict=True):
            default_storage.save(name, ContentFile(content))
    return pictures


def _create_categories() -> None:
    for position, ((slug, name), below) in enumerate(CATEGORIES.items()):
        root = create_category(name=name, slug=slug, position=position)
        for child_position, (child_slug, child_name) in enumerate(below.items()):
            create_category(name=child_name, slug=child_slug, parent=root, position=child_position)


def _create_product(item: Item, media: list[MediaData], now: datetime) -> None:
    serializer = ProductSerializer(data=item.serialised())
    serializer.is_valid(raise_exception=True)
    data = cast("ProductData", {**serializer.validated_data, "media": media})
    save_product(
        data=data,
        stock_kind=StockMovement.Kind.RECEIVED,
        reference=f"sample:{item.slug}",
        now=now,
    )


def _create_reviews(reviewer_ids: Sequence[int], now: datetime) -> None:
    """Some products get an opinion of each reviewer, others of none."""
    if not reviewer_ids:
        return
    product_ids = list(Product.objects.order_by("pk").values_list("pk", flat=True))
    reviews = []
    for place, product_id in enumerate(product_ids):
        for number, user_id in enumerate(reviewer_ids):
            rating, title, body = OPINIONS[(place + 3 * number) % len(OPINIONS)]
            if (place + number) % 3:
                reviews.append(
                    Review(
                        product_id=product_id,
                        user_id=user_id,
                        rating=rating,
                        title=title,
                        body=body,
                        status=Review.Status.PUBLISHED,
                        created_at=now - timedelta(days=1 + place + number),
                    )
                )
    Review.objects.bulk_create(reviews)
    refresh_listings(product_ids)
