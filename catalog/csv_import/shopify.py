"""Shopify's product CSV: several rows a product, each with a variant, a picture or both.

The first row of a handle carries what belongs to the product. A blank SKU is left out: such a
variant is known by its option values. ``Title / Default Title`` says that there are no options.

A product is made as soon as its last row is read, which a first walk through the file has found:
in memory are the rows of the products that have begun and not ended, in an export those of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from catalog.csv_import.table import Row, Table, UnreadableFile
from tasks.errors import Rejected

# Each column by the names it has had in Shopify's exports.
NAMES = {
    "handle": ("Handle", "URL handle"),
    "title": ("Title",),
    "body": ("Body (HTML)", "Body HTML", "Description"),
    "vendor": ("Vendor",),
    "type": ("Type",),
    "tags": ("Tags",),
    "published": ("Published", "Published on online store"),
    "status": ("Status",),
    "option1 name": ("Option1 Name",),
    "option1 value": ("Option1 Value",),
    "option2 name": ("Option2 Name",),
    "option2 value": ("Option2 Value",),
    "option3 name": ("Option3 Name",),
    "option3 value": ("Option3 Value",),
    "sku": ("Variant SKU", "SKU"),
    "grams": ("Variant Grams", "Weight value (grams)"),
    "quantity": ("Variant Inventory Qty", "Inventory quantity"),
    "price": ("Variant Price", "Price"),
    "compare at": ("Variant Compare At Price", "Compare-at price"),
    "image": ("Image Src", "Product image URL"),
    "image position": ("Image Position",),
    "image alt": ("Image Alt Text",),
}
REQUIRED = ("handle", "title", "price")
# A row with any of these is a variant; one with a picture only is not.
OF_VARIANT = ("option1 value", "option2 value", "option3 value", "sku", "quantity", "price")
OPTIONS = (1, 2, 3)
# As many as there can be variants and pictures.
MAX_ROWS_OF_PRODUCT = 2_500

Cell = tuple[int, str]


@dataclass(slots=True)
class Draft:
    """A product as the file has it, not validated yet.

    Attributes:
        handle: which rows belong together; becomes the slug.
        data: input for ``catalog.serializers.ProductSerializer``.
        category: the name of its category, or blank.
        cells: where in the file (line, column) each path of the data comes from.
        skus: the SKU of each of its lines, or blank.
        mistakes: what only the file can tell is wrong.
    """

    handle: str
    data: dict[str, Any]
    category: str
    cells: dict[str, Cell]
    skus: dict[int, str]
    mistakes: list[Rejected] = field(default_factory=list)

    def cell(self, path: str) -> Cell:
        """Where ``path`` (``"variants.2.price"``), or what it is a part of, comes from."""
        while path and path not in self.cells:
            path = path.rpartition(".")[0]
        return self.cells[path]


class Shopify:
    """Makes products of a table's rows.

    Args:
        table: of any columns.

    Attributes:
        rows: how many it has.
        products: how many those make.

    Raises:
        UnreadableFile: the table lacks columns that are needed, or can't be read to its end.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.columns = find_columns(table.header)
        if missing := missing_columns(table.header):
            raise UnreadableFile(
                f"This is no product export of Shopify: it lacks {_listed(missing)} among its "
                f"{len(table.header)} columns. Check the first line and that commas separate the "
                "cells."
            )
        self.rows = 0
        self._last_lines: dict[str, int] = {}
        for self.rows, row in enumerate(table.rows(), start=1):
            self._last_lines[self._key(row)] = row.line
        self.products = len(self._last_lines)

    def drafts(self) -> Iterator[Draft]:
        """Each product of the file, in the order of their last rows."""
        begun: dict[str, list[Row]] = {}
        sku_lines: dict[str, int] = {}
        for row in self.table.rows():
            key = self._key(row)
            begun.setdefault(key, []).append(row)
            if row.line == self._last_lines[key]:
                draft = self._draft(begun.pop(key))
                self._find_repeated_skus(draft, sku_lines)
                yield draft

    def _key(self, row: Row) -> str:
        """What the rows of a product share; a row without a handle belongs to nothing."""
        return self.get(row, "handle") or f"\n{row.line}"

    def _find_repeated_skus(self, draft: Draft, sku_lines: dict[str, int]) -> None:
        """Find SKUs that a product before had; note its own."""
        own: dict[str, int] = {}
        for index, variant in enumerate(draft.data["variants"]):
            sku = variant.get("sku")
            path = f"variants.{index}.sku"
            if sku in sku_lines:
                message = f"{sku} is a variant of another product at line {sku_lines[sku]}."
                draft.mistakes.append(Rejected("ALREADY_EXISTS", message, field=path))
            elif sku:
                own.setdefault(sku, draft.cells[path][0])
        sku_lines |= own

    def get(self, row: Row, name: str) -> str:
        """A cell's text; blank where the file doesn't have the column."""
        column = self.columns.get(name)
        return row.cells.get(column, "") if column else ""

    def _column(self, name: str) -> str:
        return self.columns.get(name, NAMES[name][0])

    def _draft(self, rows: list[Row]) -> Draft:
        first = rows[0]
        skus = {row.line: self.get(row, "sku") for row in rows}
        surplus = [row.line for row in rows if row.surplus]
        is_too_long = len(rows) > MAX_ROWS_OF_PRODUCT
        rows = rows[:MAX_ROWS_OF_PRODUCT]
        draft = Draft(
            handle=self.get(first, "handle"),
            data={"slug": self.get(first, "handle")},
            category=self._of_product(rows, "type")[0],
            cells={"": (first.line, self._column("handle"))},
            skus=skus,
        )
        if not draft.handle:
            message = "A row needs the handle of its product."
            draft.mistakes.append(Rejected("REQUIRED", message, field="slug"))
        if is_too_long:
            message = f"A product has at most {MAX_ROWS_OF_PRODUCT} rows."
            draft.mistakes.append(Rejected("INVALID", message, field="slug"))
        for line in surplus:
            draft.cells[f"row {line}"] = (line, "")
            message = "The row has more cells than the header. Is a text with commas not quoted?"
            draft.mistakes.append(Rejected("INVALID", message, field=f"row {line}"))
        for path, name in {
            "name": "title",
            "description": "body",
            "vendor": "vendor",
            "isPublished": "published",
            "tags": "tags",
            "categorySlug": "type",
        }.items():
            draft.cells[path] = (self._of_product(rows, name)[1], self._column(name))
        self._add_fields(draft, rows)
        self._add_variants(draft, rows)
        if "image" in self.columns:
            self._add_media(draft, rows)
        return draft

    def _of_product(self, rows: list[Row], name: str) -> tuple[str, int]:
        """The first row's text, or the first one there is, and its line."""
        for row in rows:
            if text := self.get(row, name):
                return text, row.line
        return "", rows[0].line

    def _add_fields(self, draft: Draft, rows: list[Row]) -> None:
        if title := self._of_product(rows, "title")[0]:
            draft.data["name"] = title
        for key, name in {"description": "body", "vendor": "vendor"}.items():
            if name in self.columns:
                draft.data[key] = self._of_product(rows, name)[0]
        if "tags" in self.columns:
            tags = self._of_product(rows, "tags")[0].split(",")
            draft.data["tags"] = [tag.strip() for tag in tags if tag.strip()]
        if published := self._of_product(rows, "published")[0]:
            draft.data["is_published"] = published
        if self._of_product(rows, "status")[0].lower() not in {"", "active"}:
            draft.data["is_published"] = False

    def _add_variants(self, draft: Draft, rows: list[Row]) -> None:
        of_variants = [
            row
            for row in rows
            if any(self.get(row, name) for name in OF_VARIANT) or not self.get(row, "image")
        ]
        options = self._options(draft, rows, of_variants)
        variants = draft.data["variants"] = []
        for index, row in enumerate(of_variants):
            path = f"variants.{index}"
            draft.cells[path] = (row.line, self._column("price"))
            variant: dict[str, Any] = {}
            for key, api_key, name in [
                ("sku", "sku", "sku"),
                ("price", "price", "price"),
                ("stock", "stock", "quantity"),
                ("weight", "weight", "grams"),
                ("compare_at_price", "compareAtPrice", "compare at"),
            ]:
                draft.cells[f"{path}.{api_key}"] = (row.line, self._column(name))
                if text := self.get(row, name):
                    variant[key] = text
            if "compare at" in self.columns:
                variant.setdefault("compare_at_price", None)
            draft.cells[f"{path}.options"] = (row.line, self._column("option1 value"))
            variant["options"] = []
            for place, (number, name) in enumerate(options.items()):
                option = f"{path}.options.{place}"
                draft.cells[option] = (row.line, self._column(f"option{number} value"))
                draft.cells[f"{option}.name"] = draft.cells[f"options.{place}.name"]
                value = self.get(row, f"option{number} value")
                variant["options"].append({"name": name, "value": value})
            variants.append(variant)

    def _options(self, draft: Draft, rows: list[Row], of_variants: list[Row]) -> dict[int, str]:
        """The options' names by their number in the file; also adds them to the draft."""
        options: dict[int, str] = {}
        draft.data["options"] = []
        for number in OPTIONS:
            name, line = self._of_product(rows, f"option{number} name")
            values = [self.get(row, f"option{number} value") for row in of_variants]
            values = list(dict.fromkeys(value for value in values if value))
            if name in {"", "Title"} and values in ([], ["Default Title"]):
                continue
            if name or values:
                path = f"options.{len(options)}"
                draft.cells[path] = (rows[0].line, self._column(f"option{number} value"))
                draft.cells[f"{path}.name"] = (line, self._column(f"option{number} name"))
                draft.data["options"].append({"name": name, "values": values})
                options[number] = name
        return options

    def _add_media(self, draft: Draft, rows: list[Row]) -> None:
        media: dict[str, dict[str, Any]] = {}
        for row in rows:
            url = self.get(row, "image")
            if not url or url in media:
                continue
            path = f"media.{len(media)}"
            draft.cells[path] = draft.cells[f"{path}.url"] = (row.line, self._column("image"))
            draft.cells[f"{path}.alt"] = (row.line, self._column("image alt"))
            draft.cells[f"{path}.position"] = (row.line, self._column("image position"))
            media[url] = {"url": url, "alt": self.get(row, "image alt")}
            if position := self.get(row, "image position"):
                media[url]["position"] = position
        draft.data["media"] = list(media.values())


def find_columns(header: list[str]) -> dict[str, str]:
    """The header's own spelling of each known column that it has."""
    own = {name.casefold(): name for name in header}
    return {
        key: own[name.casefold()]
        for key, names in NAMES.items()
        for name in reversed(names)
        if name.casefold() in own
    }


def missing_columns(header: list[str]) -> list[str]:
    """The required columns that the header lacks."""
    columns = find_columns(header)
    return [NAMES[key][0] for key in REQUIRED if key not in columns]


def _listed(columns: list[str]) -> str:
    return f"the column{'s' if len(columns) > 1 else ''} {', '.join(columns)}"
