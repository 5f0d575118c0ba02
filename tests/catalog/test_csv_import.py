from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.csv_import import import_products
from catalog.models import (
    Category,
    Media,
    Product,
    ProductListing,
    ProductOption,
    Stock,
    StockMovement,
    Variant,
)
from catalog.services.categories import create_category

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIXTURES = Path(__file__).parent / "fixtures"
HEADER = [
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Type",
    "Tags",
    "Published",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Variant SKU",
    "Variant Grams",
    "Variant Inventory Qty",
    "Variant Price",
    "Variant Compare At Price",
    "Image Src",
    "Image Position",
    "Image Alt Text",
    "Gift Card",
]
MUG = {"Handle": "mug", "Title": "Mug", "Variant Price": "9.90"}


def csv_file(*rows: dict[str, str], header: list[str] | None = None) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, header or HEADER, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def run(content: bytes | dict[str, str], *more: dict[str, str], **options):
    if not isinstance(content, bytes):
        content = csv_file(content, *more)
    return import_products(content=content, now=NOON, **options)


def counts(report) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.failed


def everything() -> list[list[dict[str, object]]]:
    """The rows of all that an import writes."""
    tables = (
        Product,
        ProductOption,
        Variant,
        Stock,
        Media,
        Category,
        StockMovement,
        ProductListing,
    )
    return [list(model.objects.order_by("pk").values()) for model in tables]


class TestWhatAFileBecomes:
    """``shop.csv`` has every shape that real exports have."""

    @pytest.fixture
    def report(self):
        return run((FIXTURES / "shop.csv").read_bytes())

    def test_every_product_goes_in(self, report):
        assert report.errors == []
        assert counts(report) == (5, 0, 0, 0)
        assert report.rows == 11

    def test_variants_take_the_first_rows_option_names(self, report):
        product = Product.objects.get(slug="breton-top")
        assert list(product.options.order_by("position").values_list("name", "values")) == [
            ("Size", ["Small", "Medium"]),
            ("Colour", ["Navy", "Écru"]),
        ]
        variants = product.variants.order_by("position")
        assert [
            (v.sku, v.name, v.price, v.compare_at_price, v.stock.on_hand) for v in variants
        ] == [
            ("BT-S-N", "Small / Navy", Decimal("39.00"), Decimal("49.00"), 4),
            ("BT-S-E", "Small / Écru", Decimal("39.00"), None, 0),
            ("BT-M-N", "Medium / Navy", Decimal("41.50"), None, 12),
        ]
        assert variants[0].weight == 210
        listing = ProductListing.objects.get(product=product)
        assert (listing.min_price, listing.max_price) == (Decimal("39.00"), Decimal("41.50"))
        assert listing.availability == "IN_STOCK"

    def test_bodies_keep_their_harmless_html(self, report):
        product = Product.objects.get(slug="breton-top")
        assert (
            product.description
            == '<p>Striped, "heavy" cotton.</p>\n<ul>\n<li>Machine wash</li>\n</ul>'
        )

    def test_pictures_come_in_the_order_of_their_positions(self, report):
        product = Product.objects.get(slug="breton-top")
        assert list(product.media.order_by("position").values_list("url", "alt")) == [
            ("https://example.com/breton@2x.jpg?v=1", "Front"),
            ("https://example.com/breton-back.jpg", "Back, hanging"),
            ("https://example.com/breton-detail.jpg", ""),
        ]
        assert not Media.objects.exclude(file="").exists()

    def test_title_and_default_title_mean_no_options(self, report):
        variant = Variant.objects.get(product__slug="oak-stool")
        assert (variant.options, variant.name, variant.sku) == ({}, "", None)
        assert variant.stock.on_hand == 1
        assert not variant.product.options.exists()

    def test_blank_option_names_and_values_mean_no_options_too(self, report):
        assert Variant.objects.get(product__slug="gift-box").options == {}

    def test_types_become_categories_once_each(self, report):
        assert list(Category.objects.order_by("slug").values_list("slug", "name")) == [
            ("furniture", "Furniture"),
            ("tops-shirts", "Tops & Shirts"),
        ]
        assert Product.objects.get(slug="gift-box").category is None
        assert Product.objects.get(slug="linen-shirt").category.slug == "tops-shirts"

    def test_tags_vendor_and_publication(self, report):
        product = Product.objects.get(slug="breton-top")
        assert (product.vendor, product.tags) == ("Harbour & Sons", ["men", "striped"])
        assert product.is_published
        assert product.published_at == NOON
        assert not Product.objects.get(slug="oak-stool").is_published
        assert not Product.objects.get(slug="linen-shirt").is_published  # Status: draft
        assert Product.objects.get(slug="gift-box").is_published  # blank

    def test_variants_without_sku_are_known_by_their_values(self, report):
        product = Product.objects.get(slug="wool-socks")
        assert list(product.variants.order_by("position").values_list("sku", "options")) == [
            (None, {"Size": "36-40"}),
            (None, {"Size": "41-45"}),
        ]

    def test_again_it_changes_nothing(self, report):
        before = everything()
        assert counts(run((FIXTURES / "shop.csv").read_bytes())) == (0, 0, 5, 0)
        assert everything() == before


