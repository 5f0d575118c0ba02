"""Validates the products of a file and saves the good ones, each in a transaction of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from django.core.exceptions import ValidationError
from django.db import transaction

from catalog.csv_import.shopify import Draft, Shopify, missing_columns
from catalog.csv_import.table import Table, UnreadableFile, read_table
from catalog.models import Category, Product, StockMovement
from catalog.serializers import ProductSerializer
from catalog.services.categories import find_or_create_category
from catalog.services.product_data import ProductData
from catalog.services.products import save_product
from tasks.errors import Rejected
from users.validation import rejections

FORMATS = ("auto", "shopify")


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with a cell.

    Attributes:
        line: the line of its row in the file, from 1.
        column: the column's name in the file.
        code: as in the APIs: ``REQUIRED``, ``INVALID``, ``NOT_FOUND`` or ``ALREADY_EXISTS``.
        message: what is wrong.
        handle: the product it belongs to; blank where the row names none.
    """

    line: int
    column: str
    code: str
    message: str
    handle: str


@dataclass(slots=True)
class ImportReport:
    """What became of a file: numbers of rows and products, and what was wrong, by line."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    errors: list[RowError] = field(default_factory=list)


def import_products(
    *,
    content: bytes,
    file_format: str = "auto",
    encoding: str = "utf-8",
    dry_run: bool = False,
    now: datetime,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportReport:
    """Create and update products from a CSV file.

    A product with anything wrong is left out whole; the others go in. What the file says nothing
    of stays as it is: a column that is missing, a blank SKU, type or quantity. A new product is
    published unless the file says otherwise.

    Args:
        content: the file's bytes.
        file_format: one of ``FORMATS``; ``"auto"`` goes by the header.
        encoding: the file's, a name that Python knows.
        dry_run: check and count everything, write nothing.
        now: the time of the import.
        on_progress: called after each product with how many are done and how many there are.

    Raises:
        UnreadableFile: nothing could be read and nothing was written.
    """
    table = read_table(content, encoding=encoding)
    drafts = list(_format_of(table, file_format).drafts())
    report = ImportReport(rows=len(table.rows))
    reference = f"import:{uuid.uuid4()}"
    sku_lines: dict[str, int] = {}
    for done, draft in enumerate(drafts, start=1):
        try:
            _check_rows(draft, sku_lines)
            outcome = _save(draft, dry_run=dry_run, reference=reference, now=now)
            setattr(report, outcome, getattr(report, outcome) + 1)
        except ValidationError as error:
            report.failed += 1
            report.errors += _row_errors(draft, error)
        on_progress(done, len(drafts))
    report.errors.sort(key=lambda error: error.line)
    return report


def _format_of(table: Table, file_format: str) -> Shopify:
    if file_format not in FORMATS:
        raise UnreadableFile(f"There is no format {file_format!r}; there are {', '.join(FORMATS)}.")
    if missing := missing_columns(table.header):
        raise UnreadableFile(
            f"This is no product export of Shopify: it lacks {_listed(missing)} among its "
            f"{len(table.header)} columns. Check the first line and that commas separate the cells."
        )
    return Shopify(table)


def _listed(columns: list[str]) -> str:
    return f"the column{'s' if len(columns) > 1 else ''} {', '.join(columns)}"


def _check_rows(draft: Draft, sku_lines: dict[str, int]) -> None:
    """What only the file as a whole can tell: its shape, and SKUs in two products."""
    errors = []
    if not draft.handle:
        errors.append(Rejected("REQUIRED", "A row needs the handle of its product.", field="slug"))
    for line in draft.surplus:
        draft.cells[f"row {line}"] = (line, "")
        message = "The row has more cells than the header. Is a text with commas not quoted?"
        errors.append(Rejected("INVALID", message, field=f"row {line}"))
    own: dict[str, int] = {}
    for index, variant in enumerate(draft.data["variants"]):
        sku = variant.get("sku")
        path = f"variants.{index}.sku"
        if sku in sku_lines:
            message = f"{sku} is a variant of another product at line {sku_lines[sku]}."
            errors.append(Rejected("ALREADY_EXISTS", message, field=path))
        elif sku:
            own.setdefault(sku, draft.cells[path][0])
    sku_lines |= own
    if errors:
        # The cells' own mistakes too, so that one look at the report is enough.
        raise ValidationError([*errors, *_validate(draft, None)[1]])


def _validate(draft: Draft, product: Product | None) -> tuple[ProductData, list[Rejected]]:
    serializer = ProductSerializer(product, data=draft.data)
    if serializer.is_valid():
        return cast("ProductData", serializer.validated_data), []
    return {}, rejections(serializer.errors)


def _save(draft: Draft, *, dry_run: bool, reference: str, now: datetime) -> str:
    with transaction.atomic():
        product = Product.objects.filter(slug=draft.handle).first()
        data, errors = _validate(draft, product)
        if errors:
            raise ValidationError(list(errors))
        if draft.category:
            data["category"] = _category(draft)
        if product is None:
            data.setdefault("is_published", True)
        saved = save_product(
            data=data,
            product=product,
            stock_kind=StockMovement.Kind.IMPORTED,
            reference=reference,
            now=now,
        )
        if dry_run:
            transaction.set_rollback(True)
    return saved.outcome


def _category(draft: Draft) -> Category:
    try:
        return find_or_create_category(name=draft.category)
    except Rejected as error:
        raise Rejected("INVALID", str(error.message), field="categorySlug") from error


def _row_errors(draft: Draft, error: ValidationError) -> Iterator[RowError]:
    """Each cell's mistakes once, wherever in the product they were found."""
    seen = set()
    for rejection in error.error_list:
        line, column = draft.cell(getattr(rejection, "field", ""))
        code = rejection.code or "INVALID"
        if (line, column, code) not in seen:
            seen.add((line, column, code))
            yield RowError(line, column, code, " ".join(rejection.messages), draft.handle)
