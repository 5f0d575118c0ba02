from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError, transaction
from django.db.models import F

from catalog.expressions import ThumbnailFile, thumbnail_of
from catalog.models import Media, Product
from catalog.services import media as service
from catalog.services.media import (
    delete_media,
    discard_files,
    make_thumbnails,
    update_media,
    upload_media,
)
from catalog.services.products import delete_product, save_product
from catalog.tasks import delete_files
from tasks.models import Job
from tests.catalog.factories import make_product, run_at_once
from tests.catalog.pictures import SVG, opened, picture, with_metadata
from tests.commerce.refusals import refused
from users.viewer import Viewer

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MANAGER = Viewer(user_id=1, permissions=frozenset({"catalog.change_product", "catalog.add_media"}))

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    settings.THUMBNAIL_WIDTHS = [10, 20, 100]
    return tmp_path


@pytest.fixture
def shirt() -> Product:
    return make_product()


def upload(product: Product, content: bytes | None = None, **given: Any) -> Media:
    media_id = upload_media(
        **{
            "viewer": MANAGER,
            "product_id": product.pk,
            "file": io.BytesIO(picture() if content is None else content),
            "now": NOON,
        }
        | given
    )
    return Media.objects.get(pk=media_id)


def files(folder: Path) -> list[str]:
    return sorted(f"{path.relative_to(folder)}" for path in folder.rglob("*") if path.is_file())


def run_jobs() -> None:
    for job in Job.objects.filter(status="PENDING").order_by("pk"):
        task = {"catalog.delete_files": service.delete_files}.get(job.kind, make_thumbnails)
        task(**job.kwargs)
        Job.objects.filter(pk=job.pk).update(status="SUCCEEDED")


def alts(product: Product) -> list[tuple[int, str]]:
    return list(product.media.order_by("position", "pk").values_list("position", "alt"))


class TestUploadMedia:
    def test_keeps_the_picture_under_a_random_name(self, shirt, folder):
        media = upload(shirt, with_metadata(), alt="Front")
        assert (media.product, media.alt, media.position, media.url) == (shirt, "Front", 0, "")
        assert media.thumbnails == []
        assert files(folder) == [media.file.name]
        name, _, extension = media.file.name.removeprefix("products/").partition(".")
        assert (len(name), extension) == (32, "jpg")
        with default_storage.open(media.file.name) as file:
            assert not opened(file.read()).getexif()
        shirt.refresh_from_db()
        assert shirt.updated_at == NOON
        assert Job.objects.get().kwargs == {"media_id": media.pk, "file": media.file.name}

    def test_puts_it_in_its_place(self, shirt):
        Media.objects.create(product=shirt, url="https://example.com/a.jpg", alt="a", position=5)
        upload(shirt, alt="b")
        upload(shirt, alt="c", position=0)
        upload(shirt, alt="d", position=1)
        upload(shirt, alt="e", position=2_000_000_000)
        assert alts(shirt) == [(0, "c"), (1, "d"), (2, "a"), (3, "b"), (4, "e")]

    @pytest.mark.parametrize(
        ("given", "refusal"),
        [
            ({"content": SVG}, ("INVALID", "file")),
            ({"content": b""}, ("INVALID", "file")),
            ({"alt": "x" * 501}, ("INVALID", "alt")),
            ({"position": -1}, ("INVALID", "position")),
            ({"idempotency_key": "x" * 201}, ("INVALID", "idempotencyKey")),
            ({"product_id": 7_777_777}, ("NOT_FOUND", "productId")),
        ],
    )
    def test_refuses_and_keeps_no_file(self, shirt, folder, given, refusal):
        with refused(refusal):
            upload(shirt, **given)
        assert files(folder) == []

    def test_refuses_a_product_that_the_viewer_can_not_see(self, folder):
        hidden = make_product(is_published=False)
        with refused(("NOT_FOUND", "productId")):
            upload(hidden, viewer=Viewer(user_id=1))

    def test_refuses_more_pictures_than_a_product_may_have(self, shirt, folder, monkeypatch):
        monkeypatch.setattr(service, "MAX_PICTURES", 1)
        upload(shirt)
        with refused(("INVALID", "productId")):
            upload(shirt)
        assert len(files(folder)) == 1

    def test_is_the_same_again_with_the_same_key(self, shirt, folder):
        first = upload(shirt, idempotency_key="k")
        assert upload(shirt, idempotency_key="k").pk == first.pk
        for other in ({"content": picture("PNG")}, {"alt": "x"}, {"position": 0}):
            with refused(("IDEMPOTENCY_CONFLICT", "idempotencyKey")):
                upload(shirt, idempotency_key="k", **other)
        assert files(folder) == [first.file.name]
        first.delete()
        with refused(("NOT_FOUND", "idempotencyKey")):
            upload(shirt, idempotency_key="k")

    def test_keeps_the_file_where_nobody_knows_whether_the_row_is_there(
        self, shirt, folder, monkeypatch
    ):
        def fail(*args: Any, **kwargs: Any) -> None:
            raise OperationalError("The connection is gone.")

        monkeypatch.setattr(service, "create_once", fail)
        with pytest.raises(OperationalError):
            upload(shirt)
        assert len(files(folder)) == 1

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.concurrency
    def test_leaves_no_gap_however_many_come_at_once(self, shirt):
        run_at_once(lambda position: upload(shirt, position=position), [0, 0, None, 1])
        assert [position for position, _ in alts(shirt)] == [0, 1, 2, 3]

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.concurrency
    def test_makes_one_of_racers_with_one_key(self, shirt, folder):
        made = run_at_once(lambda _: upload(shirt, idempotency_key="k").pk, [1, 2, 3])
        assert set(made) == {Media.objects.get().pk}
        assert len(files(folder)) == Job.objects.count() == 1


