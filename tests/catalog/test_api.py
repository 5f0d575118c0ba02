from __future__ import annotations

import json
from decimal import Decimal

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from catalog.models import Category, Media, Product, Review, Variant
from catalog.services.categories import create_category
from catalog.services.listings import refresh_listings
from commerce.models import ShippingMethod, ShippingZone
from tests.catalog.factories import make_product, stock_of
from tests.catalog.pictures import SVG, picture, with_metadata
from tests.commerce.factories import buy, make_ready_cart
from tests.rest import RestTestCase
from tests.schema.shop import own_media
from users.models import User

URL = "/api/products/"
TEAPOT = {
    "name": "Teapot",
    "slug": "teapot",
    "description": "<p>Holds <b>tea</b>.</p><script>steal()</script>",
    "vendor": "Harbour",
    "tags": ["kitchen", "tea"],
    "category_slug": "kitchen",
    "is_published": True,
    "options": [
        {"name": "Size", "values": ["Small", "Large"]},
        {"name": "A", "values": ["Red", "Blue"]},
    ],
    "variants": [
        {
            "sku": "TP-S",
            "price": "19.90",
            "compare_at_price": "25.00",
            "stock": 5,
            "weight": 800,
            "options": [{"name": "A", "value": "Red"}, {"name": "Size", "value": "Small"}],
        },
        {
            "price": "29.90",
            "options": [{"name": "Size", "value": "Large"}, {"name": "A", "value": "Blue"}],
        },
    ],
    "media": [{"url": "https://example.com/front.jpg", "alt": "Front"}],
}


class ProductTestCase(RestTestCase):
    def setUp(self):
        super().setUp()
        self.manager = self.headers_of("manager@example.com", role="catalog_manager")
        self.customer = self.headers_of("ada@example.com")

    def slugs(self, answer) -> list[str]:
        assert answer.status_code == 200, answer.content
        return [product["slug"] for product in answer.json()["results"]]


class ListTests(ProductTestCase):
    def test_shows_what_is_published_and_staff_the_rest_too(self):
        make_product("mug")
        make_product("secret", is_published=False)
        assert self.slugs(self.client.get(URL)) == ["mug"]
        assert self.slugs(self.client.get(URL, headers=self.customer)) == ["mug"]
        assert self.slugs(self.client.get(URL, headers=self.manager)) == ["secret", "mug"]

    def test_is_narrowed_by_the_filters_that_graphql_has(self):
        kitchen = create_category(name="Kitchen")
        make_product("mug", category=kitchen, tags=["tea"], variants=[{"price": "5"}])
        make_product("jug", vendor="Harbour", variants=[{"price": "50", "stock": 0}])
        for query, slugs in {
            "category=kitchen": ["mug"],
            "vendor=Harbour&vendor=Nobody": ["jug"],
            "tags=tea": ["mug"],
            "price_min=6": ["jug"],
            "price_max=6": ["mug"],
            "in_stock=true": ["mug"],
            "slug=jug": ["jug"],
            "search=mu": ["mug"],
            "vendor=Nobody": [],
            "": ["jug", "mug"],
        }.items():
            assert self.slugs(self.client.get(f"{URL}?{query}")) == slugs, query

    def test_is_ordered_as_asked(self):
        for name, price in [("b", "1"), ("c", "3"), ("a", "2")]:
            make_product(name, variants=[{"price": price}])
        for ordering, slugs in {
            "name": "abc",
            "-name": "cba",
            "price": "bac",
            "-price": "cab",
            "-created_at": "acb",
            "-relevance": "acb",
        }.items():
            answer = self.client.get(URL, {"ordering": ordering})
            assert self.slugs(answer) == list(slugs), ordering

    def test_puts_the_best_rated_first(self):
        good, _ = make_product("good"), make_product("unrated")
        author = User.objects.get(email="ada@example.com")
        Review.objects.create(product=good, user=author, rating=4, status="PUBLISHED")
        refresh_listings([good.pk])
        answer = self.client.get(URL, {"ordering": "-rating"})
        assert self.slugs(answer) == ["good", "unrated"]
        assert answer.json()["results"][0]["average_rating"] == 4.0
        assert answer.json()["results"][0]["review_count"] == 1

    def test_puts_what_matches_a_search_best_first(self):
        make_product("teapot", description="For tea.")
        make_product("tray", description="Holds a teapot.")
        answer = self.client.get(URL, {"search": "teapot", "page_size": 1})
        assert self.slugs(answer) == ["teapot"]
        assert self.slugs(self.client.get(answer.json()["next"])) == ["tray"]

    def test_refuses_filters_that_make_no_sense(self):
        for field, value in {
            "price_min": "cheap",
            "in_stock": "perhaps",
            "ids": "x",
            "created_after": "yesterday",
            "options": "Small",
            "ordering": "colour",
            "page_size": "0",
            "count": "many",
            "fields": "name,cost",
            "search": "a\0b",
        }.items():
            answer = self.client.get(URL, {field: value})
            self.assert_problem(answer, 400, "INVALID", field=field)

    def test_survives_numbers_that_no_column_holds(self):
        for number in ["1e400", "1e-99999", "-1e49", "NaN", "9" * 500]:
            assert self.client.get(URL, {"price_min": number}).status_code in {200, 400}, number

    def test_costs_the_same_for_one_and_for_twenty(self):
        def statements(**options) -> int:
            with CaptureQueriesContext(connection) as captured:
                assert self.client.get(URL, {"page_size": 100}, **options).status_code == 200
            return len(captured)

        kitchen = create_category(name="Kitchen")
        counts = []
        for number in range(20):
            product = make_product(f"mug-{number}", category=kitchen)
            Media.objects.create(product=product, url="https://example.com/mug.jpg")
            if number in {0, 19}:
                counts.append(statements())
                counts.append(statements(headers=self.manager))
        # One for all there is to read, and one for the token.
        assert counts == [1, 2, 1, 2]


