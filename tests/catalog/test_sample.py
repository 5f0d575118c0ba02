from __future__ import annotations

import time

import pytest
from django.contrib.auth import get_user_model
from django.core.files.storage import default_storage
from django.db.models import Count, Sum
from PIL import Image

from catalog.models import (
    Category,
    Collection,
    Media,
    Product,
    ProductListing,
    Review,
    Stock,
    StockMovement,
    Variant,
)
from catalog.sample import ITEMS, load_sample_catalogue
from catalog.sample.motifs import draw_picture

MODELS = (Category, Product, Variant, Media, Collection, ProductListing, Stock, StockMovement)


@pytest.fixture(scope="module")
def media_root(tmp_path_factory):
    """Pictures are drawn by the first load and kept for the next ones."""
    return tmp_path_factory.mktemp("media")


@pytest.fixture(autouse=True)
def _media_root(settings, media_root):
    settings.MEDIA_ROOT = media_root


def everything() -> list:
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


class TestLoadSampleCatalogue:
    def test_fills_an_empty_shop_in_seconds(self):
        said: list[str] = []
        start = time.process_time()  # what it costs, however busy the machine is
        load_sample_catalogue(report=said.append)
        assert time.process_time() - start < 10
        assert "60" in said[-1]
        assert Product.objects.filter(is_published=True).count() == len(ITEMS) == 60

    def test_has_something_of_everything(self):
        load_sample_catalogue(report=lambda _: None)
        shirts = Product.objects.in_category("clothing", include_descendants=True).search("shirt")
        assert len(shirts) >= 4
        assert Category.objects.exclude(parent=None).count() >= 10
        availabilities = set(ProductListing.objects.values_list("availability", flat=True))
        assert availabilities == {"IN_STOCK", "LOW_STOCK", "OUT_OF_STOCK"}
        assert Variant.objects.filter(compare_at_price__isnull=False).exists()
        assert Variant.objects.filter(sku="OBS-1", options__Size="Small").exists()
        assert Product.objects.values("vendor").distinct().count() >= 5
        assert {c.products.exists() for c in Collection.objects.all()} == {True}
        assert not Product.objects.annotate(n=Count("media")).filter(n=0).exists()
        movements = StockMovement.objects.aggregate(sum=Sum("delta"))["sum"]
        assert movements == Stock.objects.aggregate(sum=Sum("on_hand"))["sum"]

    def test_pictures_are_small_files_of_ours(self):
        load_sample_catalogue(report=lambda _: None)
        for media in Media.objects.all():
            assert media.url == ""
            assert 1_000 < default_storage.size(media.file.name) < 20_000
        with default_storage.open(Media.objects.first().file.name) as file:
            assert Image.open(file).size == (640, 640)

    def test_a_second_load_changes_nothing(self):
        load_sample_catalogue(report=lambda _: None)
        before = everything()
        said: list[str] = []
        load_sample_catalogue(report=said.append)
        assert everything() == before
        assert said == ["The catalogue is not empty: the sample products are left out."]

    def test_keeps_what_the_owner_changed_or_removed(self):
        load_sample_catalogue(report=lambda _: None)
        Product.objects.filter(slug="round-teapot").update(name="My teapot")
        Product.objects.filter(slug="bud-vase").delete()
        before = everything()
        load_sample_catalogue(report=lambda _: None)
        assert everything() == before

    def test_an_interrupted_load_leaves_nothing_and_can_be_repeated(self, monkeypatch):
        def fail(*_):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("catalog.sample._create_reviews", fail)
            with pytest.raises(KeyboardInterrupt):
                load_sample_catalogue(report=lambda _: None)
        assert not Product.objects.exists()
        load_sample_catalogue(report=lambda _: None)
        assert Product.objects.count() == 60

    def test_reviews_are_written_in_the_given_names(self):
        users = [get_user_model().objects.create(email=f"{n}@example.com").pk for n in range(2)]
        load_sample_catalogue(report=lambda _: None, reviewer_ids=users)
        assert set(Review.objects.values_list("user", flat=True)) == set(users)
        assert ProductListing.objects.filter(rating__isnull=False, review_count=2).exists()
        assert ProductListing.objects.filter(review_count=1).exists()


class TestPictures:
    def test_are_the_same_every_time(self):
        assert draw_picture("shirt", "#2b4468") == draw_picture("shirt", "#2b4468")
        assert draw_picture("shirt", "#2b4468") != draw_picture("shirt", "#b2563a")