class TestUpdateMedia:
    def test_changes_the_text_and_the_place(self, shirt):
        a, b, c = (upload(shirt, alt=alt) for alt in "abc")
        update_media(media_id=c.pk, changes={"position": 0}, now=NOON)
        assert alts(shirt) == [(0, "c"), (1, "a"), (2, "b")]
        update_media(media_id=c.pk, changes={"position": None, "alt": "C"}, now=NOON)
        assert alts(shirt) == [(0, "a"), (1, "b"), (2, "C")]
        update_media(media_id=a.pk, changes={"alt": None}, now=NOON)
        assert alts(shirt) == [(0, ""), (1, "b"), (2, "C")]
        update_media(media_id=b.pk, changes={}, now=NOON)
        assert alts(shirt) == [(0, ""), (1, "b"), (2, "C")]

    def test_refuses_what_can_not_be(self, shirt):
        media = upload(shirt)
        with refused(("INVALID", "alt")):
            update_media(media_id=media.pk, changes={"alt": "x" * 501}, now=NOON)
        with refused(("INVALID", "position")):
            update_media(media_id=media.pk, changes={"position": -1}, now=NOON)
        with refused(("NOT_FOUND", "id")):
            update_media(media_id=7_777_777, changes={"alt": "x"}, now=NOON)


