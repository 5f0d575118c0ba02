"""What an update does with the parts of a product, and what it leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Media, Product, ProductListing, StockMovement, Variant
from catalog.services.categories import create_category, delete_category
from catalog.services.products import create_product, delete_product, update_product
from catalog.services.stock import allocate
from tests.catalog.factories import make_product, run_at_once, stock_of
from users.viewer import Viewer

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 6, 2, 12, tzinfo=UTC)
CLERK = Viewer(user_id=1)


def chosen(**values):
    return [{"name": name, "value": value} for name, value in values.items()]


SHIRT = {
    "name": "Shirt",
    "vendor": "Weavers",
    "tags": ["men"],
    "description": "<p>Blue.</p>",
    "is_published": True,
    "options": [
        {"name": "Size", "values": ["Small", "Large"]},
        {"name": "Colour", "values": ["Blue", "Red"]},
    ],
    "variants": [
        {
            "sku": "S-B",
            "price": "10.00",
            "compare_at_price": "12.00",
            "stock": 5,
            "weight": 200,
            "options": chosen(Size="Small", Colour="Blue"),
        },
        {"sku": "L-B", "price": "11.00", "options": chosen(Size="Large", Colour="Blue")},
        {"price": "12.00", "stock": 1, "options": chosen(Size="Large", Colour="Red")},
    ],
    "media": [{"url": "https://example.com/front.jpg", "alt": "Front"}],
}


def create(**changes):
    key = create_product(viewer=CLERK, given=SHIRT | changes, now=NOON)
    return Product.objects.get(pk=key)


def update(product, **given):
    update_product(product_id=product.pk, given=given, now=LATER)
    product.refresh_from_db()


def refused(product, **given):
    """(code, field) of each refusal; nothing was changed."""
    before = contents()
    with pytest.raises(ValidationError) as caught:
        update(product, **given)
    assert contents() == before
    return [(each.code, each.field) for each in caught.value.error_list]


def contents():
    models = (Product, Variant, Media, StockMovement, ProductListing)
    return [list(model.objects.order_by("pk").values()) for model in models]


def options_of(product):
    return {v.sku: v.options for v in product.variants.order_by("position")}


@pytest.fixture
def shirt():
    return create()


class TestFields:
    def test_absent_leaves_and_null_clears(self, shirt):
        shirt.category = create_category(name="Home")
        shirt.save()
        update(shirt, name="Blouse")
        assert (shirt.vendor, shirt.tags, shirt.category.slug) == ("Weavers", ["men"], "home")
        update(shirt, vendor=None, tags=None, description=None, category_slug=None)
        assert (shirt.vendor, shirt.tags, shirt.description, shirt.category) == ("", [], "", None)
        update(shirt, options=None, variants=None, media=None)
        for parts in (shirt.options, shirt.variants, shirt.media):
            assert not parts.exists()
        assert ProductListing.objects.get().min_price is None

    @pytest.mark.parametrize("field", ["name", "slug"])
    def test_what_a_product_needs_can_not_be_cleared(self, shirt, field):
        assert refused(shirt, **{field: None}) == [("REQUIRED", field)]

    def test_publishing_keeps_the_time_of_the_first_time(self, shirt):
        assert shirt.published_at == NOON
        update(shirt, is_published=False)
        assert not shirt.is_published
        update(shirt, is_published=True)
        assert (shirt.is_published, shirt.published_at) == (True, NOON)
        update(shirt, is_published=None)
        assert not shirt.is_published

    def test_what_was_never_published_has_no_such_time(self):
        product = create(is_published=False)
        assert product.published_at is None
        update(product, is_published=True)
        assert product.published_at == LATER

    def test_of_a_product_that_is_gone_are_refused(self, shirt):
        Product.objects.all().delete()
        with pytest.raises(ValidationError) as caught:
            update_product(product_id=shirt.pk, given={"name": "x"}, now=LATER)
        assert (caught.value.code, caught.value.field) == ("NOT_FOUND", "id")


class TestVariants:
    def test_are_known_by_id_sku_or_options_and_keep_what_is_not_said(self, shirt):
        small, large, red = shirt.variants.order_by("position")
        update(
            shirt,
            variants=[
                {"price": "13.00", "options": chosen(Colour="Red", Size="Large")},
                {"id": small.pk, "sku": "NEW"},
                {"sku": "L-B", "stock": 7},
            ],
        )
        assert list(shirt.variants.order_by("position")) == [red, small, large]
        small.refresh_from_db()
        assert (small.sku, small.price, small.weight) == ("NEW", Decimal("10.00"), 200)
        assert small.compare_at_price == Decimal("12.00")
        assert small.options == {"Size": "Small", "Colour": "Blue"}
        assert (stock_of(small), stock_of(large)) == ((5, 0), (7, 0))
        assert shirt.variants.get(pk=red.pk).price == Decimal("13.00")

    def test_clear_what_is_null(self, shirt):
        small = shirt.variants.get(sku="S-B")
        given = {"id": small.pk, "sku": None, "compare_at_price": None, "weight": None}
        update(shirt, variants=[given])
        small.refresh_from_db()
        assert (small.sku, small.compare_at_price, small.weight) == (None, None, None)
        for field in ("price", "stock"):
            assert refused(shirt, variants=[{"id": small.pk, field: None}]) == [
                ("REQUIRED", f"variants.0.{field}")
            ]

    def test_that_are_new_get_stock_with_a_movement(self, shirt):
        wanted = [{"id": pk} for pk in shirt.variants.order_by("position").values_list("pk")]
        wanted = [{"id": given["id"][0]} for given in wanted]
        new = {
            "sku": "S-R",
            "price": "9",
            "stock": 4,
            "options": chosen(Size="Small", Colour="Red"),
        }
        update(shirt, variants=[*wanted, new])
        added = shirt.variants.get(sku="S-R")
        movement = StockMovement.objects.get(variant=added)
        assert (movement.delta, movement.created_at, stock_of(added)) == (4, LATER, (4, 0))
        assert added.name == "Small / Red"
        assert ProductListing.objects.get().min_price == 9

    def test_that_are_not_named_go_unless_something_points_to_them(self, shirt):
        small = shirt.variants.get(sku="S-B")
        update(shirt, variants=[{"id": small.pk}])
        assert list(shirt.variants.all()) == [small]

    def test_swap_skus_and_options(self, shirt):
        small, large = (shirt.variants.get(sku=sku) for sku in ("S-B", "L-B"))
        update(
            shirt,
            variants=[
                {"id": small.pk, "sku": "L-B", "options": chosen(Size="Large", Colour="Blue")},
                {"id": large.pk, "sku": "S-B", "options": chosen(Size="Small", Colour="Blue")},
            ],
        )
        small.refresh_from_db()
        assert (small.sku, small.name) == ("L-B", "Large / Blue")

    def test_of_a_product_without_options_need_no_name_at_all(self):
        product = create(options=[], variants=[{"price": "1"}])
        row = product.variants.get()
        update(product, variants=[{"price": "2"}])
        row.refresh_from_db()
        assert row.price == 2

    def test_that_can_not_be_are_refused_all_at_once(self, shirt):
        make_product("other", variants=[{"sku": "TAKEN"}])
        other = Variant.objects.get(sku="TAKEN")
        small = shirt.variants.get(sku="S-B")
        assert refused(
            shirt,
            slug="other",
            variants=[
                {"id": small.pk, "options": chosen(Size="Small")},
                {"options": chosen(Size="Small", Colour="Red")},
                {"id": other.pk},
                {"price": "1", "options": chosen(Size="Huge", Colour="Red")},
                {"sku": "TAKEN", "price": "1", "options": chosen(Size="Large", Colour="Red")},
            ],
        ) == [
            ("ALREADY_EXISTS", "slug"),
            ("INVALID", "variants.0.options"),
            ("REQUIRED", "variants.1.price"),
            ("NOT_FOUND", "variants.2.id"),
            ("INVALID", "variants.3.options"),
            ("ALREADY_EXISTS", "variants.4.sku"),
        ]

    def test_that_two_entries_name_are_refused(self, shirt):
        small = shirt.variants.get(sku="S-B")
        large = shirt.variants.get(sku="L-B")
        for variants, field in (
            ([{"id": small.pk}, {"id": small.pk}], "variants.1.id"),
            ([{"id": small.pk}, {"id": large.pk, "sku": "S-B"}], "variants.1.sku"),
            (
                [
                    {"id": small.pk},
                    {"id": large.pk, "options": chosen(Size="Small", Colour="Blue")},
                ],
                "variants.1.options",
            ),
        ):
            assert refused(shirt, variants=variants) == [("ALREADY_EXISTS", field)]

    def test_keep_what_is_promised_to_orders(self, shirt):
        small = shirt.variants.get(sku="S-B")
        allocate(quantities={small.pk: 3})
        assert refused(shirt, variants=[{"id": small.pk, "stock": 2}]) == [
            ("INVALID", "variants.0.stock")
        ]


class TestOptions:
    def test_that_are_renamed_rewrite_the_variants(self, shirt):
        before = dict(shirt.variants.values_list("sku", "pk"))
        update(
            shirt,
            options=[
                {"name": "Tone", "previous_name": "Colour", "values": ["Red", "Blue"]},
                {
                    "name": "Size",
                    "values": ["S", "L"],
                    "renamed_values": [
                        {"old": "Small", "new": "S"},
                        {"old": "Large", "new": "L"},
                    ],
                },
            ],
        )
        assert dict(shirt.variants.values_list("sku", "pk")) == before
        assert options_of(shirt) == {
            "S-B": {"Tone": "Blue", "Size": "S"},
            "L-B": {"Tone": "Blue", "Size": "L"},
            None: {"Tone": "Red", "Size": "L"},
        }
        assert shirt.variants.get(sku="S-B").name == "Blue / S"
        assert stock_of(shirt.variants.get(sku="S-B")) == (5, 0)
        assert list(shirt.options.order_by("position").values_list("name", flat=True)) == [
            "Tone",
            "Size",
        ]

    def test_that_swap_names_or_values(self, shirt):
        update(
            shirt,
            options=[
                {"name": "Colour", "previous_name": "Size", "values": ["Small", "Large"]},
                {
                    "name": "Size",
                    "previous_name": "Colour",
                    "values": ["Blue", "Red"],
                    "renamed_values": [
                        {"old": "Blue", "new": "Red"},
                        {"old": "Red", "new": "Blue"},
                    ],
                },
            ],
        )
        assert options_of(shirt) == {
            "S-B": {"Colour": "Small", "Size": "Red"},
            "L-B": {"Colour": "Large", "Size": "Red"},
            None: {"Colour": "Large", "Size": "Blue"},
        }

    def test_that_are_renamed_along_with_new_variants(self, shirt):
        large = shirt.variants.get(sku="L-B")
        update(
            shirt,
            options=[
                {
                    "name": "Size",
                    "values": ["XL"],
                    "renamed_values": [{"old": "Large", "new": "XL"}],
                },
            ],
            variants=[{"sku": "L-B"}],
        )
        large.refresh_from_db()
        assert (large.options, large.name) == ({"Size": "XL"}, "XL")

    def test_keep_a_name_that_was_given_to_a_variant(self, shirt):
        shirt.variants.filter(sku="S-B").update(name="The little one")
        update(
            shirt,
            options=[
                {
                    "name": "Size",
                    "values": ["S", "Large"],
                    "renamed_values": [{"old": "Small", "new": "S"}],
                },
                SHIRT["options"][1],
            ],
        )
        assert shirt.variants.get(sku="S-B").name == "The little one"
        update(shirt, variants=[{"sku": "S-B", "name": None}])
        assert shirt.variants.get(sku="S-B").name == "S / Blue"

    def test_that_get_more_values_leave_the_variants(self, shirt):
        before = options_of(shirt)
        size = {"name": "Size", "values": ["Tiny", "Small", "Large"]}
        update(shirt, options=[size, SHIRT["options"][1]])
        assert options_of(shirt) == before

    def test_that_leave_a_variant_without_a_value_are_refused(self, shirt):
        size = {"name": "Size", "values": ["Small"]}
        assert refused(shirt, options=[size, SHIRT["options"][1]]) == [("REQUIRED", "variants")] * 2
        material = {"name": "Material", "values": ["Wool"]}
        assert ("REQUIRED", "variants") in refused(shirt, options=[*SHIRT["options"], material])
        # Two would be large ones.
        assert refused(shirt, options=SHIRT["options"][:1]) == [("ALREADY_EXISTS", "options")]

    @pytest.mark.parametrize(
        ("change", "code", "field"),
        [
            ({"previous_name": "Weight"}, "NOT_FOUND", "options.0.previousName"),
            ({"previous_name": "Colour"}, "ALREADY_EXISTS", "options.1.previousName"),
            (
                {"renamed_values": [{"old": "Huge", "new": "Small"}]},
                "NOT_FOUND",
                "options.0.renamedValues.0.old",
            ),
            (
                {"renamed_values": [{"old": "Small", "new": "Huge"}]},
                "INVALID",
                "options.0.renamedValues.0.new",
            ),
            (
                {
                    "renamed_values": [
                        {"old": "Small", "new": "Small"},
                        {"old": "Small", "new": "Large"},
                    ]
                },
                "ALREADY_EXISTS",
                "options.0.renamedValues.1.old",
            ),
            (
                {"renamed_values": [{"old": "Small"}]},
                "REQUIRED",
                "options.0.renamedValues.0.new",
            ),
        ],
    )
    def test_that_rename_what_is_not_there_are_refused(self, shirt, change, code, field):
        size, colour = SHIRT["options"]
        assert (code, field) in refused(shirt, options=[size | change, colour])


class TestMedia:
    def test_of_ours_stay_when_they_are_named_by_the_address_that_is_shown(self, shirt):
        own = Media.objects.create(product=shirt, file="products/back.jpg", position=1)
        update(
            shirt,
            media=[
                {"url": "http://127.0.0.1:8000/media/products/back.jpg", "alt": "Back"},
                {"url": "https://example.com/side.jpg"},
            ],
        )
        pictures = shirt.media.order_by("position")
        assert [(m.file.name, m.url, m.alt) for m in pictures] == [
            ("products/back.jpg", "", "Back"),
            ("", "https://example.com/side.jpg", ""),
        ]
        assert pictures[0] == own

    def test_that_lack_a_part_are_refused(self, shirt):
        assert refused(shirt, media=[{"alt": "x"}]) == [("REQUIRED", "media.0.url")]
        assert refused(shirt, options=[{"name": "Size"}], variants=[]) == [
            ("REQUIRED", "options.0.values")
        ]
        assert refused(shirt, variants=[{"sku": "S-B", "options": [{"name": "Size"}]}]) == [
            ("REQUIRED", "variants.0.options.0.value")
        ]


class TestStatements:
    def test_are_as_many_for_two_variants_as_for_fifty(self):
        def given(count, **fields):
            return {
                "name": f"Thing {count}",
                "options": [{"name": "Size", "values": [str(n) for n in range(count)]}],
                "variants": [
                    {"sku": f"{count}-{n}", "price": "1", "options": chosen(Size=str(n))} | fields
                    for n in range(count)
                ],
                "media": [{"url": f"https://example.com/{n}.jpg"} for n in range(count)],
            }

        def statements(count):
            counts = []
            key = None
            for change in ({"stock": 1}, {"stock": 2, "price": "3"}, {}):
                with CaptureQueriesContext(connection) as queries:
                    if key is None:
                        key = create_product(viewer=CLERK, given=given(count, **change), now=NOON)
                    else:
                        update_product(product_id=key, given=given(count, **change), now=NOON)
                counts.append(len(queries))
            product = Product.objects.get(pk=key)
            values = [f"v{n}" for n in range(count)]
            renamed = [{"old": str(n), "new": f"v{n}"} for n in range(count)]
            option = {"name": "Size", "values": values, "renamed_values": renamed}
            for change in (
                {"options": [option]},
                {"variants": [{"sku": f"{count}-0"}], "media": []},
            ):
                with CaptureQueriesContext(connection) as queries:
                    update(product, **change)
                counts.append(len(queries))
            with CaptureQueriesContext(connection) as queries:
                delete_product(product_id=key, now=NOON)
            return [*counts, len(queries)]

        few = statements(2)
        assert statements(50) == few
        assert max(few) <= 32


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_a_product_put_where_a_category_is_deleted_is_told_or_moved(self):
        for attempt in range(4):
            going = create_category(name=f"Going {attempt}")
            products = [make_product(f"mug-{attempt}-{number}") for number in range(3)]

            def work(number, going=going, products=products):
                if number == 3:
                    delete_category(category_id=going.pk)
                    return "deleted"
                try:
                    update(products[number], category_slug=going.slug)
                except ValidationError as error:
                    return [(each.code, each.field) for each in error.error_list]
                return "moved"

            for outcome in run_at_once(work, range(4)):
                assert outcome in ("deleted", "moved", [("NOT_FOUND", "categorySlug")])
        assert not Product.objects.exclude(category=None).exists()

    def test_one_key_makes_one_product(self):
        def work(_):
            given = {"name": "Shirt", "variants": [{"price": "1", "stock": 2}]}
            return create_product(viewer=CLERK, given=given, idempotency_key="k", now=NOON)

        assert len(set(run_at_once(work, range(5)))) == 1
        assert Product.objects.count() == StockMovement.objects.count() == 1
