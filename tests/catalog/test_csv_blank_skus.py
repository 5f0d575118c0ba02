"""An import of a file whose owner never filled in SKUs and types."""

from __future__ import annotations

from pathlib import Path

from catalog.csv_import import import_products
from catalog.models import Category, Product, Variant
from tests.catalog.test_csv_import import NOON, counts, everything


class TestAFileWithoutSkusAndTypes:
    """``blank_skus.csv``, as shops export that never filled those columns in."""

    CONTENT = (Path(__file__).parent / "fixtures" / "blank_skus.csv").read_bytes()
    # By handle: name, text, vendor, tags, whether it is published.
    PRODUCTS = {
        "pebble-ring": (
            "Pebble Ring",
            "<p>A river stone on brass.</p>",
            "Brook & Daughter",
            ["brass", "ring"],
            True,
        ),
        "rain-cape": (
            "Rain Cape",
            "<p>Waxed cotton, taped seams.</p>",
            "Brook & Daughter",
            ["cape", "rain"],
            True,
        ),
        "tea-towel": ("Tea Towel", "<p>Half linen.</p>", "Looms of Leigh", ["kitchen"], True),
        "wall-hook": ("Wall Hook", "", "Looms of Leigh", [], True),
        "old-lantern": (
            "Old Lantern",
            "<p>No longer made.</p>",
            "Brook & Daughter",
            ["lamp"],
            False,
        ),
        "felt-mat": ("Felt Mat", "<p>Wool felt.</p>", "Looms of Leigh", ["felt", "floor"], True),
        "paper-stars": (
            "Paper Stars",
            "<p>Ten of them.</p>",
            "Looms of Leigh",
            ["paper", "winter"],
            True,
        ),
    }
    # By handle: option values, price, price before, stock, grams.
    VARIANTS = {
        "pebble-ring": [({}, "24.00", None, 7, 15)],
        "rain-cape": [
            ({"Size": "Short", "Colour": "Moss"}, "89.00", "99.00", 3, 640),
            ({"Size": "Short", "Colour": "Slate"}, "89.00", "99.00", 0, 640),
            ({"Size": "Long", "Colour": "Moss"}, "97.50", None, 5, 780),
            ({"Size": "Long", "Colour": "Slate"}, "97.50", None, 11, 780),
        ],
        "tea-towel": [({}, "9.50", None, 40, 120)],
        "wall-hook": [
            ({"Metal": "Brass"}, "14.00", None, 2, 90),
            ({"Metal": "Iron"}, "12.00", None, 6, 110),
        ],
        "old-lantern": [({}, "55.00", "70.00", 1, 900)],
        "felt-mat": [
            ({"Shape": "Round", "Width": "60 cm", "Edge": "Plain"}, "32.00", None, 4, 400),
            ({"Shape": "Round", "Width": "90 cm", "Edge": "Plain"}, "48.00", "52.00", 4, 850),
            ({"Shape": "Square", "Width": "60 cm", "Edge": "Stitched"}, "34.00", None, 0, 420),
            ({"Shape": "Square", "Width": "90 cm", "Edge": "Stitched"}, "50.00", None, 9, 880),
        ],
        "paper-stars": [({}, "6.25", None, 25, 30)],
    }
    # By handle: file name and alternative text.
    PICTURES = {
        "pebble-ring": [("pebble-1", "On a hand"), ("pebble-2", ""), ("pebble-3", "In its box")],
        "rain-cape": [
            ("cape-moss", "Moss"),
            ("cape-slate", "Slate"),
            ("cape-back", ""),
            ("cape-seam", "A taped seam"),
        ],
        "tea-towel": [("towel", "")],
        "wall-hook": [("hook", "Both metals")],
        "old-lantern": [("lantern-1", "Lit"), ("lantern-2", "Unlit")],
        "felt-mat": [("mat-1", "Round"), ("mat-2", "Square"), ("mat-3", "")],
        "paper-stars": [],
    }

    def test_arrives_cell_by_cell(self):
        report = import_products(content=self.CONTENT, now=NOON)
        assert (report.errors, counts(report), report.rows) == ([], (7, 0, 0, 0), 19)
        assert not Category.objects.exists()
        assert not Variant.objects.exclude(sku=None).exists()
        products = Product.objects.in_bulk(field_name="slug")
        assert {
            slug: (each.name, each.description, each.vendor, each.tags, each.is_published)
            for slug, each in products.items()
        } == self.PRODUCTS
        for slug, product in products.items():
            assert [
                (
                    each.options,
                    str(each.price),
                    each.compare_at_price and str(each.compare_at_price),
                    each.stock.on_hand,
                    each.weight,
                )
                for each in product.variants.select_related("stock").order_by("position")
            ] == self.VARIANTS[slug]
            assert [(each.url, each.alt) for each in product.media.order_by("position")] == [
                (f"https://example.com/{name}.jpg", alt) for name, alt in self.PICTURES[slug]
            ]

    def test_changes_nothing_when_it_comes_again(self):
        import_products(content=self.CONTENT, now=NOON)
        before = everything()
        assert counts(import_products(content=self.CONTENT, now=NOON)) == (0, 0, 7, 0)
        assert everything() == before
