from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase
from django.urls import reverse

from catalog.admin.stock import LATEST
from catalog.models import (
    Category,
    Media,
    Product,
    ProductListing,
    Review,
    Stock,
    StockMovement,
    Variant,
)
from catalog.services.categories import create_category
from commerce.models import OrderLine
from tasks.models import Job
from tests.catalog.factories import make_product
from tests.catalog.pictures import SVG, picture, with_metadata
from tests.rows import make_rows
from tests.schema.shop import own_media


def rows(prefix: str, *forms: dict, initial: int = 0) -> dict[str, str]:
    """What a browser sends for an inline with these rows."""
    data = {f"{prefix}-TOTAL_FORMS": len(forms), f"{prefix}-INITIAL_FORMS": initial}
    for number, form in enumerate(forms):
        data |= {f"{prefix}-{number}-{name}": value for name, value in form.items()}
    return {name: str(value) for name, value in data.items()}


class AdminTestCase(TestCase):
    def setUp(self):
        user = get_user_model().objects.create_superuser("owner@example.com", "x")
        self.client.force_login(user)


class TestProductAdmin(AdminTestCase):
    def test_searches_as_the_shop_does_and_filters_by_availability(self):
        make_product("teapot", name="Round teapots")
        make_product("cup", name="Cup", variants=[{"stock": 0, "sku": "CUP-77"}])
        url = reverse("admin:catalog_product_changelist")

        def found(**query):
            return [p.slug for p in self.client.get(url, query).context["cl"].result_list]

        assert found(q="teapot") == ["teapot"]
        assert found(q="CUP-7") == ["cup"]
        assert found(availability="OUT_OF_STOCK") == ["cup"]

    def test_saving_brings_everything_derived_up_to_date(self):
        response = self.client.post(
            reverse("admin:catalog_product_add"),
            {
                "name": "Teapot",
                "slug": "teapot",
                "description": "<p>Tea<script>alert(1)</script></p>",
                "tags": "tea,kitchen",
                "is_published": "on",
            }
            | rows("options", {"name": "Size", "position": 0, "values": "S,L"})
            | rows(
                "variants",
                {"position": 0, "sku": "", "options": '{"Size": "S"}', "price": "9.50"},
                {"position": 1, "sku": "L", "options": '{"Size": "L"}', "price": "12"},
            )
            | rows("media", {"url": "https://example.com/1.jpg", "position": 0}),
        )
        assert response.status_code == 302, response.context["errors"]
        product = Product.objects.get()
        assert (product.description, product.tags) == ("<p>Tea</p>", ["tea", "kitchen"])
        assert product.published_at is not None
        assert list(product.variants.order_by("position").values_list("sku", flat=True)) == [
            None,
            "L",
        ]
        assert Stock.objects.count() == 2
        listing = ProductListing.objects.get()
        assert (str(listing.min_price), str(listing.max_price)) == ("9.50", "12.00")
        assert Product.objects.search("teapot").exists()

    def test_two_variants_with_the_same_values_are_refused_on_the_page(self):
        product = make_product(variants=[])
        response = self.client.post(
            reverse("admin:catalog_product_change", args=[product.pk]),
            {"name": "X", "slug": "x"}
            | rows("options")
            | rows("media")
            | rows("variants", *[{"position": 0, "options": "{}", "price": "1"}] * 2),
        )
        assert response.status_code == 200
        assert b"duplicate data for options" in response.content
        assert not Variant.objects.exists()

    def test_variants_that_do_not_fit_the_options_are_refused_at_their_place(self):
        product = make_product(variants=[{"options": {"Size": "S"}}])
        product.options.create(name="Size", values=["S"])
        option, variant = product.options.get(), product.variants.get()
        url = reverse("admin:catalog_product_change", args=[product.pk])

        def save(values, options, *more):
            kept = {"id": variant.pk, "product": product.pk, "position": 0, "price": "1"}
            kept |= {"options": options}
            size = {"id": option.pk, "product": product.pk, "name": "Size", "position": 0}
            return self.client.post(
                url,
                {"name": "X", "slug": "x", "tags": "a", **rows("media")}
                | rows("options", size | {"values": values}, initial=1)
                | rows("variants", kept, *more, initial=1),
            )

        for values, options, message in (
            ("S", "{}", "This variant needs a value for each of: Size."),
            ("S", '{"Size": "L"}', "L: no value of the product&#x27;s options."),
            ("M", '{"Size": "S"}', "S: no value of the product&#x27;s options."),
        ):
            page = save(values, options)
            assert page.status_code == 200
            assert message in page.text
        assert Variant.objects.get().options == {"Size": "S"}
        large = {"position": 1, "price": "2", "options": '{"Size": "L"}'}
        assert save("S,L", '{"Size": "S"}', large).status_code == 302
        assert product.variants.count() == 2

    def test_a_product_can_be_deleted_with_all_that_belongs_to_it(self):
        product = make_product()
        url = reverse("admin:catalog_product_delete", args=[product.pk])
        assert self.client.post(url, {"post": "yes"}).status_code == 302
        assert not Product.objects.exists()

    def test_a_product_that_was_ordered_stays(self):
        product = make_product()
        make_rows(OrderLine, 1, variant=product.variants.get())
        url = reverse("admin:catalog_product_delete", args=[product.pk])
        self.client.post(url, {"post": "yes"})
        data = {"action": "delete_selected", "_selected_action": [product.pk], "post": "yes"}
        self.client.post(reverse("admin:catalog_product_changelist"), data)
        assert Product.objects.exists()

    def test_pictures_are_taken_as_the_api_takes_them(self):
        folder = self.enterContext(own_media())
        product = make_product(variants=[])
        address = reverse("admin:catalog_product_change", args=[product.pk])

        def save(initial=0, **media):
            data = {"name": "X", "slug": "x", "tags": "a", **rows("options"), **rows("variants")}
            data |= rows("media", {"position": 0}, initial=initial)
            data |= {f"media-0-{name}": value for name, value in media.items()}
            return self.client.post(address, data)

        for content in (SVG, picture()[:200]):
            response = save(file=SimpleUploadedFile("x.jpg", content))
            assert response.status_code == 200
            assert b"picture" in response.content
        assert not Media.objects.exists()

        assert save(file=SimpleUploadedFile("x.html", with_metadata())).status_code == 302
        media = Media.objects.get()
        name = media.file.name
        assert re.fullmatch("products/[0-9a-f]{32}.jpg", name)
        assert b"ecret" not in (folder / name).read_bytes()
        assert Job.objects.get().kwargs == {"media_id": media.pk, "file": name}

        Media.objects.update(thumbnails=[160])
        other = {"id": media.pk, "product": product.pk}
        new = SimpleUploadedFile("x.png", picture("PNG"))
        assert save(initial=1, **other, file=new).status_code == 302
        media.refresh_from_db()
        assert media.thumbnails == []
        assert Job.objects.filter(kwargs__files={name: [160]}).exists()

        url = reverse("admin:catalog_product_delete", args=[product.pk])
        assert self.client.post(url, {"post": "yes"}).status_code == 302
        assert Job.objects.filter(kwargs__files={media.file.name: []}).exists()
        product = make_product(variants=[])
        Media.objects.create(product=product, file="products/listed.png")
        data = {"action": "delete_selected", "_selected_action": [product.pk], "post": "yes"}
        self.client.post(reverse("admin:catalog_product_changelist"), data)
        assert not Product.objects.exists()
        assert Job.objects.filter(kwargs__files={"products/listed.png": []}).exists()