class PageTests(ProductTestCase):
    def pages(self, address: str, link: str) -> list[list[str]]:
        """The slugs of each page from ``address`` on."""
        pages = []
        while address:
            answer = self.client.get(address)
            pages.append(self.slugs(answer))
            address = answer.json()[link]
        return pages

    def test_lead_through_the_list_and_back_although_keys_are_equal(self):
        for number in range(7):
            make_product(f"mug-{number}", name="Mug", variants=[{"price": number % 2}])
        for ordering in ["name", "-name", "price", "-price", "-created_at", "-rating"]:
            pages = self.pages(f"{URL}?ordering={ordering}&page_size=3", "next")
            assert [len(page) for page in pages] == [3, 3, 1], ordering
            assert len({slug for page in pages for slug in page}) == 7

            last = self.client.get(URL, {"ordering": ordering, "page_size": 3})
            while last.json()["next"]:
                last = self.client.get(last.json()["next"])
            back = self.pages(last.json()["previous"], "previous")
            assert [*back[::-1], pages[-1]] == pages, ordering

    def test_neither_skip_nor_repeat_when_rows_come_and_go(self):
        for name in "bdfh":
            make_product(name)
        first = self.client.get(URL, {"ordering": "name", "page_size": 2})
        Product.objects.get(slug="b").delete()
        make_product("a")
        assert self.slugs(self.client.get(first.json()["next"])) == ["f", "h"]

    def test_take_no_cursor_of_another_order_or_a_changed_one(self):
        make_product("a")
        make_product("b")
        link = self.client.get(URL, {"ordering": "name", "page_size": 1}).json()["next"]
        cursor = link.partition("after=")[2].partition("&")[0]
        for query in [f"ordering=-name&after={cursor}", f"ordering=name&after=x{cursor}"]:
            answer = self.client.get(f"{URL}?{query}")
            self.assert_problem(answer, 400, "INVALID_CURSOR", field="after")
        answer = self.client.get(f"{URL}?after={cursor}&before={cursor}")
        self.assert_problem(answer, 400, "INVALID", field="before")

    def test_begin_where_a_cursor_of_graphql_s_list_stands(self):
        for name in "abc":
            make_product(name)
        query = "{ products(first: 1, sort: NAME_ASC) { pageInfo { endCursor } } }"
        page = self.client.post("/graphql", {"query": query}).json()["data"]["products"]
        cursor = page["pageInfo"]["endCursor"]
        answer = self.client.get(URL, {"ordering": "name", "after": cursor})
        assert self.slugs(answer) == ["b", "c"]

    def test_count_all_rows_where_that_is_asked_for(self):
        for name in "abc":
            make_product(name)
        assert "count" not in self.client.get(URL).json()
        answer = self.client.get(URL, {"page_size": 1, "count": "true"})
        assert (answer.json()["count"], self.slugs(answer)) == (3, ["c"])

    def test_have_a_limit(self):
        answer = self.client.get(URL, {"page_size": 101})
        self.assert_problem(answer, 400, "INVALID", field="page_size")


