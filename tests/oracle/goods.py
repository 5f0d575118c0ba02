"""The catalogue of a made-up shop."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from catalog.models import (
    Category,
    Collection,
    Media,
    Product,
    ProductOption,
    Review,
    Stock,
    StockMovement,
    Variant,
)
from catalog.services.categories import create_category
from catalog.services.listings import refresh_listings, refresh_search
from tests.oracle.pieces import WORDS, Pieces
from users.models import User

OPTIONS = {
    "Size": ["Small", "Medium", "Large"],
    "Color": ["Red", "Bl'ue", "Grün"],
    '100% "x"': ["a", "b"],
}
VENDORS = ["North", "South", "O'Neil", "", "Ünder"]


class Goods:
    """Makes categories, products and what belongs to them; reviews by ``users``."""

    def __init__(self, pieces: Pieces, users: Sequence[User]) -> None:
        self.pieces = pieces
        self.users = users
        self.categories = self._categories()
        self.products = self._products()
        self.variants = self._variants()
        self._media()
        self._reviews()
        self._collections()
        refresh_listings([product.pk for product in self.products])
        refresh_search([product.pk for product in self.products])

    def _categories(self) -> list[Category]:
        categories: list[Category] = []
        for number in range(12):
            parent = self.pieces.random.choice([None, *categories]) if categories else None
            categories.append(
                create_category(
                    name=self.pieces.text(blank=False),
                    slug=f"category-{number}",
                    parent=parent,
                    position=self.pieces.random.randint(0, 2),
                )
            )
        return categories

    def _products(self) -> list[Product]:
        products = Product.objects.bulk_create(
            Product(
                slug=f"product-{number}",
                name=self.pieces.text(blank=False),
                description=self.pieces.html(),
                vendor=self.pieces.random.choice(VENDORS),
                tags=self.pieces.random.sample(WORDS, k=self.pieces.random.randint(0, 3)),
                category=self.pieces.random.choice([None, *self.categories]),
                is_published=self.pieces.random.random() < 0.75,
                published_at=self.pieces.maybe(self.pieces.time()),
                created_at=self.pieces.time(),
            )
            for number in range(24)
        )
        ProductOption.objects.bulk_create(
            ProductOption(product=product, name=name, values=OPTIONS[name], position=position)
            for product in products
            for position, name in enumerate(
                self.pieces.random.sample(sorted(OPTIONS), k=self.pieces.random.randint(0, 3))
            )
        )
        return products

    def _variants(self) -> list[Variant]:
        variants: list[Variant] = []
        for product in self.products:
            names = list(product.options.order_by("position").values_list("name", flat=True))
            combinations = list(itertools.product(*(OPTIONS[name] for name in names)))
            size = min(len(combinations), self.pieces.random.randint(0, 3))
            for values in self.pieces.random.sample(combinations, k=size):
                options = dict(zip(names, values, strict=True))
                if options and self.pieces.random.random() < 0.1:
                    options.popitem()  # Entered before the product got its last option.
                if any(v.product_id == product.pk and v.options == options for v in variants):
                    continue
                variants.append(
                    Variant(
                        product=product,
                        sku=self.pieces.maybe(f"SKU-{self.pieces.number()}"),
                        name=self.pieces.text(),
                        position=self.pieces.random.randint(0, 1),
                        options=options,
                        price=self.pieces.amount(),
                        compare_at_price=self.pieces.maybe(self.pieces.amount()),
                        weight=self.pieces.maybe(self.pieces.random.randint(0, 5000)),
                    )
                )
        Variant.objects.bulk_create(variants)
        Stock.objects.bulk_create(
            Stock(
                variant=variant, on_hand=on_hand, allocated=self.pieces.random.randint(0, on_hand)
            )
            for variant in variants
            if self.pieces.random.random() < 0.8
            for on_hand in [self.pieces.random.choice([0, 1, 3, 4, 5, 8])]
        )
        StockMovement.objects.bulk_create(
            StockMovement(
                variant=variant,
                delta=self.pieces.random.choice([-2, 1, 5]),
                kind=self.pieces.random.choice(StockMovement.Kind.values),
                reference=f"{self.pieces.text()} {number}",
                created_at=self.pieces.time(),
            )
            for variant in variants
            for number in self.pieces.some(3)
        )
        return variants

    def _media(self) -> None:
        Media.objects.bulk_create(
            Media(
                product=product,
                alt=self.pieces.text(),
                position=self.pieces.random.randint(0, 1),
                **self.pieces.random.choice(
                    [
                        {"file": "products/front_1.jpg"},
                        {"file": "products/0a1b.png", "thumbnails": [160, 320, 640]},
                        {"file": "products/2c3d.webp", "thumbnails": [160]},
                        {"url": "https://example.com/a%20b.jpg?x=1&y=2"},
                        {"file": "products/back.jpg", "url": "https://example.com/back.jpg"},
                    ]
                ),
            )
            for product in self.products
            for _ in self.pieces.some(3)
        )

    def _reviews(self) -> None:
        Review.objects.bulk_create(
            Review(
                product=product,
                user=user,
                rating=self.pieces.random.randint(1, 5),
                title=self.pieces.text(),
                body=self.pieces.text(),
                status=self.pieces.random.choice(["PUBLISHED", *Review.Status.values]),
                created_at=self.pieces.time(),
            )
            for product in self.products
            for user in self.pieces.random.sample(self.users, k=self.pieces.random.randint(0, 5))
        )

    def _collections(self) -> None:
        for number in range(3):
            collection = Collection.objects.create(
                name=self.pieces.text(), slug=f"collection-{number}"
            )
            collection.products.set(self.pieces.random.sample(self.products, k=8))
