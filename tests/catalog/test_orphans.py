from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from catalog.models import Media
from catalog.services import orphans
from catalog.services.orphans import delete_orphaned_files
from tasks.periodic import all_periodic
from tests.catalog.factories import make_product

NOW = timezone.now()


@pytest.fixture(autouse=True)
def folder(settings, tmp_path, import_folder) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "products"


@pytest.fixture
def put(folder):
    """Writes files that are so many hours old."""

    def put(*names: str, hours: int = 25) -> None:
        folder.mkdir(exist_ok=True)
        for name in names:
            (folder / name).write_bytes(b"x")
            moment = (NOW - timedelta(hours=hours)).timestamp()
            os.utime(folder / name, (moment, moment))

    return put


def left(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


class TestDeleteOrphanedFiles:
    def test_deletes_what_no_picture_names_with_its_thumbnails(self, folder, put, monkeypatch):
        monkeypatch.setattr(orphans, "BATCH", 2)
        named, *lost = ("0123456789abcde" + digit + "f" * 16 for digit in "0123")
        Media.objects.create(product=make_product(), file=f"products/{named}.jpg")
        put(f"{named}.jpg", f"{named}-160.webp")
        put(*(f"{name}.png" for name in lost), f"{lost[0]}-160.webp")
        assert delete_orphaned_files(now=NOW) == 4
        assert left(folder) == [f"{named}-160.webp", f"{named}.jpg"]
        assert delete_orphaned_files(now=NOW) == 0

    def test_leaves_what_may_yet_be_named(self, folder, put):
        put("a" * 32 + ".jpg", hours=23)
        assert delete_orphaned_files(now=NOW) == 0
        assert delete_orphaned_files(now=NOW + timedelta(hours=2)) == 1

    def test_leaves_what_no_upload_has_made(self, folder, put):
        files = ["boating-shirt-navy.webp", "logo.png", "b" * 33 + ".png"]
        put(*files)
        assert delete_orphaned_files(now=NOW) == 0
        assert left(folder) == sorted(files)

    def test_finds_nothing_where_nothing_was_uploaded(self):
        assert delete_orphaned_files(now=NOW) == 0

    def test_comes_each_day(self):
        (found,) = [job for job in all_periodic() if job.kind == "catalog.delete_orphaned_files"]
        assert found.every == timedelta(days=1)