class DetailTests(ProductTestCase):
    def test_shows_a_product_whole(self):
        create_category(name="Kitchen")
        created = self.client.post(URL, TEAPOT, headers=self.manager)
        product = Product.objects.get()
        small, large = product.variants.order_by("position")
        answer = self.client.get(f"{URL}{product.pk}/")
        assert answer.status_code == 200
        assert answer.json() == created.json()
        assert answer.json() == {
            "id": product.pk,
            "name": "Teapot",
            "slug": "teapot",
            "description": "<p>Holds <b>tea</b>.</p>",
            "vendor": "Harbour",
            "tags": ["kitchen", "tea"],
            "category_slug": "kitchen",
            "category": {
                "id": Category.objects.get().pk,
                "name": "Kitchen",
                "slug": "kitchen",
            },
            "is_published": True,
            "min_price": "19.90",
            "max_price": "29.90",
            "currency": "EUR",
            "availability": "IN_STOCK",
            "average_rating": None,
            "review_count": 0,
            "options": [
                {"name": "Size", "values": ["Small", "Large"]},
                {"name": "A", "values": ["Red", "Blue"]},
            ],
            "variants": [
                {
                    "id": small.pk,
                    "sku": "TP-S",
                    "name": "Small / Red",
                    "options": [
                        {"name": "Size", "value": "Small"},
                        {"name": "A", "value": "Red"},
                    ],
                    "price": "19.90",
                    "compare_at_price": "25.00",
                    "currency": "EUR",
                    "availability": "IN_STOCK",
                    "weight": 800,
                },
                {
                    "id": large.pk,
                    "sku": None,
                    "name": "Large / Blue",
                    "options": [
                        {"name": "Size", "value": "Large"},
                        {"name": "A", "value": "Blue"},
                    ],
                    "price": "29.90",
                    "compare_at_price": None,
                    "currency": "EUR",
                    "availability": "OUT_OF_STOCK",
                    "weight": None,
                },
            ],
            "media": [
                {
                    "id": Media.objects.get().pk,
                    "url": "https://example.com/front.jpg",
                    "alt": "Front",
                    "position": 0,
                }
            ],
            "published_at": product.published_at.isoformat(),
            "created_at": product.created_at.isoformat(),
        }

    def test_shows_what_has_no_variants_and_pictures_of_our_own(self):
        product = make_product("idea", variants=[])
        Media.objects.create(product=product, file="products/idea.png")
        shown = self.client.get(f"{URL}{product.pk}/").json()
        assert (shown["min_price"], shown["availability"]) == (None, "OUT_OF_STOCK")
        assert shown["media"][0]["url"] == "http://127.0.0.1:8000/media/products/idea.png"

    def test_is_404_for_what_is_not_there_or_not_for_the_viewer(self):
        secret = make_product("secret", is_published=False)
        for pk in [secret.pk, 0, 10**17, "9" * 18, "9" * 60, "teapot", "%00"]:
            self.assert_problem(self.client.get(f"{URL}{pk}/"), 404, "NOT_FOUND")
        assert self.client.get(f"{URL}{secret.pk}/", headers=self.manager).status_code == 200


class FieldsTests(ProductTestCase):
    def test_only_those_that_are_asked_for_are_read_and_shown(self):
        make_product("mug", name="Mug", variants=[{"sku": "m", "price": "5.00"}])
        for fields, shown in {
            "name": {"name": "Mug"},
            "variants.price,slug": {"slug": "mug", "variants": [{"price": "5.00"}]},
            "min_price,category_slug": {"category_slug": None, "min_price": "5.00"},
        }.items():
            (product,) = self.client.get(URL, {"fields": fields}).json()["results"]
            assert product == shown
            address = f"{URL}{Product.objects.get().pk}/"
            assert self.client.get(address, {"fields": fields}).json() == shown

    def test_that_are_none_are_named(self):
        address = f"{URL}{make_product('mug').pk}/"
        for fields in ["cost", "name.first", "variants.cost", "name,", "{", "variants.stock"]:
            for url in (URL, address):
                answer = self.client.get(url, {"fields": fields})
                self.assert_problem(answer, 400, "INVALID", field="fields")

    def test_that_are_none_are_named_before_anything_is_written(self):
        answer = self.client.post(f"{URL}?fields=cost", {"name": "Mug"}, headers=self.manager)
        self.assert_problem(answer, 400, "INVALID", field="fields")
        assert not Product.objects.exists()


