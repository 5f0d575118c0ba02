"""What the background jobs of imports do: check each row of a file, and let its products go in.

Both write down what became of a product's rows in the transaction in which it did, and pass by the
products whose rows are written down. So a run goes on where another one was killed, and two at once
do nothing twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.files.storage import storages
from django.db import transaction
from django.db.models import F

from catalog.csv_import import (
    Draft,
    Outcome,
    ProductFile,
    RowError,
    UnreadableFile,
    import_product,
)
from catalog.models import ImportRow, ImportRowError, ProductImport
from tasks.errors import Rejected
from tasks.heartbeat import report_progress
from tasks.transactions import in_transaction

Status = ProductImport.Status

# About how many rows are checked between two writes of what was found.
BATCH = 500
ACTIONS: dict[Outcome, ImportRow.Action | None] = {
    "created": ImportRow.Action.CREATE,
    "updated": ImportRow.Action.UPDATE,
    "unchanged": ImportRow.Action.UNCHANGED,
    "failed": None,
}


def check_rows(*, import_id: int, now: datetime) -> None:
    """Report on each row of a file, by letting its products go in and taking all of it back.

    Raises:
        Rejected: its file can't be read any more.
    """
    product_import = _import_in(import_id, Status.VALIDATING)
    if product_import is None:
        return
    with _products_of(product_import) as products:
        done = 0
        for batch in _batches(products.drafts()):
            _check(product_import, batch, now)
            done += len(batch)
            report_progress(100 * done // products.products)
    ProductImport.objects.filter(pk=import_id, status=Status.VALIDATING).change(
        status=Status.VALIDATED
    )


def apply_rows(*, import_id: int, now: datetime) -> None:
    """Let the products of a reviewed file go in, each in a transaction of its own.

    Each is checked again: the catalogue may have moved. Those that no longer fit are reported
    like those that never did; with ``ABORT``, the first of them ends the run.

    Raises:
        Rejected: its file can't be read any more.
    """
    product_import = _import_in(import_id, Status.COMMITTING)
    if product_import is None:
        return
    with _products_of(product_import) as products:
        for done, draft in enumerate(products.drafts(), start=1):
            if not _apply(product_import, draft, now):
                return
            report_progress(100 * done // products.products)
    ProductImport.objects.filter(pk=import_id, status=Status.COMMITTING).change(
        status=Status.COMMITTED
    )


def _import_in(import_id: int, status: str) -> ProductImport | None:
    """The import, where it is in this state; a repeat of a job finds it in a later one, or gone."""
    return ProductImport.objects.filter(pk=import_id, status=status).first()


@contextmanager
def _products_of(product_import: ProductImport) -> Iterator[ProductFile]:
    encoding = ProductImport.Encoding(product_import.encoding)
    try:
        with storages["imports"].open(product_import.file) as file:
            yield ProductFile(file, encoding=encoding.codec)
    except (FileNotFoundError, UnreadableFile):
        message = "The file can't be read any more. Validate it again."
        raise Rejected("NOT_FOUND", message) from None


def _batches(drafts: Iterator[Draft]) -> Iterator[list[Draft]]:
    batch: list[Draft] = []
    rows = 0
    for draft in drafts:
        batch.append(draft)
        rows += len(draft.skus)
        if rows >= BATCH:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


def _check(product_import: ProductImport, drafts: list[Draft], now: datetime) -> None:
    """Try some products, and write down what came of each, where no other run did meanwhile."""
    tried = {
        line: (draft, *import_product(draft, dry_run=True, reference="dry run", now=now))
        for line, draft in _unreported(product_import, drafts).items()
    }
    with transaction.atomic():
        # Here two runs come one after the other.
        locked = ProductImport.objects.select_for_update(no_key=True).filter(pk=product_import.pk)
        if not locked.filter(status=Status.VALIDATING).values_list("pk").first():
            return
        rows: list[ImportRow] = []
        errors: list[ImportRowError] = []
        counts: Counter[str] = Counter()
        for line in _unreported(product_import, drafts):
            draft, outcome, found = tried[line]
            new = {
                line: ImportRow(
                    product_import=product_import,
                    line=line,
                    handle=draft.handle,
                    sku=sku or None,
                    action=ACTIONS[outcome],
                    status=ImportRow.Status.INVALID if found else ImportRow.Status.VALID,
                )
                for line, sku in draft.skus.items()
            }
            rows += new.values()
            errors += _errors_of(new, found)
            counts["invalid_count" if found else "valid_count"] += len(new)
            counts[f"{outcome}_count"] += 1
        ImportRow.objects.bulk_create(rows, batch_size=BATCH)
        ImportRowError.objects.bulk_create(errors, batch_size=BATCH)
        _count(product_import, counts)


def _unreported(product_import: ProductImport, drafts: list[Draft]) -> dict[int, Draft]:
    """Those of some products whose rows are not written down, by their first lines."""
    by_line = {min(draft.skus): draft for draft in drafts}
    reported = ImportRow.objects.filter(product_import=product_import, line__in=by_line)
    for line in reported.values_list("line", flat=True):
        del by_line[line]
    return by_line


def _apply(product_import: ProductImport, draft: Draft, now: datetime) -> bool:
    """Let a product go in that was found valid, once; whether the next one may come."""
    if draft.mistakes:
        return True

    def apply() -> bool:
        valid = ImportRow.objects.filter(
            product_import=product_import,
            product_import__status=Status.COMMITTING,
            line__in=draft.skus,
            status=ImportRow.Status.VALID,
        )
        # Here two runs come one after the other: the second finds none that are still valid.
        locked = valid.select_for_update(of=("self",), no_key=True).order_by("line")
        rows = {row.line: row for row in locked}
        if not rows:
            return True
        outcome, found = import_product(draft, reference=f"import:{product_import.pk}", now=now)
        ImportRow.objects.filter(pk__in=[row.pk for row in rows.values()]).update(
            action=ACTIONS[outcome],
            status=ImportRow.Status.INVALID if found else ImportRow.Status.APPLIED,
        )
        if not found:
            _count(product_import, Counter({f"{outcome}_count": 1}))
            return True
        ImportRowError.objects.bulk_create(_errors_of(rows, found), batch_size=BATCH)
        counts = Counter({"invalid_count": len(rows), "valid_count": -len(rows)})
        is_over = product_import.on_error == ProductImport.OnError.ABORT
        _count(product_import, counts, **({"status": Status.ABORTED} if is_over else {}))
        return not is_over

    return in_transaction(apply)


def _errors_of(rows: dict[int, ImportRow], found: list[RowError]) -> list[ImportRowError]:
    """What is wrong with the rows of a product, by line; each that is not its fault says whose."""
    errors = [
        ImportRowError(
            row=rows[error.line], field=error.column, code=error.code, message=error.message
        )
        for error in found
    ]
    wrong = {error.line for error in found}
    if wrong:
        message = f"Its product is left out: line {min(wrong)} is wrong."
        errors += [
            ImportRowError(row=row, code="INVALID", message=message)
            for line, row in rows.items()
            if line not in wrong
        ]
    return errors


def _count(product_import: ProductImport, counts: Counter[str], **values: Any) -> None:
    counts.pop("failed_count", None)
    ProductImport.objects.filter(pk=product_import.pk).change(
        **{name: F(name) + count for name, count in counts.items()}, **values
    )
