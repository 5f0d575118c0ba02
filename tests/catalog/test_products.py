from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from catalog.models import Media, Product, ProductListing, Stock, StockMovement, Variant
from catalog.serializers import ProductSerializer
from catalog.services.categories import create_category
from catalog.services.products import create_product, save_product
from catalog.services.stock import allocate
from tasks.errors import Rejected
from tests.catalog.factories import make_product, run_at_once, stock_of
from users.validation import rejections
from users.viewer import Viewer

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 6, 2, 12, tzinfo=UTC)
CLERK = Viewer(user_id=1)
TEAPOT = {
    "name": "Teapot",
    "slug": "teapot",
    "description": "<p>Holds <b>tea</b>.</p>",
    "vendor": "Harbour",
    "tags": ["kitchen", "tea"],
    "is_published": True,
    "options": [{"name": "Size", "values": ["Small", "Large"]}],
    "variants": [
        {
            "sku": "TP-S",
            "price": "19.90",
            "compare_at_price": "25.00",
            "stock": 5,
            "weight": 800,
            "options": [{"name": "Size", "value": "Small"}],
        },
        {"sku": "TP-L", "price": "29.90", "options": [{"name": "Size", "value": "Large"}]},
    ],
    "media": [
        {"url": "https://example.com/front.jpg", "alt": "Front"},
        {"url": "https://example.com/back.jpg"},
    ],
}


def save(product=None, *, now=NOON, **changes):
    """Validate and save the teapot, or ``product``, with changes; None leaves a field out."""
    data = {k: v for k, v in (TEAPOT | changes).items() if v is not None}
    serializer = ProductSerializer(product, data=data)
    assert serializer.is_valid(), serializer.errors
    return save_product(data=serializer.validated_data, product=product, now=now)


def sized(*names, **fields):
    """Variants without SKUs, one a size."""
    return [
        {"price": "1", "options": [{"name": "Size", "value": name}], **fields} for name in names
    ]


def codes(error):
    """(code, field) of each refusal."""
    return [(each.code, each.field) for each in error.error_list]