class VersionTests(ProductTestCase):
    """Entity tags: what did not change is not sent again, and nobody overwrites unseen changes."""

    def setUp(self):
        super().setUp()
        self.url = f"{URL}{make_product('mug', name='Mug').pk}/"
        self.tag = self.client.get(self.url, headers=self.manager).headers["ETag"]

    def test_what_the_client_has_is_not_sent_again(self):
        for url in (self.url, URL):
            tag = self.client.get(url).headers["ETag"]
            answer = self.client.get(url, headers={"If-None-Match": f'"x", {tag}'})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["ETag"] == tag
        Product.objects.update(name="Cup")
        assert self.client.get(self.url, headers={"If-None-Match": self.tag}).status_code == 200

    def test_is_not_read_in_another_version_than_is_asked_for(self):
        for url in (self.url, URL):
            answer = self.client.get(url, headers={"If-Match": '"of yesterday"'})
            self.assert_problem(answer, 412, "PRECONDITION_FAILED")
            assert self.client.get(url, headers={"If-Match": "*"}).status_code == 200

    def test_a_change_of_what_was_seen_succeeds_and_a_lost_update_does_not(self):
        headers = {**self.manager, "If-Match": self.tag}
        first = self.client.patch(self.url, {"name": "Cup"}, headers=headers)
        assert (first.status_code, first.json()["name"]) == (200, "Cup")
        for method in ("patch", "put", "delete"):
            answer = getattr(self.client, method)(self.url, {"name": "Jug"}, headers=headers)
            self.assert_problem(answer, 412, "PRECONDITION_FAILED")
        assert Product.objects.get().name == "Cup"
        headers["If-Match"] = first.headers["ETag"]
        assert self.client.delete(self.url, headers=headers).status_code == 204

    def test_a_star_is_any_version_and_a_weak_tag_none(self):
        for tag, status in [("*", 200), (f"W/{self.tag}", 412), (self.tag.strip('"'), 400)]:
            headers = {**self.manager, "If-Match": tag}
            answer = self.client.patch(self.url, {"vendor": "Quay"}, headers=headers)
            assert answer.status_code == status, tag


