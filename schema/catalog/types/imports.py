"""Imports of products and the reports on them, as staff reads them."""

from __future__ import annotations

import graphene
from django.db.models import OuterRef

from catalog import models
from catalog.filters import ImportRowFilterSet
from schema.compiler.mapping import (
    ModelType,
    column,
    connection,
    connection_type,
    embedded,
    one_of,
    to_many,
)
from schema.compiler.readings import Sort
from schema.enumeration import enumeration
from schema.node import Node, global_id

ProductImportStatus = enumeration(
    "ProductImportStatus",
    models.ProductImport.Status,
    "Where an import stands.",
    {
        "VALIDATING": "Its rows are being checked.",
        "VALIDATED": "Its rows are checked; it can be committed.",
        "COMMITTING": "Its products are going in.",
        "COMMITTED": "It is done; its rows tell what became of each.",
        "ABORTED": "A product did not fit any more; it and those after it stayed out.",
    },
)
ImportRowStatus = enumeration(
    "ImportRowStatus",
    models.ImportRow.Status,
    "What becomes of a row.",
    {
        "VALID": "It can go in.",
        "INVALID": "It is left out, with its whole product; its errors say why.",
        "APPLIED": "It has gone in.",
    },
)
ImportRowAction = enumeration(
    "ImportRowAction",
    models.ImportRow.Action,
    "What a row's product asks of the catalogue.",
    {
        "CREATE": "It is new.",
        "UPDATE": "It differs from what the catalogue has.",
        "UNCHANGED": "The catalogue has it like this already.",
    },
)


class ImportRowError(ModelType):
    """What is wrong with a cell of an imported row."""

    class Meta:
        model = models.ImportRowError

    field = column(graphene.String, "The cell's column; empty where the row as a whole is meant.")
    code = column(graphene.String, "REQUIRED, INVALID, NOT_FOUND or ALREADY_EXISTS, for example.")
    message = column(graphene.String, "What is wrong and what to do.")


class ImportRow(ModelType):
    """A row of an imported file, and what becomes of it."""

    class Meta:
        model = models.ImportRow

    line = column(graphene.Int, "Its first line in the file, from 1.")
    handle = column(graphene.String, "Its product's handle; empty where it names none.")
    sku = column(graphene.String, "Its variant's SKU; null where it names none.", required=False)
    action = column(
        ImportRowAction,
        "What its product asks of the catalogue; null where it is invalid.",
        required=False,
    )
    status = column(ImportRowStatus, "What becomes of it.")
    errors = to_many(
        ImportRowError, "What is wrong with it.", relation="errors", order_by=("id",), part=True
    )


ImportRowConnection = connection_type(lambda: ImportRow, "ImportRow")
IMPORT_ROW_SORTS = {"LINE": Sort(("line", "id"), ("bigint", "bigint"))}


class ImportCounts(graphene.ObjectType):
    """How much of a file there is, and what becomes of it. Each grows while a job is at it."""

    rows = graphene.Int(required=True, description="Rows of the file.")
    valid = graphene.Int(required=True, description="Rows that can go in, or have.")
    invalid = graphene.Int(required=True, description="Rows that are left out.")
    created = graphene.Int(
        required=True,
        description="Products that committing it would create; from then on, that it has created.",
    )
    updated = graphene.Int(required=True, description="Products that it changes, likewise.")
    unchanged = graphene.Int(
        required=True, description="Products that the catalogue has like this already, likewise."
    )


class ProductImport(ModelType):
    """A file of products that was sent for review, and then perhaps committed."""

    class Meta:
        model = models.ProductImport
        interfaces = (Node,)

    id = global_id()
    status = column(ProductImportStatus, "Where it stands.")
    file_name = column(graphene.String, "What its sender calls the file; may be empty.")
    file_hash = column(
        graphene.String, "SHA-256 of the file, in hexadecimal digits; what to commit it by."
    )
    created_at = column(graphene.DateTime, "When the file was sent.")
    committed_at = column(
        graphene.DateTime, "When somebody committed it; null before.", required=False
    )
    counts = embedded(
        ImportCounts,
        "How many rows and products it has, and what becomes of them.",
        rows="row_count",
        valid="valid_count",
        invalid="invalid_count",
        created="created_count",
        updated="updated_count",
        unchanged="unchanged_count",
    )
    rows = connection(
        ImportRowConnection,
        "Its rows by line, as far as they are checked.",
        relation="rows",
        sorts=IMPORT_ROW_SORTS,
        filterset=ImportRowFilterSet,
        part=True,
        status=ImportRowStatus(description="Only those of which this becomes."),
    )


class ProductImportUpdate(ModelType):
    """A change of an import, as it comes."""

    class Meta:
        model = models.ProductImport

    sequence = column(
        graphene.Int, "Counts the import's changes; what to send as `after`.", source="version"
    )
    product_import = one_of(
        lambda: ProductImport,
        "The import as it is now.",
        rows=lambda rows: rows.filter(pk=OuterRef("pk")),
    )
