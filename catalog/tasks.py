"""Background jobs of the catalogue: thin, each calls a service."""

from __future__ import annotations

from typing import Any

from catalog.services import media
from tasks.job import job_task


@job_task(media.MAKE_THUMBNAILS, external=True)
def make_thumbnails(*, media_id: int, file: str, job_id: str, **kwargs: Any) -> None:
    """Make a picture's smaller versions."""
    media.make_thumbnails(media_id=media_id, file=file)


@job_task(media.DELETE_FILES, external=True)
def delete_files(*, files: dict[str, list[int]], job_id: str, **kwargs: Any) -> None:
    """Delete the files of pictures that are gone."""
    media.delete_files(files=files)