class WriteTests(ProductTestCase):
    def setUp(self):
        super().setUp()
        create_category(name="Kitchen")

    def test_creates_and_says_where(self):
        answer = self.client.post(URL, TEAPOT, headers=self.manager)
        assert answer.status_code == 201
        product = Product.objects.get()
        assert answer.headers["Location"] == f"http://testserver{URL}{product.pk}/"
        assert stock_of(product.variants.get(sku="TP-S")) == (5, 0)

    def test_changes_a_part_and_leaves_the_rest(self):
        product = make_product("mug", vendor="Harbour", variants=[{"sku": "m", "stock": 3}])
        answer = self.client.patch(
            f"{URL}{product.pk}/", {"name": "Cup", "is_published": False}, headers=self.manager
        )
        assert answer.status_code == 200
        assert answer.json()["name"] == "Cup"
        product.refresh_from_db()
        assert (product.name, product.vendor, product.is_published) == ("Cup", "Harbour", False)
        assert stock_of(product.variants.get()) == (3, 0)

    def test_an_empty_form_changes_nothing(self):
        product = make_product("mug", is_published=True)
        for media_type in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]:
            answer = self.client.generic(
                "PATCH",
                f"{URL}{product.pk}/",
                content_type=media_type,
                headers=self.manager,
            )
            assert answer.json()["is_published"] is True

    def test_what_was_read_can_be_put_back_and_nothing_is_lost(self):
        self.client.post(URL, TEAPOT, headers=self.manager)
        address = f"{URL}{Product.objects.get().pk}/"
        before = self.client.get(address).json()
        after = self.client.put(address, {**before, "vendor": "Quay"}, headers=self.manager)
        assert after.status_code == 200
        assert after.json() == {**before, "vendor": "Quay"}
        assert stock_of(Variant.objects.get(sku="TP-S")) == (5, 0)

    def test_put_needs_what_a_product_can_not_do_without(self):
        product = make_product("mug")
        answer = self.client.put(f"{URL}{product.pk}/", {"vendor": "x"}, headers=self.manager)
        self.assert_problem(answer, 400, "REQUIRED", field="name")

    def test_deletes_what_nobody_ordered(self):
        product = make_product("mug")
        answer = self.client.delete(f"{URL}{product.pk}/", headers=self.manager)
        assert (answer.status_code, answer.content) == (204, b"")
        assert not Product.objects.exists()
        again = self.client.delete(f"{URL}{product.pk}/", headers=self.manager)
        self.assert_problem(again, 404, "NOT_FOUND")

    def test_refuses_bad_products_and_stores_nothing(self):
        make_product("taken", variants=[{"sku": "TAKEN"}])
        variant = TEAPOT["variants"][0]
        for changes, status, code, field in [
            ({"name": None}, 400, "REQUIRED", "name"),
            ({"name": "a\0b"}, 400, "INVALID", "name"),
            ({"name": "\ud800"}, 400, "INVALID", "name"),
            ({"slug": "taken"}, 409, "ALREADY_EXISTS", "slug"),
            ({"category_slug": "nowhere"}, 400, "NOT_FOUND", "category_slug"),
            ({"category_slug": "\0"}, 400, "INVALID", "category_slug"),
            ({"tags": "tea"}, 400, "INVALID", "tags"),
            ({"variants": [{**variant, "price": "-1"}]}, 400, "INVALID", "variants.0.price"),
            ({"variants": [{**variant, "price": "1e99"}]}, 400, "INVALID", "variants.0.price"),
            (
                {"variants": [{**variant, "compare_at_price": "much"}]},
                400,
                "INVALID",
                "variants.0.compare_at_price",
            ),
            ({"variants": [{**variant, "stock": 10**12}]}, 400, "INVALID", "variants.0.stock"),
            ({"variants": [{**variant, "options": []}]}, 400, "INVALID", "variants.0.options"),
            (
                {"variants": [{**variant, "sku": "TAKEN"}]},
                409,
                "ALREADY_EXISTS",
                "variants.0.sku",
            ),
            ({"media": [{"url": "javascript:x"}]}, 400, "INVALID", "media.0.url"),
        ]:
            body = json.dumps(TEAPOT | changes)  # Escapes what UTF-8 can't hold.
            answer = self.client.post(
                URL, body, content_type="application/json", headers=self.manager
            )
            self.assert_problem(answer, status, code, field=field)
        assert list(Product.objects.values_list("slug", flat=True)) == ["taken"]

    def test_refuses_bodies_that_are_no_product(self):
        for body in [[], "text", 1, None, [TEAPOT]]:
            answer = self.client.post(URL, body, headers=self.manager)
            self.assert_problem(answer, 400, answer.json()["code"])
        assert not Product.objects.exists()

    def test_price_and_stock_are_what_lists_see_at_once(self):
        self.client.post(URL, TEAPOT, headers=self.manager)
        product = Product.objects.get()
        assert product.listing.min_price == Decimal("19.90")
        assert self.slugs(self.client.get(URL, {"price_max": "20", "in_stock": "1"})) == ["teapot"]


class PermissionTests(ProductTestCase):
    def test_only_roles_that_may_write_do(self):
        product = make_product("mug")
        address = f"{URL}{product.pk}/"
        callers = {
            "anonymous": {},
            "customer": self.customer,
            "catalog_manager": self.manager,
            **{
                role: self.headers_of(f"{role}@example.com", role=role)
                for role in ["order_manager", "support", "admin"]
            },
        }
        for caller, headers in callers.items():
            writers = caller in {"catalog_manager", "admin"}
            answers = [
                self.client.post(URL, {"name": caller}, headers=headers),
                self.client.patch(address, {"name": caller}, headers=headers),
                self.client.put(address, {"name": caller}, headers=headers),
            ]
            if writers:
                assert [answer.status_code for answer in answers] == [201, 200, 200]
                continue
            answers.append(self.client.delete(address, headers=headers))
            for answer in answers:
                if caller == "anonymous":
                    self.assert_problem(answer, 401, "UNAUTHENTICATED")
                    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
                else:
                    self.assert_problem(answer, 403, "FORBIDDEN")
        assert sorted(Product.objects.values_list("name", flat=True)) == [
            "admin",
            "admin",
            "catalog_manager",
        ]

    def test_a_denied_caller_does_not_learn_what_exists(self):
        answer = self.client.delete(f"{URL}12345/", headers=self.customer)
        self.assert_problem(answer, 403, "FORBIDDEN")

    def test_an_ordered_product_stays(self):
        zone = ShippingZone.objects.create(name="Britain", countries=["GB"])
        method = ShippingMethod.objects.create(zone=zone, name="Standard", price=5)
        product = make_product("mug-1", variants=[{"sku": "mug-1"}])
        buy(make_ready_cart(method=method, mug_1=1))
        answer = self.client.delete(f"{URL}{product.pk}/", headers=self.manager)
        problem = self.assert_problem(answer, 409, "IN_USE")
        assert "unpublish it" in problem["detail"]
        assert Product.objects.filter(pk=product.pk).exists()