class TestDeleteMedia:
    def test_deletes_the_files_by_a_job(self, shirt, folder):
        gone, kept = upload(shirt, alt="gone"), upload(shirt, alt="kept")
        run_jobs()
        assert len(files(folder)) == 6
        delete_media(media_id=gone.pk, now=NOON)
        assert alts(shirt) == [(0, "kept")]
        assert len(files(folder)) == 6
        run_jobs()
        stem = kept.file.name.removesuffix(".jpg")
        assert files(folder) == sorted([kept.file.name, f"{stem}-10.webp", f"{stem}-20.webp"])

    def test_refuses_what_is_not_there(self):
        with refused(("NOT_FOUND", "id")):
            delete_media(media_id=7, now=NOON)

    def test_leaves_the_files_where_it_is_undone(self, shirt, folder):
        media = upload(shirt)
        with transaction.atomic():
            delete_media(media_id=media.pk, now=NOON)
            transaction.set_rollback(True)
        run_jobs()
        assert media.file.name in files(folder)

    def test_by_products_services_deletes_files_too(self, shirt, folder):
        for alt in "abc":
            upload(shirt, alt=alt)
        run_jobs()
        kept = shirt.media.get(alt="b")
        shown = f"http://127.0.0.1:8000/media/{kept.file.name}"
        # A client sends back what it was shown, and another picture.
        save_product(
            product=shirt,
            data={"media": [{"url": "https://example.com/x.jpg"}, {"url": shown, "alt": "B"}]},
            now=NOON,
        )
        kept.refresh_from_db()
        assert (kept.position, kept.alt, kept.url, kept.thumbnails) == (1, "B", "", [10, 20])
        run_jobs()
        assert len(files(folder)) == 3
        delete_product(product_id=shirt.pk, now=NOON)
        run_jobs()
        assert files(folder) == []

    def test_keeps_files_that_another_picture_has(self, shirt, folder):
        media = upload(shirt)
        other = Media.objects.create(product=make_product("lamp"), file=media.file.name)
        delete_media(media_id=media.pk, now=NOON)
        run_jobs()
        assert files(folder) == [media.file.name]
        delete_media(media_id=other.pk, now=NOON)
        run_jobs()
        run_jobs()
        assert files(folder) == []

    def test_takes_no_job_where_there_is_no_file(self, shirt):
        media = Media.objects.create(product=shirt, url="https://example.com/a.jpg")
        delete_media(media_id=media.pk, now=NOON)
        discard_files([])
        assert not Job.objects.exists()

    def test_can_be_done_twice(self, folder):
        for _ in range(2):
            delete_files(files={"products/x.jpg": [10]}, job_id="x")


class TestMakeThumbnails:
    def test_makes_those_that_are_narrower_than_the_picture(self, shirt, folder):
        media = upload(shirt, picture("PNG", (40, 20), "RGBA"))
        for _ in range(2):
            make_thumbnails(media_id=media.pk, file=media.file.name)
            media.refresh_from_db()
            assert media.thumbnails == [10, 20]
            assert len(files(folder)) == 3
            for width in (10, 20):
                with default_storage.open(thumbnail_of(media.file.name, width)) as file:
                    shown = opened(file.read())
                assert (shown.format, shown.size) == ("WEBP", (width, width // 2))

    def test_of_a_picture_that_is_gone_leaves_nothing(self, shirt, folder, monkeypatch):
        media = upload(shirt)
        Media.objects.all().delete()
        make_thumbnails(media_id=media.pk, file=media.file.name)
        assert files(folder) == []

    def test_of_a_picture_that_goes_meanwhile_leaves_nothing(self, shirt, folder, monkeypatch):
        media = upload(shirt)
        shrink = service.thumbnail

        def shrink_and_delete(file: Any, *, width: int) -> bytes | None:
            if width == 20:
                Media.objects.all().delete()
            return shrink(file, width=width)

        monkeypatch.setattr(service, "thumbnail", shrink_and_delete)
        make_thumbnails(media_id=media.pk, file=media.file.name)
        assert files(folder) == []

    def test_of_a_lost_file_fails(self, shirt, folder):
        media = upload(shirt)
        default_storage.delete(media.file.name)
        with pytest.raises(FileNotFoundError):
            make_thumbnails(media_id=media.pk, file=media.file.name)


class TestThumbnailFile:
    @pytest.mark.parametrize(
        ("wanted", "made"),
        [(-1, 10), (0, 10), (10, 10), (11, 20), (20, 20), (21, None), (2**31 - 1, None)],
    )
    def test_is_the_narrowest_that_is_wide_enough(self, shirt, wanted, made):
        for name in ("products/ab.jpg", "products/a.b/c.d.png"):
            Media.objects.create(product=shirt, file=name, thumbnails=[20, 10])
        rows = Media.objects.annotate(name=F("file"), thumbnail=ThumbnailFile(wanted))
        for name, found in rows.values_list("name", "thumbnail"):
            assert found == (thumbnail_of(name, made) if made else None)
        assert thumbnail_of("products/a.b/c.d.png", 10) == "products/a.b/c.d-10.webp"

    def test_of_a_name_without_an_end_is_after_all_of_it(self):
        assert thumbnail_of("products/ab", 10) == "products/ab-10.webp"


def test_random_names_differ(shirt):
    names = Counter(upload(shirt).file.name for _ in range(3))
    assert max(names.values()) == 1