class TestChangedFiles:
    def test_updates_what_differs(self):
        run(MUG, {"Handle": "jug", "Title": "Jug", "Variant Price": "5"})
        report = run(
            MUG | {"Variant Price": "8.00"},
            {"Handle": "jug", "Title": "Jug", "Variant Price": "5.00"},
        )
        assert counts(report) == (0, 1, 1, 0)
        assert Variant.objects.get(product__slug="mug").price == 8

    def test_blank_skus_types_and_quantities_leave_what_the_owner_set(self):
        run(MUG | {"Variant Inventory Qty": "3"})
        kitchen = create_category(name="Kitchen")
        Product.objects.update(category=kitchen)
        Variant.objects.update(sku="MUG")
        assert counts(run(MUG)) == (0, 0, 1, 0)
        assert Variant.objects.get().stock.on_hand == 3

    def test_rows_of_a_product_may_stand_apart(self):
        report = run(
            MUG | {"Option1 Name": "Size", "Option1 Value": "S"},
            {"Handle": "jug", "Title": "Jug", "Variant Price": "5"},
            {"Handle": "mug", "Option1 Value": "L", "Variant Price": "12"},
        )
        assert counts(report) == (2, 0, 0, 0)
        assert Product.objects.get(slug="mug").variants.count() == 2

    def test_a_missing_column_leaves_what_is_there(self):
        run(MUG | {"Vendor": "Harbour", "Tags": "tea", "Image Src": "https://example.com/1.jpg"})
        report = run(csv_file(MUG, header=["Handle", "Title", "Variant Price"]))
        assert counts(report) == (0, 0, 1, 0)

    def test_a_row_that_is_gone_takes_its_variant_along(self):
        row = {"Handle": "mug", "Option1 Value": "L", "Variant Price": "12"}
        run(MUG | {"Option1 Name": "Size", "Option1 Value": "S"}, row)
        run(MUG | {"Option1 Name": "Size", "Option1 Value": "S"})
        assert Variant.objects.get().options == {"Size": "S"}

    def test_newer_column_names_are_known_too(self):
        header = [
            "Title",
            "URL handle",
            "Price",
            "Inventory quantity",
            "Product image URL",
            "Other",
        ]
        report = run(csv_file({"Title": "Mug", "URL handle": "mug", "Price": "2"}, header=header))
        assert counts(report) == (1, 0, 0, 0)