class MediaTests(RestTestCase):
    def setUp(self):
        super().setUp()
        self.folder = self.enterContext(own_media())
        self.url = f"{URL}{make_product('mug').pk}/media/"
        self.staff = self.headers_of("manager@example.com", role="catalog_manager")

    def send(self, content=None, **extra):
        headers = extra.pop("headers", self.staff)
        file = SimpleUploadedFile("x.jpg", picture() if content is None else content)
        return self.client.post(
            self.url, {"file": file} | extra, format="multipart", headers=headers
        )

    def test_a_picture_is_added(self):
        answer = self.send(with_metadata(), alt="A mug", headers=self.staff)
        media = Media.objects.get()
        address = f"http://127.0.0.1:8000/media/{media.file.name}"
        assert (answer.status_code, answer.json()) == (
            201,
            {"id": media.pk, "url": address, "alt": "A mug", "position": 0},
        )
        assert answer.headers["Location"] == f"http://testserver/api/media/{media.pk}/"
        assert b"ecret" not in (self.folder / media.file.name).read_bytes()
        headers = {**self.staff, "Idempotency-Key": "k"}
        assert self.send(headers=headers).json() == self.send(headers=headers).json()
        assert Media.objects.count() == 2

    def test_a_picture_that_was_changed_is_not_changed_unseen(self):
        made = self.send(alt="A mug")
        address, old = made.headers["Location"], {**self.staff, "If-Match": made.headers["ETag"]}
        first = self.client.patch(address, {"alt": "A cup"}, headers=old)
        assert first.status_code == 200
        for method in ("patch", "delete"):
            answer = getattr(self.client, method)(address, {"alt": "A jug"}, headers=old)
            self.assert_problem(answer, 412, "PRECONDITION_FAILED")
        assert Media.objects.get().alt == "A cup"
        seen = {**self.staff, "If-Match": first.headers["ETag"]}
        assert self.client.delete(address, headers=seen).status_code == 204

    def test_bad_pictures_are_refused(self):
        for content, extra, field in (
            (SVG, {}, "file"),
            (b"", {}, "file"),
            (None, {"alt": "x" * 501}, "alt"),
            (None, {"position": -1}, "position"),
            (None, {"position": "x"}, "position"),
        ):
            self.assert_problem(self.send(content, **extra), 400, "INVALID", field=field)
        answer = self.client.post(self.url, {}, format="multipart", headers=self.staff)
        self.assert_problem(answer, 400, "REQUIRED", field="file")
        assert not Media.objects.exists()

    def test_bad_forms_are_refused(self):
        for body, content_type, status in (
            (b"x", "multipart/form-data", 400),
            (b"x", "multipart/form-data; boundary=x", 400),
            (b'{"file": "x"}', "application/json", 415),
            (b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n" * 1_100, None, 400),
            (
                b"--x\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\n\r\n" * 110,
                None,
                400,
            ),
        ):
            answer = self.client.generic(
                "POST",
                self.url,
                body,
                content_type=content_type or "multipart/form-data; boundary=x",
                headers=self.staff,
            )
            assert answer.status_code == status
            assert answer.headers["Content-Type"] == "application/problem+json"

    def test_large_forms_are_refused(self):
        limits = {**settings.GRAPHQL_LIMITS, "max_upload_bytes": 100}
        with override_settings(GRAPHQL_LIMITS=limits):
            self.assert_problem(self.send(), 413, "TOO_LARGE")

    def test_it_takes_the_permission(self):
        self.assert_problem(self.send(headers={}), 401, "UNAUTHENTICATED")
        support = self.headers_of("support@example.com", role="support")
        self.assert_problem(self.send(headers=support), 403, "FORBIDDEN")
        assert not Media.objects.exists()
