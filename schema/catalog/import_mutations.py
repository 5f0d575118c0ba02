"""What staff may do with files of products: thin doors to the services."""

from __future__ import annotations

from typing import Any

import graphene

from catalog import models
from catalog.services.imports import commit_import, validate_import
from schema.catalog.types.imports import ProductImport
from schema.compiler.ids import row_key
from schema.enumeration import enumeration
from schema.mutation import Context, Made, entities, entity, mutation
from schema.scalars import Upload
from schema.tasks.types import Job
from tasks import models as jobs
from users.permissions import HasPermission

ImportEncoding = enumeration(
    "ImportEncoding",
    models.ProductImport.Encoding,
    "How the bytes of a file make text.",
    {
        "UTF_8": "As almost all programs write it.",
        "UTF_16": 'Excel\'s "Unicode text".',
        "WINDOWS_1252": "Excel's CSV in western Europe and America.",
        "MAC_ROMAN": "Excel's CSV on old Macs.",
    },
)
ImportOnError = enumeration(
    "ImportOnError",
    models.ProductImport.OnError,
    "What to do about what is wrong with a file.",
    {
        "ABORT": "Refuse a file with invalid rows. Should a product no longer fit the catalogue "
        "while they go in, it and those after it stay out.",
        "SKIP": "Leave it out.",
    },
)


class ProductImportValidateInput(graphene.InputObjectType):
    """A file of products to review."""

    file = Upload(
        required=True,
        description="A product export of Shopify: CSV with the columns Handle, Title and Variant "
        "Price at least.",
    )
    encoding = ImportEncoding(description="How its bytes make text; by default UTF_8.")
    idempotency_key = graphene.String(
        description="A random text of the client's; the same again makes no second import."
    )


class ProductImportCommitInput(graphene.InputObjectType):
    """A reviewed file whose products are to go in."""

    import_id = graphene.ID(required=True, description="The import.")
    file_hash = graphene.String(
        required=True, description="The `fileHash` of the import that was reviewed."
    )
    on_error = ImportOnError(
        description="What to do about what is wrong with it; by default ABORT."
    )
    idempotency_key = graphene.String(
        description="A random text of the client's; the same again answers as the first time."
    )


@mutation(
    ProductImportValidateInput,
    "Send a file of products for review. A job reports on each of its rows; the catalogue stays as "
    "it is.",
    product_import=entity(ProductImport, "The import."),
    jobs=entities(lambda: Job, "The job that checks its rows."),
    permission=HasPermission("catalog.add_productimport"),
)
def product_import_validate(context: Context, given: Any) -> Made:
    """``validate_import``."""
    made = validate_import(
        viewer=context.viewer,
        file=given["file"],
        encoding=(given.get("encoding") or models.ProductImport.Encoding.UTF_8).value,
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    return _made(*made)


@mutation(
    ProductImportCommitInput,
    "Have the products of a reviewed file go in: those that were found valid, each checked again.",
    product_import=entity(ProductImport, "The import."),
    jobs=entities(lambda: Job, "The job that lets its products go in."),
    permission=HasPermission("catalog.change_productimport"),
)
def product_import_commit(context: Context, given: Any) -> Made:
    """``commit_import``."""
    made = commit_import(
        viewer=context.viewer,
        import_id=row_key(given["import_id"], "ProductImport"),
        file_hash=given["file_hash"],
        on_error=(given.get("on_error") or models.ProductImport.OnError.ABORT).value,
        idempotency_key=given.get("idempotency_key"),
        now=context.now,
    )
    return _made(*made)


def _made(import_id: int, job: jobs.Job | None) -> Made:
    return Made(product_import=import_id, jobs=[job] if job else [])


class ImportMutations:
    """Root fields."""

    product_import_validate = product_import_validate
    product_import_commit = product_import_commit