class TestSaveProduct:
    def test_creates_a_product_whole(self):
        product = save(category_slug=create_category(name="Kitchen").slug).product
        product = Product.objects.get(pk=product.pk)
        assert (product.name, product.vendor, product.tags) == (
            "Teapot",
            "Harbour",
            ["kitchen", "tea"],
        )
        assert product.category.slug == "kitchen"
        assert product.published_at == product.created_at == NOON
        assert list(product.options.values_list("name", "values")) == [("Size", ["Small", "Large"])]
        small, large = product.variants.order_by("position")
        assert (small.sku, small.name, small.options) == ("TP-S", "Small", {"Size": "Small"})
        assert (small.price, small.compare_at_price, small.weight) == (
            Decimal("19.90"),
            Decimal("25.00"),
            800,
        )
        assert (stock_of(small), stock_of(large)) == ((5, 0), (0, 0))
        assert list(product.media.order_by("position").values_list("url", "alt", "position")) == [
            ("https://example.com/front.jpg", "Front", 0),
            ("https://example.com/back.jpg", "", 1),
        ]
        listing = ProductListing.objects.get()
        assert (listing.min_price, listing.max_price) == (Decimal("19.90"), Decimal("29.90"))
        assert (listing.availability, listing.in_stock) == ("IN_STOCK", True)
        assert [p.slug for p in Product.objects.search("TP-L")] == ["teapot"]

    def test_saving_the_same_again_changes_nothing_and_says_so(self):
        saved = save()
        before = list(Variant.objects.values()), list(Product.objects.values())
        again = save(saved.product, now=LATER)
        assert (saved.outcome, again.outcome) == ("created", "unchanged")
        assert (list(Variant.objects.values()), list(Product.objects.values())) == before
        assert StockMovement.objects.count() == 1

    @pytest.mark.parametrize(
        "change",
        [
            {"name": "Big teapot"},
            {"tags": []},
            {"is_published": False},
            {"description": ""},
            {"media": TEAPOT["media"][::-1]},
            {"media": []},
            {"options": [{"name": "Size", "values": ["Large", "Small"]}]},
            {"variants": TEAPOT["variants"][::-1]},
            {"variants": TEAPOT["variants"][:1]},
            {"variants": [TEAPOT["variants"][0], TEAPOT["variants"][1] | {"stock": 1}]},
        ],
    )
    def test_any_difference_is_an_update(self, change):
        product = save().product
        assert save(product, now=LATER, **change).outcome == "updated"
        assert Product.objects.get().updated_at == LATER
        assert save(product, **change).outcome == "unchanged"

    def test_what_is_absent_stays(self):
        product = save().product
        data = {"name": "Big teapot"}
        serializer = ProductSerializer(product, data=data, partial=True)
        assert serializer.is_valid()
        save_product(data=serializer.validated_data, product=product, now=LATER)
        product.refresh_from_db()
        assert (product.name, product.slug, product.vendor) == ("Big teapot", "teapot", "Harbour")
        assert product.variants.count() == 2
        assert [p.slug for p in Product.objects.search("big")] == ["teapot"]

    def test_a_variant_keeps_its_row_by_sku_even_with_other_options(self):
        product = save().product
        small = product.variants.get(sku="TP-S")
        swapped = [
            TEAPOT["variants"][0] | {"options": TEAPOT["variants"][1]["options"]},
            TEAPOT["variants"][1] | {"options": TEAPOT["variants"][0]["options"]},
        ]
        save(product, variants=swapped)
        small.refresh_from_db()
        assert (small.options, small.name) == ({"Size": "Large"}, "Large")
        assert Variant.objects.count() == 2

    def test_a_variant_without_sku_keeps_its_row_by_option_values(self):
        product = save(variants=sized("Small", "Large")).product
        ids = set(product.variants.values_list("pk", flat=True))
        save(product, variants=sized("Large", "Small", price="2"))
        assert set(product.variants.values_list("pk", flat=True)) == ids
        assert set(product.variants.values_list("price", flat=True)) == {2}
        save(product, variants=TEAPOT["variants"])
        assert set(product.variants.values_list("pk", flat=True)) == ids
        assert product.variants.get(sku="TP-S").options == {"Size": "Small"}

    def test_keeps_a_name_that_was_given_to_a_variant(self):
        product = save().product
        product.variants.filter(sku="TP-S").update(name="The little one")
        assert save(product).outcome == "unchanged"

    def test_sanitises_descriptions(self):
        html = '<p onclick="x()">Tea<script>alert(1)</script><a href="javascript:x">!</a></p>'
        product = save(description=html).product
        assert product.description == '<p>Tea<a rel="noopener noreferrer">!</a></p>'
        assert save(product, description=html).outcome == "unchanged"

    def test_makes_a_slug_of_the_name_where_none_is_given(self):
        slugs = [
            save(slug=None, variants=None, options=None).product.slug,
            save(slug=None, variants=None, options=None).product.slug,
            save(slug=None, variants=None, options=None, name="茶壶").product.slug,
            save(slug=None, variants=None, options=None, name="!!!").product.slug,
        ]
        assert slugs == ["teapot", "teapot-2", "茶壶", "product"]

    def test_refuses_a_slug_in_use(self):
        save()
        with pytest.raises(ValidationError) as caught:
            save(variants=None, options=None)
        assert codes(caught.value) == [("ALREADY_EXISTS", "slug")]

    def test_names_a_taken_slug_and_taken_skus_at_once(self):
        save()
        with pytest.raises(ValidationError) as caught:
            save()
        assert codes(caught.value) == [
            ("ALREADY_EXISTS", "slug"),
            ("ALREADY_EXISTS", "variants.0.sku"),
            ("ALREADY_EXISTS", "variants.1.sku"),
        ]

    def test_refuses_another_products_skus_and_names_each(self):
        save()
        with pytest.raises(ValidationError) as caught:
            save(slug="other", now=LATER)
        fields = sorted((e.code, e.field) for e in caught.value.error_list)
        assert fields == [
            ("ALREADY_EXISTS", "variants.0.sku"),
            ("ALREADY_EXISTS", "variants.1.sku"),
        ]
        assert Product.objects.count() == 1

    def test_refuses_less_stock_than_is_promised_and_changes_nothing(self):
        product = save().product
        small = product.variants.get(sku="TP-S")
        allocate(quantities={small.pk: 4})
        with pytest.raises(Rejected, match="4 are promised") as caught:
            save(product, name="X", variants=[TEAPOT["variants"][0] | {"stock": 3}])
        assert (caught.value.code, caught.value.field) == ("INVALID", "variants.0.stock")
        assert Product.objects.get().name == "Teapot"
        assert Variant.objects.count() == 2

    def test_refuses_a_product_that_is_gone(self):
        product = save().product
        Product.objects.all().delete()
        with pytest.raises(Rejected) as caught:
            save(product)
        assert caught.value.code == "NOT_FOUND"

    def test_movements_add_up_to_what_is_on_hand(self):
        product = save().product
        for stock in (9, 0, 7):
            save(product, variants=[TEAPOT["variants"][0] | {"stock": stock}])
        total = StockMovement.objects.aggregate(sum=Sum("delta"))["sum"]
        assert total == Stock.objects.get().on_hand == 7

    def test_costs_the_same_statements_for_one_variant_and_for_forty(self):
        def statements(slug, count):
            names = [str(n) for n in range(count)]
            parts = {
                "options": [{"name": "Size", "values": names}],
                "variants": sized(*names, stock=3),
                "media": [{"url": f"https://example.com/{n}.jpg"} for n in names],
            }
            counts = []
            product = None
            for change in ({}, {"variants": sized(*names, stock=4, price="3")}, {}):
                with CaptureQueriesContext(
                    connection,
                ) as queries:
                    product = save(product, slug=slug, **parts | change).product
                counts.append(len(queries))
            return counts

        assert statements("one", 1) == statements("forty", 40)
        assert max(statements("two", 2)) <= 30


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_with_one_name_and_no_slug_all_get_slugs_of_their_own(self):
        def create(_):
            return save(slug=None, variants=None, options=None).product.slug

        assert sorted(run_at_once(create, range(4))) == [
            "teapot",
            "teapot-2",
            "teapot-3",
            "teapot-4",
        ]

    @pytest.mark.parametrize(
        ("changes", "field"),
        [({"variants": None, "options": None}, "slug"), ({"slug": None}, "variants")],
    )
    def test_one_creates_and_the_other_is_told(self, changes, field):
        def create(number):
            try:
                return save(**{"name": f"Teapot {number}"} | changes).outcome
            except ValidationError as error:
                return {(e.code, e.field.split(".")[0]) for e in error.error_list}

        outcomes = run_at_once(create, range(4))
        assert outcomes.count("created") == 1
        assert [o for o in outcomes if o != "created"] == [{("ALREADY_EXISTS", field)}] * 3
        assert Product.objects.count() == 1