class TestBadRows:
    @pytest.mark.parametrize(
        ("change", "column", "code"),
        [
            ({"Title": ""}, "Title", "REQUIRED"),
            ({"Title": "x" * 300}, "Title", "INVALID"),
            ({"Handle": ""}, "Handle", "REQUIRED"),
            ({"Handle": "not a handle"}, "Handle", "INVALID"),
            ({"Variant Price": "", "Option1 Value": "Default Title"}, "Variant Price", "REQUIRED"),
            ({"Variant Price": "cheap"}, "Variant Price", "INVALID"),
            ({"Variant Price": "-1"}, "Variant Price", "INVALID"),
            ({"Variant Price": "1.234"}, "Variant Price", "INVALID"),
            ({"Variant Price": "1,50"}, "Variant Price", "INVALID"),
            ({"Variant Compare At Price": "x"}, "Variant Compare At Price", "INVALID"),
            ({"Variant Inventory Qty": "-4"}, "Variant Inventory Qty", "INVALID"),
            ({"Variant Inventory Qty": "some"}, "Variant Inventory Qty", "INVALID"),
            ({"Variant Inventory Qty": "99999999999"}, "Variant Inventory Qty", "INVALID"),
            ({"Variant Grams": "heavy"}, "Variant Grams", "INVALID"),
            ({"Variant SKU": "x" * 101}, "Variant SKU", "INVALID"),
            ({"Published": "perhaps"}, "Published", "INVALID"),
            ({"Tags": "x" * 101}, "Tags", "INVALID"),
            ({"Type": "!!!"}, "Type", "INVALID"),
            ({"Option1 Name": "Size"}, "Option1 Value", "REQUIRED"),
            ({"Option1 Value": "Small"}, "Option1 Name", "REQUIRED"),
            ({"Option1 Name": "A", "Option1 Value": "x" * 201}, "Option1 Value", "INVALID"),
            ({"Image Src": "mug.jpg"}, "Image Src", "INVALID"),
            (
                {"Image Src": "https://example.com/1.jpg", "Image Position": "first"},
                "Image Position",
                "INVALID",
            ),
        ],
    )
    def test_each_is_reported_with_line_column_and_code(self, change, column, code):
        other = {"Handle": "jug", "Title": "Jug", "Variant Price": "5"}
        report = run(other, MUG | change)
        assert [(e.line, e.column, e.code) for e in report.errors] == [(3, column, code)]
        assert report.errors[0].message
        assert counts(report) == (1, 0, 0, 1)
        assert Product.objects.get().slug == "jug"
        assert not Category.objects.exists()

    def test_lines_are_those_of_the_file_even_after_texts_of_several_lines(self):
        content = csv_file(
            MUG | {"Body (HTML)": "<p>One\ntwo\r\n\r\nthree</p>", "Variant Price": "5"},
            {"Handle": "jug", "Title": "Jug", "Variant Price": "x"},
        )
        lines = content.split(b"\n")
        (error,) = run(content).errors
        assert lines[error.line - 1].startswith(b"jug,")
        assert error.line == 6

    def test_a_product_with_one_bad_row_is_left_out_whole(self):
        report = run(
            MUG | {"Option1 Name": "Size", "Option1 Value": "S"},
            {"Handle": "mug", "Option1 Value": "L", "Variant Price": "?"},
        )
        assert [(e.line, e.column, e.handle) for e in report.errors] == [
            (3, "Variant Price", "mug")
        ]
        assert not Product.objects.exists()

    def test_all_mistakes_of_a_product_are_reported_at_once(self):
        report = run(
            MUG | {"Title": "", "Option1 Name": "Size", "Option1 Value": "S", "Published": "?"},
            {"Handle": "mug", "Option1 Value": "", "Variant Price": "5"},
            {"Handle": "mug", "Option1 Value": "L", "Variant Price": "x", "Image Src": "?"},
        )
        assert [(e.line, e.column) for e in report.errors] == [
            (2, "Title"),
            (2, "Published"),
            (3, "Option1 Value"),
            (4, "Variant Price"),
            (4, "Image Src"),
        ]

    def test_the_same_option_values_twice(self):
        report = run(
            MUG | {"Option1 Name": "Size", "Option1 Value": "S"},
            {"Handle": "mug", "Option1 Value": "S", "Variant Price": "5"},
        )
        assert [(e.line, e.column, e.code) for e in report.errors] == [
            (3, "Option1 Value", "ALREADY_EXISTS")
        ]

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_a_sku_in_two_products_of_the_file(self, dry_run):
        report = run(
            MUG | {"Variant SKU": "A"},
            {"Handle": "jug", "Title": "Jug", "Variant Price": "5", "Variant SKU": "A"},
            dry_run=dry_run,
        )
        assert counts(report) == (1, 0, 0, 1)
        assert [(e.line, e.column, e.code) for e in report.errors] == [
            (3, "Variant SKU", "ALREADY_EXISTS")
        ]
        assert "line 2" in report.errors[0].message

    def test_a_sku_of_a_product_in_the_shop(self):
        run(MUG | {"Variant SKU": "A"})
        report = run({"Handle": "jug", "Title": "Jug", "Variant Price": "5", "Variant SKU": "A"})
        assert [(e.line, e.column, e.code) for e in report.errors] == [
            (2, "Variant SKU", "ALREADY_EXISTS")
        ]

    def test_a_row_with_neither_variant_nor_picture(self):
        report = run(MUG, {"Handle": "mug"})
        assert [(e.line, e.column, e.code) for e in report.errors] == [
            (3, "Variant Price", "REQUIRED")
        ]

    def test_a_product_of_too_many_rows(self):
        rows = [{"Handle": "mug", "Image Src": "https://example.com/1.jpg"}] * 2_500
        (error,) = run(MUG, *rows).errors
        assert (error.line, error.column, error.code) == (2, "Handle", "INVALID")
        assert run(MUG, *rows[1:]).created == 1

    def test_a_row_with_more_cells_than_the_header(self):
        report = run(b"Handle,Title,Variant Price\nmug,Mug, white,5\njug,Jug,5,\n")
        assert [(e.line, e.column, e.code) for e in report.errors if not e.column] == [
            (2, "", "INVALID")
        ]
        assert counts(report) == (1, 0, 0, 1)

    def test_a_row_with_fewer_cells_has_blanks(self):
        report = run(b"Handle,Title,Variant Price,Tags\nmug,Mug,5\n\n,,,\n")
        assert counts(report) == (1, 0, 0, 0)

    def test_stock_below_what_is_promised_to_orders(self):
        run(MUG | {"Variant Inventory Qty": "5"})
        stock = Variant.objects.get().stock
        stock.allocated = 4
        stock.save()
        (error,) = run(MUG | {"Variant Inventory Qty": "3"}).errors
        assert (error.line, error.column, error.code) == (2, "Variant Inventory Qty", "INVALID")