class TestStockMovementAdmin(AdminTestCase):
    def add(self, **data):
        data = {"key": str(uuid.uuid4()), **data}
        return self.client.post(reverse("admin:catalog_stockmovement_add"), data, follow=True)

    def test_adding_one_moves_the_stock(self):
        variant = make_product(variants=[{"stock": 0}]).variants.get()
        self.add(variant=variant.pk, delta=7, kind="RECEIVED")
        assert Stock.objects.get().on_hand == 7
        assert ProductListing.objects.get().in_stock

    def test_a_form_that_is_sent_twice_moves_it_once(self):
        variant = make_product(variants=[{"stock": 0}]).variants.get()
        key = str(uuid.uuid4())
        for _ in range(2):
            self.add(variant=variant.pk, delta=7, kind="RECEIVED", key=key)
        assert Stock.objects.get().on_hand == 7

    def test_is_for_who_may_change_stock_as_in_the_apis(self):
        variant = make_product(variants=[{"stock": 0}]).variants.get()
        for role, on_hand in (("support", 0), ("order_manager", 0), ("catalog_manager", 7)):
            user = get_user_model().objects.create_user(f"{role}@example.com", is_staff=True)
            user.groups.add(Group.objects.get(name=role))
            self.client.force_login(user)
            self.add(variant=variant.pk, delta=7, kind="RECEIVED")
            assert Stock.objects.get().on_hand == on_hand

    def test_variants_and_products_link_to_theirs(self):
        variant = make_product("one", variants=[{"sku": "one"}]).variants.get()
        make_product("two", variants=[{"sku": "two"}])
        page = self.client.get(reverse("admin:catalog_variant_change", args=[variant.pk]))
        assert "RECEIVED" in page.text
        url = reverse("admin:catalog_stockmovement_changelist")
        assert f'href="{url}?variant={variant.pk}"' in page.text
        for query in ({"variant": variant.pk}, {"variant__product": variant.product_id}):
            shown = self.client.get(url, query).context["cl"].result_list
            assert [movement.variant for movement in shown] == [variant]

    def test_a_variants_page_shows_the_latest(self):
        variant = make_product().variants.get()
        make_rows(StockMovement, LATEST + 5, variant=variant)
        page = self.client.get(reverse("admin:catalog_variant_change", args=[variant.pk]))
        (inline,) = page.context["inline_admin_formsets"]
        shown = [form.instance.pk for form in inline.formset.forms]
        newest = StockMovement.objects.order_by("-created_at", "-pk").values_list("pk", flat=True)
        assert shown == list(newest[:LATEST])

    def test_a_refusal_is_shown_and_changes_nothing(self):
        variant = make_product(variants=[{"stock": 2}]).variants.get()
        response = self.add(variant=variant.pk, delta=-3, kind="DAMAGED")
        assert b"Only 2 can be taken" in response.content
        assert Stock.objects.get().on_hand == 2
        assert StockMovement.objects.count() == 1

    def test_none_can_be_changed_or_deleted(self):
        make_product()
        movement = StockMovement.objects.get()
        for action in ("change", "delete"):
            url = reverse(f"admin:catalog_stockmovement_{action}", args=[movement.pk])
            assert self.client.post(url, {"delta": 1, "post": "yes"}).status_code == 403
        assert StockMovement.objects.get().delta == movement.delta


