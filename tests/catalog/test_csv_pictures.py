"""Pictures that a file names by address, beside those that staff have uploaded."""

from __future__ import annotations

import pytest

from catalog.models import Media, Product
from catalog.services.media import MAX_PICTURES
from tests.catalog.test_csv_import import FIXTURES, MUG, counts, everything, run

pytestmark = pytest.mark.django_db


def test_uploaded_pictures_stay_where_they_are():
    file = (FIXTURES / "shop.csv").read_bytes()
    run(file)
    product = Product.objects.get(slug="breton-top")
    first = Media(product=product, file="products/first.jpg", alt="Worn", position=0)
    # As the admin leaves it: two pictures at one place.
    last = Media(product=product, file="products/last.jpg", alt="Label", position=2)
    Media.objects.bulk_create([first, last])
    before = everything()

    assert counts(run(file)) == (0, 0, 5, 0)
    assert everything() == before


def test_pictures_replace_those_of_addresses_alone():
    def row(name: str) -> dict[str, str]:
        return {"Handle": "mug", "Image Src": f"https://example.com/{name}.jpg"}

    run(MUG | row("a"), row("b"))
    product = Product.objects.get()
    Media.objects.create(product=product, file="products/c.jpg", alt="Inside", position=2)

    assert counts(run(MUG | row("d"))) == (0, 1, 0, 0)
    assert list(
        product.media.order_by("position").values_list("position", "url", "file", "alt")
    ) == [
        (0, "https://example.com/d.jpg", "", ""),
        (1, "", "products/c.jpg", "Inside"),
    ]


def test_more_pictures_than_a_product_may_have_with_those_that_stay():
    run(MUG)
    Media.objects.create(product=Product.objects.get(), file="products/own.jpg")
    rows = [
        {"Handle": "mug", "Image Src": f"https://example.com/{number}.jpg"}
        for number in range(MAX_PICTURES)
    ]

    assert counts(run(MUG | rows[0], *rows[1:-1])) == (0, 1, 0, 0)
    report = run(MUG | rows[0], *rows[1:])

    assert [(error.line, error.code) for error in report.errors] == [(2, "INVALID")]
    assert Media.objects.count() == MAX_PICTURES
