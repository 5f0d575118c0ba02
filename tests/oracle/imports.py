"""Imports of products, as the oracle makes and reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.models import ImportRow, ImportRowError, ProductImport
from tests.oracle.accounts import parts_of
from tests.oracle.fields import Asking, columns, failed, first_of, global_id, resolver
from tests.oracle.pages import Order, Page, page_of
from tests.oracle.pieces import Pieces
from tests.oracle.shop import Rows
from users.models import User

global_id("ProductImport")
columns("ProductImport", "status file_name file_hash created_at committed_at")
columns("ImportCounts", "rows valid invalid created updated unchanged")
columns("ImportRow", "line handle sku action status")
columns("ImportRowError", "field code message")


def make_imports(pieces: Pieces, users: Sequence[User]) -> None:
    """Imports in every state, with rows that share lines with those of others."""
    imports = ProductImport.objects.bulk_create(
        ProductImport(
            actor=pieces.random.choice([None, *users]),
            file=f"{pieces.number()}.csv",
            file_name=pieces.text(),
            file_hash=f"{pieces.number():064x}",
            status=status,
            on_error="" if status.startswith("VALID") else "SKIP",
            row_count=20,
            valid_count=pieces.random.randint(0, 10),
            invalid_count=pieces.random.randint(0, 10),
            created_count=pieces.random.randint(0, 10),
            updated_count=pieces.random.randint(0, 10),
            unchanged_count=pieces.random.randint(0, 10),
            created_at=pieces.time(),
            committed_at=pieces.maybe(pieces.time()),
        )
        for status in ProductImport.Status.values
    )
    rows = ImportRow.objects.bulk_create(
        ImportRow(
            product_import=product_import,
            line=line + 2,
            handle=pieces.text(),
            sku=pieces.maybe(pieces.text(blank=False)),
            action=None if status == "INVALID" else pieces.random.choice(ImportRow.Action.values),
            status=status,
        )
        for product_import in imports
        for line in pieces.some(8)
        for status in [pieces.random.choice(ImportRow.Status.values)]
    )
    ImportRowError.objects.bulk_create(
        ImportRowError(row=row, field=pieces.text(), code="INVALID", message=pieces.text())
        for row in rows
        if row.status == "INVALID"
        for _ in pieces.some(3)
    )


@resolver("ProductImport.counts")
def counts(product_import: Any, asking: Asking) -> dict[str, int]:
    names = ("valid", "invalid", "created", "updated", "unchanged")
    counted = {name: getattr(product_import, f"{name}_count") for name in names}
    return {"rows": product_import.row_count, **counted}


@resolver("ProductImport.rows")
def rows(product_import: Any, asking: Asking, status: Any = None, **page: Any) -> Page:
    wanted = getattr(status, "name", status)
    found = [
        row
        for row in asking.shop.of(ImportRow, product_import=product_import.pk)
        if wanted is None or row.status == wanted
    ]
    ordered = sorted(asking.shop.rows(ImportRow), key=lambda row: (row.line, row.pk))
    order = Order("ImportRowConnection:LINE", {row.pk: at for at, row in enumerate(ordered)})
    return page_of(asking, found, order, **page)


@resolver("ImportRow.errors")
def errors(row: Any, asking: Asking, first: int | None = None) -> Rows:
    return first_of(asking.shop.of(ImportRowError, row=row.pk), first)


@resolver("Query.productImport")
def product_import(_: Any, asking: Asking, id: str) -> Any:  # noqa: A002 - the argument's name
    if not asking.viewer.may("catalog.view_productimport"):
        raise failed("FORBIDDEN" if asking.viewer.user_id else "UNAUTHENTICATED")
    type_name, key = parts_of(id)
    found = [
        row
        for row in asking.shop.rows(ProductImport)
        if (type_name, key) == ("ProductImport", str(row.pk))
    ]
    return next(iter(asking.sees(ProductImport, found)), None)