class TestCategoryAdmin(AdminTestCase):
    def test_adds_and_moves_with_paths(self):
        home, garden = create_category(name="Home"), create_category(name="Garden")
        data = {"name": "Tables", "slug": "tables", "parent": home.pk, "position": 0}
        self.client.post(reverse("admin:catalog_category_add"), data)
        tables = Category.objects.get(slug="tables")
        assert tables.path == f"{home.pk}/{tables.pk}/"
        url = reverse("admin:catalog_category_change", args=[tables.pk])
        self.client.post(url, data | {"parent": garden.pk, "name": "Garden tables"})
        tables.refresh_from_db()
        assert (tables.path, tables.name) == (f"{garden.pk}/{tables.pk}/", "Garden tables")

    def test_a_circle_is_refused_on_the_page(self):
        home = create_category(name="Home")
        below = create_category(name="Below", parent=home)
        response = self.client.post(
            reverse("admin:catalog_category_change", args=[home.pk]),
            {"name": "Home", "slug": "home", "parent": below.pk, "position": 0},
            follow=True,
        )
        assert b"A category can&#x27;t be below itself" in response.content
        assert Category.objects.get(pk=home.pk).parent is None


class TestReviewAdmin(AdminTestCase):
    def setUp(self):
        super().setUp()
        self.review = Review.objects.create(
            product=make_product(),
            user=get_user_model().objects.get(),
            rating=4,
            title="Good",
            created_at=datetime(2026, 6, 1, tzinfo=UTC),
        )

    def change(self, **data):
        url = reverse("admin:catalog_review_change", args=[self.review.pk])
        response = self.client.post(url, data, follow=True)
        self.review.refresh_from_db()
        return response

    def test_publishing_one_moves_the_rating_and_its_words_stay(self):
        self.change(status="PUBLISHED", title="Bad", rating=1)
        assert (self.review.status, self.review.title, self.review.rating) == (
            "PUBLISHED",
            "Good",
            4,
        )
        assert ProductListing.objects.get().rating == 4

    def test_what_was_decided_is_never_undecided(self):
        self.change(status="PUBLISHED")
        page = self.change(status="PENDING")
        assert "A review is PUBLISHED or REJECTED." in page.text
        assert self.review.status == "PUBLISHED"

    def test_many_are_decided_on_from_the_list(self):
        url = reverse("admin:catalog_review_changelist")
        for action, rating in (("publish", 4), ("reject", None)):
            data = {"action": action, "_selected_action": [self.review.pk]}
            self.client.post(url, data)
            assert ProductListing.objects.get().rating == rating