class TestBadInput:
    @pytest.mark.parametrize(
        ("change", "code", "field"),
        [
            ({"name": None}, "REQUIRED", "name"),
            ({"name": " "}, "REQUIRED", "name"),
            ({"name": "x" * 251}, "INVALID", "name"),
            ({"name": "a\x00b"}, "INVALID", "name"),
            ({"slug": "no spaces"}, "INVALID", "slug"),
            ({"category_slug": "unknown"}, "NOT_FOUND", "categorySlug"),
            ({"is_published": "maybe"}, "INVALID", "isPublished"),
            ({"tags": ["x" * 101]}, "INVALID", "tags.0"),
            ({"options": [{"name": "Size", "values": []}]}, "REQUIRED", "options.0.values"),
            (
                {"options": [{"name": "Size", "values": ["S", "S"]}]},
                "ALREADY_EXISTS",
                "options.0.values.1",
            ),
            ({"options": TEAPOT["options"] * 2}, "ALREADY_EXISTS", "options.1.name"),
            ({"variants": [{"options": []}]}, "REQUIRED", "variants.0.price"),
            ({"variants": [{"price": "-1"}]}, "INVALID", "variants.0.price"),
            ({"variants": [{"price": "1.999"}]}, "INVALID", "variants.0.price"),
            ({"variants": [{"price": "1", "stock": -1}]}, "INVALID", "variants.0.stock"),
            (
                {"variants": [{"price": "1", "compare_at_price": "x"}]},
                "INVALID",
                "variants.0.compareAtPrice",
            ),
            ({"variants": [{"price": "1"}]}, "INVALID", "variants.0.options"),
            ({"variants": sized("Huge")}, "INVALID", "variants.0.options"),
            ({"variants": sized("Small", "Small")}, "ALREADY_EXISTS", "variants.1.options"),
            (
                {"variants": sized("Small", "Large", sku="A")},
                "ALREADY_EXISTS",
                "variants.1.sku",
            ),
            (
                {
                    "variants": [
                        {"price": 1, "options": TEAPOT["variants"][0]["options"] * 2},
                    ]
                },
                "ALREADY_EXISTS",
                "variants.0.options.1.name",
            ),
            (
                {"variants": [{"price": 1, "options": [{"name": "Size"}]}]},
                "REQUIRED",
                "variants.0.options.0.value",
            ),
            ({"media": [{"url": "front.jpg"}]}, "INVALID", "media.0.url"),
            ({"media": [{"url": "ftp://example.com/a.jpg"}]}, "INVALID", "media.0.url"),
            ({"media": [{"alt": "Front"}]}, "REQUIRED", "media.0.url"),
        ],
    )
    def test_each_error_has_its_code_and_full_path(self, change, code, field):
        given = {k: v for k, v in (TEAPOT | change).items() if v is not None}
        with pytest.raises(ValidationError) as caught:
            create_product(viewer=CLERK, given=given, now=NOON)
        assert codes(caught.value) == [(code, field)]
        assert not Product.objects.exists()

    def test_all_errors_come_at_once(self):
        data = TEAPOT | {"name": "", "variants": [{"price": "x"}, {"price": "y"}]}
        serializer = ProductSerializer(data=data)
        assert not serializer.is_valid()
        fields = [error.field for error in rejections(serializer.errors)]
        assert fields == ["name", "variants.0.price", "variants.1.price"]


class TestConstraints:
    def test_skus_are_unique_where_present(self):
        make_product("a", variants=[{"sku": "X"}])
        make_product("b", variants=[{"sku": None}])
        make_product("c", variants=[{"sku": None}])
        with pytest.raises(IntegrityError), transaction.atomic():
            make_product("d", variants=[{"sku": "X"}])

    def test_option_values_are_unique_within_a_product(self):
        with pytest.raises(IntegrityError), transaction.atomic():
            make_product("a", variants=[{"options": {"Size": "S"}}, {"options": {"Size": "S"}}])

    @pytest.mark.parametrize("values", [{"price": -1}, {"compare_at_price": -1}, {"sku": ""}])
    def test_the_database_refuses_impossible_variants(self, values):
        make_product()
        with pytest.raises(IntegrityError), transaction.atomic():
            Variant.objects.update(**values)

    def test_a_picture_needs_a_source(self):
        with pytest.raises(IntegrityError), transaction.atomic():
            Media.objects.create(product=make_product())