class TestCost:
    def test_statements_grow_with_products_not_with_rows(self):
        def statements(products: int, rows: int) -> int:
            content = csv_file(
                *[
                    {
                        "Handle": f"p-{products}-{rows}-{product}",
                        "Title": "P" if row == 0 else "",
                        "Type": "Things" if row == 0 else "",
                        "Option1 Name": "Size" if row == 0 else "",
                        "Option1 Value": str(row),
                        "Variant Price": "5",
                        "Variant Inventory Qty": "7",
                        "Image Src": f"https://example.com/{row}.jpg",
                    }
                    for product in range(products)
                    for row in range(rows)
                ]
            )
            with CaptureQueriesContext(connection) as queries:
                assert run(content).created == products
            return len(queries)

        statements(1, 1)  # makes the category
        assert statements(1, 2) == statements(1, 40) <= 30
        assert statements(4, 2) == 4 * statements(1, 3)

    def test_unchanged_products_are_only_read(self):
        run(MUG)
        with CaptureQueriesContext(connection) as queries:
            run(MUG)
        writes = ("INSERT", "UPDATE", "DELETE")
        assert not [q for q in queries if q["sql"].startswith(writes)]
        assert len(queries) <= 12


class TestCommand:
    @pytest.fixture
    def file(self, tmp_path):
        path = tmp_path / "products.csv"
        path.write_bytes(csv_file(MUG))
        return path

    def test_says_what_it_did_and_what_to_do_next(self, file, capsys):
        call_command("import_products", file, "--dry-run")
        out = capsys.readouterr().out
        assert "1 product in 1 row: 1 created" in out
        assert "Nothing was written. Run it without --dry-run" in out
        assert not Product.objects.exists()
        call_command("import_products", file, "--format", "shopify")
        assert "1 created, 0 updated, 0 unchanged, 0 failed." in capsys.readouterr().out
        call_command("import_products", file)
        assert "Nothing was changed: the catalogue holds all" in capsys.readouterr().out

    def test_ends_with_1_when_a_product_failed_and_reports_the_cell(self, file, capsys):
        bad = {"Handle": "jug", "Title": "Jug", "Variant Price": "x"}
        file.write_bytes(csv_file(bad, MUG))
        with pytest.raises(CommandError, match="1 product failed") as caught:
            call_command("import_products", file)
        assert caught.value.returncode == 1
        output = capsys.readouterr()
        assert (
            "line 2, column Variant Price: INVALID A valid number is required. (jug)" in output.err
        )
        assert "1 created, 0 updated, 0 unchanged, 1 failed." in output.out
        assert Product.objects.get().slug == "mug"

    def test_ends_with_2_when_the_file_cannot_be_read(self, file, tmp_path):
        file.write_bytes(b"no,products\n")
        for path in (file, tmp_path / "missing.csv", tmp_path):
            with pytest.raises(CommandError, match="Can't read") as caught:
                call_command("import_products", path)
            assert caught.value.returncode == 2

    def test_reports_progress_of_long_files(self, file, capsys):
        rows = [MUG | {"Handle": f"mug-{number}"} for number in range(150)]
        file.write_bytes(csv_file(*rows))
        call_command("import_products", file)
        assert "100 of 150 products" in capsys.readouterr().err
