"""Files of products: taken in for review, committed as they were reviewed, removed in the end.

What takes time, `catalog.services.import_runs` does in background jobs.
"""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import storages
from django.db import Error, transaction

from catalog.csv_import import ProductFile, UnreadableFile
from catalog.models import ImportRow, ProductImport
from catalog.services.creation import create_once
from tasks.cleanup import delete_in_batches
from tasks.dispatch import enqueue
from tasks.errors import Rejected
from tasks.idempotency import once
from tasks.models import Job
from users.viewer import Viewer

VALIDATE = "catalog.validate_import"
COMMIT = "catalog.commit_import"

Encoding = ProductImport.Encoding
OnError = ProductImport.OnError
Status = ProductImport.Status


def validate_import(
    *,
    viewer: Viewer,
    file: Any,
    encoding: str = Encoding.UTF_8,
    idempotency_key: str | None = None,
    now: datetime,
) -> tuple[int, Job | None]:
    """Take in a file of products for review; a job reports on each of its rows.

    Nothing of the catalogue is changed.

    Args:
        viewer: who sends it.
        file: what was sent, open for reading bytes.
        encoding: one of ``ProductImport.Encoding``.
        idempotency_key: a repeat with the same key and file makes no second import.

    Returns:
        The import's primary key, and the job, unless a repeat comes so late that it is deleted.

    Raises:
        Rejected: ``INVALID`` on ``file`` where it is too large or can't be read as a whole, or on
            ``encoding``; ``IDEMPOTENCY_CONFLICT``.
    """
    if encoding not in Encoding:
        message = f"There is no such encoding; there are {', '.join(Encoding)}."
        raise Rejected("INVALID", message, field="encoding")
    rows = _count_rows(file, Encoding(encoding))
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()

    made: list[int] = []

    def create() -> int:
        created = ProductImport.objects.create(
            actor_id=viewer.user_id,
            file=name,
            file_name=_printable(getattr(file, "name", "")),
            file_hash=digest,
            encoding=encoding,
            row_count=rows,
            created_at=now,
        )
        made.append(created.pk)
        enqueue(VALIDATE, key=_key(created.pk), queue=Job.Queue.BULK, import_id=created.pk)
        return created.pk

    with _stored(file) as name:
        import_id = create_once(
            ProductImport,
            create,
            viewer=viewer,
            operation="productImportValidate",
            key=idempotency_key,
            given={"file": digest, "encoding": encoding},
        )
        if not made:
            storages["imports"].delete(name)
    return import_id, _job(VALIDATE, import_id)


def commit_import(
    *,
    viewer: Viewer,
    import_id: int,
    file_hash: str,
    on_error: str = OnError.ABORT,
    idempotency_key: str | None = None,
    now: datetime,
) -> tuple[int, Job | None]:
    """Have the products of a reviewed file go in, by a job; exactly those that were found valid.

    Args:
        viewer: who commits it.
        import_id: an import's primary key.
        file_hash: of the file that was reviewed.
        on_error: one of ``ProductImport.OnError``: with ``ABORT`` a file with anything wrong is
            refused, and should a product no longer fit the catalogue, those after it stay out;
            with ``SKIP`` whatever is wrong is left out.
        idempotency_key: a repeat with the same key answers as the first.

    Returns:
        The import's primary key, and the job, unless a repeat comes so late that it is deleted.

    Raises:
        Rejected: ``NOT_FOUND`` or, where it is not validated yet or was committed before,
            ``INVALID_TRANSITION`` on ``importId``; ``INVALID`` on ``importId`` where no row can go
            in, on ``fileHash`` where that is another file's, and on ``onError`` for invalid rows;
            ``IDEMPOTENCY_CONFLICT``.
    """
    if on_error not in OnError:
        message = f"There is no such choice; there are {', '.join(OnError)}."
        raise Rejected("INVALID", message, field="onError")

    def effect() -> dict[str, Any]:
        _check_commit(_locked(viewer, import_id), file_hash=file_hash, on_error=on_error)
        ProductImport.objects.filter(pk=import_id).change(
            status=Status.COMMITTING,
            on_error=on_error,
            created_count=0,
            updated_count=0,
            unchanged_count=0,
            committed_at=now,
        )
        enqueue(COMMIT, key=_key(import_id), queue=Job.Queue.BULK, import_id=import_id)
        return {"import": import_id}

    with transaction.atomic():
        once(
            actor=f"user:{viewer.user_id}",
            operation="productImportCommit",
            key=idempotency_key,
            request={"import": import_id, "file": file_hash, "on_error": on_error},
            effect=effect,
        )
    return import_id, _job(COMMIT, import_id)


