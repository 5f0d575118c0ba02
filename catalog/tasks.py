"""Background jobs of the catalogue: thin, each calls a service."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.utils import timezone

from catalog.services import import_runs, imports, media, orphans
from tasks.job import job_task
from tasks.models import Job

logger = logging.getLogger(__name__)


@job_task(media.MAKE_THUMBNAILS, external=True)
def make_thumbnails(*, media_id: int, file: str, job_id: str, **kwargs: Any) -> None:
    """Make a picture's smaller versions."""
    media.make_thumbnails(media_id=media_id, file=file)


@job_task(media.DELETE_FILES, external=True)
def delete_files(*, files: dict[str, list[int]], job_id: str, **kwargs: Any) -> None:
    """Delete the files of pictures that are gone."""
    media.delete_files(files=files)


@job_task(
    "catalog.delete_orphaned_files", external=True, every=timedelta(days=1), queue=Job.Queue.BULK
)
def delete_orphaned_files(**kwargs: Any) -> None:
    """Delete the files that neither a picture nor an import names."""
    if count := orphans.delete_orphaned_files(now=timezone.now()):
        logger.info("Deleted %s files that no row names", count)


@job_task(imports.VALIDATE, external=True)
def validate_import(*, import_id: int, job_id: str, **kwargs: Any) -> None:
    """Report on each row of a file of products."""
    import_runs.check_rows(import_id=import_id, now=timezone.now())


@job_task(imports.COMMIT, external=True)
def commit_import(*, import_id: int, job_id: str, **kwargs: Any) -> None:
    """Let the products of a reviewed file go in."""
    import_runs.apply_rows(import_id=import_id, now=timezone.now())


@job_task(
    "catalog.delete_old_imports", external=True, every=timedelta(hours=1), queue=Job.Queue.BULK
)
def delete_old_imports(**kwargs: Any) -> None:
    """Delete the files and reports of imports that have served their time."""
    deleted = imports.delete_old_imports(now=timezone.now())
    logger.info("Deleted %s imports", deleted)
