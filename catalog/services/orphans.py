"""Files that no row names: a process died between file and row, or a job between two.

Only names that an upload made up are looked at, so that what others put into the folder stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.core.files.storage import Storage, default_storage, storages
from django.db.models.functions import Substr

from catalog.models import Media, ProductImport
from catalog.services.media import FOLDER

BATCH = 500
# Whoever has written a file has named it by then, or never will.
GRACE = timedelta(days=1)
# A picture's random name, for its thumbnails with the width.
NAME = re.compile(r"([0-9a-f]{32})(?:-\d+)?\.\w+")


def delete_orphaned_files(*, now: datetime) -> int:
    """Delete pictures, thumbnails and imports that no row names, older than a day; how many."""
    files = _files_by_name()
    names = sorted(files)
    count = 0
    for start in range(0, len(names), BATCH):
        for name in _without_row(names[start : start + BATCH]):
            for file in files[name]:
                count += _delete_if_old(default_storage, file, now=now)
    imports = storages["imports"]
    return count + sum(_delete_if_old(imports, name, now=now) for name in _unnamed_imports(imports))


def _unnamed_imports(imports: Storage) -> list[str]:
    try:
        _, found = imports.listdir("")
    except FileNotFoundError:  # nothing was ever imported
        return []
    named = ProductImport.objects.filter(file__in=found).values_list("file", flat=True)
    return sorted(filter(NAME.fullmatch, set(found) - set(named)))


def _files_by_name() -> dict[str, list[str]]:
    """The folder's files, each picture with its thumbnails by the random part of their names."""
    try:
        _, found = default_storage.listdir(FOLDER)
    except FileNotFoundError:  # nothing was ever uploaded
        return {}
    files: dict[str, list[str]] = {}
    for file in found:
        if match := NAME.fullmatch(file):
            files.setdefault(match[1], []).append(f"{FOLDER}{file}")
    return files


def _without_row(names: Sequence[str]) -> Iterator[str]:
    random_part = Substr("file", len(FOLDER) + 1, 32)
    rows = Media.objects.annotate(random_part=random_part).filter(random_part__in=names)
    kept = set(rows.values_list("random_part", flat=True))
    return (name for name in names if name not in kept)


def _delete_if_old(storage: Storage, file: str, *, now: datetime) -> bool:
    try:
        if storage.get_modified_time(file) > now - GRACE:
            return False
    except FileNotFoundError:  # a job was faster
        return False
    storage.delete(file)
    return True