def delete_old_imports(*, now: datetime) -> int:
    """Delete imports that have served their time, with their files and reports; how many.

    The file goes first: a row that names no file any more is found again the next time, a file
    that no row names never.
    """
    old = ProductImport.objects.filter(created_at__lt=now - settings.IMPORT_RETENTION)
    files = old.exclude(file="").order_by("pk").values_list("pk", "file")
    for pk, name in files.iterator():
        storages["imports"].delete(name)
        delete_in_batches(ImportRow.objects.filter(product_import=pk).order_by("pk"))
    return delete_in_batches(old.order_by("pk"))


def _count_rows(file: Any, encoding: ProductImport.Encoding) -> int:
    """How many rows a file has that can be read to its end."""
    file.seek(0, io.SEEK_END)
    if file.tell() > settings.IMPORT_MAX_BYTES:
        message = f"The file is larger than {settings.IMPORT_MAX_BYTES} bytes. Divide it."
        raise Rejected("INVALID", message, field="file")
    try:
        rows = ProductFile(file, encoding=encoding.codec, max_rows=settings.IMPORT_MAX_ROWS).rows
    except UnreadableFile as error:
        raise Rejected("INVALID", str(error), field="file") from None
    if not rows:
        message = "The file has no rows below its first line."
        raise Rejected("INVALID", message, field="file")
    return rows


def _check_commit(product_import: ProductImport, *, file_hash: str, on_error: str) -> None:
    """That an import may be committed so."""
    if product_import.status == Status.VALIDATING:
        message = "Its rows are still being checked. Wait for that, and review them."
        raise Rejected("INVALID_TRANSITION", message, field="importId")
    if product_import.status != Status.VALIDATED:
        message = "It was committed already. To import the file again, validate it again."
        raise Rejected("INVALID_TRANSITION", message, field="importId")
    if file_hash != product_import.file_hash:
        message = "This is the hash of another file. Give the one of the import that you reviewed."
        raise Rejected("INVALID", message, field="fileHash")
    if not product_import.valid_count:
        message = "None of its rows can go in. Mend the file and validate it again."
        raise Rejected("INVALID", message, field="importId")
    if product_import.invalid_count and on_error == OnError.ABORT:
        message = (
            f"{product_import.invalid_count} of {product_import.row_count} rows are invalid. Mend "
            "the file and validate it again, or have them left out by SKIP."
        )
        raise Rejected("INVALID", message, field="onError")


def _locked(viewer: Viewer, import_id: int) -> ProductImport:
    visible = ProductImport.objects.visible_to(viewer).select_for_update(no_key=True)
    product_import = visible.filter(pk=import_id).first()
    if product_import is None:
        raise Rejected("NOT_FOUND", "There is no such import.", field="importId")
    return product_import


def _key(import_id: int) -> str:
    """An import is validated once and committed once."""
    return f"import:{import_id}"


def _job(kind: str, import_id: int) -> Job | None:
    return Job.objects.filter(kind=kind, key=_key(import_id)).first()


def _printable(name: str) -> str:
    return "".join(filter(str.isprintable, name))[:255]


@contextmanager
def _stored(file: Any) -> Iterator[str]:
    """A copy of a file under a random name; deleted again where the block fails.

    Where the database failed, it may have committed before: the file stays.
    """
    file.seek(0)
    name = storages["imports"].save(f"{secrets.token_hex(16)}.csv", File(file))
    try:
        yield name
    except Error:
        raise
    except BaseException:
        storages["imports"].delete(name)
        raise
