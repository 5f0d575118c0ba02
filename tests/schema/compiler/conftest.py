from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Category, Media, Review
from catalog.services.listings import refresh_listings
from schema import execution
from schema.execution import GraphQLRequest, execute
from tests.catalog.factories import make_product
from users.models import User
from users.viewer import ANONYMOUS


@pytest.fixture(autouse=True)
def _database(db):
    """Every test here reads rows, and makes its own plans."""
    execution.plans.clear()


@pytest.fixture
def ask():
    """Run a document; gives the whole response as JSON, or only its data."""

    def run(document: str, variables: dict[str, Any] | None = None, *, viewer=ANONYMOUS) -> Any:
        result = execute(GraphQLRequest(document, None, variables), viewer=viewer)
        body = json.loads(result.body)
        body.pop("extensions", None)
        return body["data"] if "errors" not in body else body

    return run


@pytest.fixture
def shelf():
    """Thirty products, several alike in name, price and rating, two without a variant."""
    clothes = Category.objects.create(name="Clothes", slug="clothes", path="")
    clothes.path = f"{clothes.pk}/"
    clothes.save()
    authors = [User.objects.create(email=f"a{n}@example.com") for n in range(3)]
    products = []
    for number in range(30):
        product = make_product(
            slug=f"p-{number}",
            name=f"Thing {number % 7}",
            description="warm wool" if number % 2 else "cool silk",
            vendor=["North", "South", ""][number % 3],
            tags=["new"] if number % 4 == 0 else ["old", "sale"],
            category=clothes if number % 5 else None,
            variants=[]
            if number in (4, 9)
            else [
                {
                    "sku": f"S{number}-{size}",
                    "price": Decimal(number % 6) + Decimal("0.50"),
                    "stock": number % 3,
                    "options": {"Size": size},
                }
                for size in ("S", "L")
            ],
        )
        Media.objects.create(product=product, url=f"https://example.com/{number}.jpg", alt="")
        for author in authors[: number % 4]:
            Review.objects.create(
                product=product, user=author, rating=1 + number % 5, status="PUBLISHED"
            )
        products.append(product)
    refresh_listings([product.pk for product in products])
    return products
