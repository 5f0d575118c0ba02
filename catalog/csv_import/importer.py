"""Validates the products of a file and saves the good ones, each in a transaction of its own."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Literal, cast

from django.core.exceptions import ValidationError
from django.db import transaction

from catalog.csv_import.shopify import Draft, Shopify
from catalog.csv_import.table import Table, UnreadableFile
from catalog.models import Category, Product, StockMovement
from catalog.serializers import ProductSerializer
from catalog.services.categories import find_or_create_category
from catalog.services.product_data import ProductData
from catalog.services.products import save_product
from tasks.errors import Rejected
from tasks.transactions import in_transaction
from users.validation import rejections

FORMATS = ("auto", "shopify")

Outcome = Literal["created", "updated", "unchanged", "failed"]


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


class ProductFile:
    """A CSV file's products.

    Args:
        file: open for reading bytes.
        file_format: one of ``FORMATS``; ``"auto"`` goes by the header.
        encoding: the file's, a name that Python knows.
        max_rows: how many rows it may have; None: any number.

    Attributes:
        rows: how many it has.
        products: how many those make.

    Raises:
        UnreadableFile: it can't be read as a whole.
    """

    def __init__(
        self,
        file: IO[bytes],
        *,
        file_format: str = "auto",
        encoding: str = "utf-8",
        max_rows: int | None = None,
    ) -> None:
        if file_format not in FORMATS:
            raise UnreadableFile(
                f"There is no format {file_format!r}; there are {', '.join(FORMATS)}."
            )
        self._format = Shopify(Table(file, encoding=encoding, max_rows=max_rows))
        self.rows = self._format.rows
        self.products = self._format.products

    def drafts(self) -> Iterator[Draft]:
        """Each of its products, not validated yet."""
        return self._format.drafts()


def import_products(
    *,
    content: bytes,
    file_format: str = "auto",
    encoding: str = "utf-8",
    dry_run: bool = False,
    max_rows: int | None = None,
    now: datetime,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportReport:
    """Create and update products from a CSV file.

    A product with anything wrong is left out whole; the others go in. What the file says nothing
    of stays as it is: a column that is missing, a blank SKU, type or quantity, a picture
    that was uploaded. A new product is published unless the file says otherwise.

    Args:
        content: the file's bytes.
        file_format: one of ``FORMATS``; ``"auto"`` goes by the header.
        encoding: the file's, a name that Python knows.
        dry_run: check and count everything, write nothing.
        max_rows: how many rows the file may have; None: any number.
        now: the time of the import.
        on_progress: called after each product with how many are done and how many there are.

    Raises:
        UnreadableFile: nothing could be read and nothing was written.
    """
    file = ProductFile(
        io.BytesIO(content), file_format=file_format, encoding=encoding, max_rows=max_rows
    )
    report = ImportReport(rows=file.rows)
    reference = f"import:{uuid.uuid4()}"
    for done, draft in enumerate(file.drafts(), start=1):
        outcome, errors = import_product(draft, dry_run=dry_run, reference=reference, now=now)
        setattr(report, outcome, getattr(report, outcome) + 1)
        report.errors += errors
        on_progress(done, file.products)
    report.errors.sort(key=lambda error: error.line)
    return report


def import_product(
    draft: Draft, *, dry_run: bool = False, reference: str, now: datetime
) -> tuple[Outcome, list[RowError]]:
    """Create or update one product of a file, or leave it out whole.

    Args:
        draft: the product.
        dry_run: write nothing.
        reference: what causes the differences in stock; the same for all of the file.
        now: the time of the import.

    Returns:
        What became of it, and what is wrong with it.
    """
    try:
        if draft.mistakes:
            # The cells' own mistakes too, so that one look at the report is enough.
            raise ValidationError([*draft.mistakes, *_validate(draft, None)[1]])
        return _save(draft, dry_run=dry_run, reference=reference, now=now), []
    except ValidationError as error:
        return "failed", list(_row_errors(draft, error))


def _validate(draft: Draft, product: Product | None) -> tuple[ProductData, list[Rejected]]:
    serializer = ProductSerializer(product, data=draft.data)
    if serializer.is_valid():
        return cast("ProductData", serializer.validated_data), []
    return {}, rejections(serializer.errors)


def _save(draft: Draft, *, dry_run: bool, reference: str, now: datetime) -> Outcome:
    def save() -> Outcome:
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
            keep_files=True,
            now=now,
        )
        if dry_run:
            transaction.set_rollback(True)
        return saved.outcome

    return in_transaction(save)


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
