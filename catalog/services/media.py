"""Pictures of products: taken in, put in order, shown smaller, and removed with their files.

Files are written before the transaction that names them and deleted by a job after the one that
forgets them, so that no row ever names a file that is not there.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import Error

from catalog.expressions import thumbnail_of
from catalog.models import Media, Product
from catalog.pictures import clean_picture, thumbnail
from catalog.services.announcements import announce_product
from catalog.services.creation import create_once
from tasks.dispatch import NewJob, enqueue, enqueue_many
from tasks.errors import Rejected
from tasks.transactions import in_transaction
from tasks.webhooks.models import WebhookEventType
from users.viewer import Viewer

MAKE_THUMBNAILS = "catalog.make_thumbnails"
DELETE_FILES = "catalog.delete_files"

FOLDER = "products/"
MAX_PICTURES = 250
MAX_ALT = 500


def upload_media(
    *,
    viewer: Viewer,
    product_id: int,
    file: Any,
    alt: str = "",
    position: int | None = None,
    idempotency_key: str | None = None,
    now: datetime,
) -> int:
    """Take in a picture of a product; smaller versions of it follow in the background.

    Args:
        file: what was sent, open for reading bytes.
        alt: what it shows, at most 500 characters.
        position: its place among the product's pictures, from 0; the last where it is None.
        idempotency_key: a repeat with the same key and file makes no second one.

    Returns:
        Its primary key.

    Raises:
        Rejected: ``NOT_FOUND`` on ``productId``; ``INVALID`` on ``file``, ``alt`` or
            ``position``, or on ``productId`` where it has as many as it may have;
            ``IDEMPOTENCY_CONFLICT``.
    """
    _check(alt=alt, position=position)
    products = Product.objects.visible_to(viewer).filter(pk=product_id)
    if not products.exists():
        raise _no_product()
    picture = clean_picture(file)
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()

    made: list[Media] = []

    def create() -> int:
        pictures = _pictures_of(product_id)
        if len(pictures) >= MAX_PICTURES:
            message = f"A product has at most {MAX_PICTURES} pictures."
            raise Rejected("INVALID", message, field="productId")
        media = Media.objects.create(product_id=product_id, file=name, alt=alt)
        _put(media, among=pictures, position=position)
        _touch(product_id, now)
        enqueue_thumbnails([media])
        made.append(media)
        return media.pk

    with stored(picture.content, picture.extension) as name:
        media_id = create_once(
            Media,
            create,
            viewer=viewer,
            operation="mediaUpload",
            key=idempotency_key,
            given={"product": product_id, "file": digest, "alt": alt, "position": position},
        )
        if not made:
            default_storage.delete(name)
    return media_id


def update_media(
    *,
    media_id: int,
    changes: dict[str, Any],
    check: Callable[[], None] | None = None,
    now: datetime,
) -> None:
    """Change what a picture is said to show, or its place; the others make room.

    Args:
        changes: any of ``alt`` and ``position``; a null text is an empty one, a null position
            the last.
        check: called once nobody else can change the picture; what it raises undoes all.

    Raises:
        Rejected: ``NOT_FOUND`` on ``id``; ``INVALID`` on ``alt`` or ``position``.
    """
    alt = changes.get("alt") or ""
    _check(alt=alt, position=changes.get("position"))

    def update() -> None:
        media, pictures = _locked(media_id, check)
        if "alt" in changes:
            media.alt = alt
            media.save(update_fields=["alt"])
        if "position" in changes:
            others = [picture for picture in pictures if picture.pk != media_id]
            _put(media, among=others, position=changes["position"])
        _touch(media.product_id, now)

    in_transaction(update)


def delete_media(*, media_id: int, check: Callable[[], None] | None = None, now: datetime) -> None:
    """Delete a picture, and by a job its files.

    Args:
        check: called once nobody else can change the picture; what it raises undoes all.

    Raises:
        Rejected: ``NOT_FOUND`` on ``id``.
    """

    def delete() -> None:
        media, pictures = _locked(media_id, check)
        others = [picture for picture in pictures if picture.pk != media_id]
        discard_files([media])
        media.delete()
        _number(others)
        _touch(media.product_id, now)

    in_transaction(delete)


@contextmanager
def stored(content: bytes, extension: str) -> Iterator[str]:
    """A new file of ours under a random name; deleted again where the block fails.

    Where the database failed, it may have committed before: the file stays.
    """
    name = default_storage.save(
        f"{FOLDER}{secrets.token_hex(16)}.{extension}", ContentFile(content)
    )
    try:
        yield name
    except Error:
        raise
    except BaseException:
        default_storage.delete(name)
        raise


def enqueue_thumbnails(pictures: Iterable[Media]) -> None:
    """Have smaller versions made, in the transaction that gave the pictures their files."""
    new = [
        NewJob(
            kind=MAKE_THUMBNAILS,
            key=f"media:{media.pk}:{media.file.name}",
            queue="bulk",
            kwargs={"media_id": media.pk, "file": media.file.name},
        )
        for media in pictures
        if media.file
    ]
    if new:
        enqueue_many(new)


def discard_files(pictures: Iterable[Media]) -> None:
    """Have the files of pictures deleted, in the transaction that deletes the rows."""
    files = {media.file.name: media.thumbnails for media in pictures if media.file}
    if files:
        enqueue(DELETE_FILES, queue="bulk", files=files)


def make_thumbnails(*, media_id: int, file: str) -> None:
    """Make the smaller versions of a picture; a repeat makes them again under the same names.

    Until then, and where there is none so wide, the picture itself is shown.

    Args:
        file: the name of its file when this was asked for; nothing is made of a later one.
    """
    rows = Media.objects.filter(pk=media_id, file=file)
    widths: list[int] = []
    try:
        if rows.exists():
            widths = [width for width in settings.THUMBNAIL_WIDTHS if _make_thumbnail(file, width)]
    except FileNotFoundError:
        if rows.exists():
            raise
    if not rows.update(thumbnails=widths):
        # The row is gone, or has another file: what this run or one before it made is not wanted.
        delete_files(files={file: settings.THUMBNAIL_WIDTHS})


def _make_thumbnail(name: str, width: int) -> bool:
    with default_storage.open(name) as file:
        content = thumbnail(file, width=width)
    if content is None:
        return False
    # A storage would find another name for a second file.
    default_storage.delete(thumbnail_of(name, width))
    default_storage.save(thumbnail_of(name, width), ContentFile(content))
    return True


def delete_files(*, files: dict[str, list[int]]) -> None:
    """Delete files and their thumbnails that no picture has any more.

    Args:
        files: the widths of the thumbnails, by the file's name.
    """
    kept = set(Media.objects.filter(file__in=files).values_list("file", flat=True))
    for name, widths in files.items():
        if name not in kept:
            for each in (name, *(thumbnail_of(name, width) for width in widths)):
                default_storage.delete(each)


def _check(*, alt: str, position: int | None) -> None:
    if len(alt) > MAX_ALT:
        raise Rejected("INVALID", f"Give at most {MAX_ALT} characters.", field="alt")
    if position is not None and position < 0:
        raise Rejected("INVALID", "Positions begin at 0.", field="position")


def _no_product() -> Rejected:
    return Rejected("NOT_FOUND", "There is no such product.", field="productId")


def _pictures_of(product_id: int) -> list[Media]:
    """A product's pictures in order; nobody else changes them until the transaction ends."""
    product = Product.objects.select_for_update(no_key=True).filter(pk=product_id)
    if not product.values_list("pk").first():
        raise _no_product()
    return list(Media.objects.filter(product_id=product_id).order_by("position", "pk"))


def _locked(media_id: int, check: Callable[[], None] | None) -> tuple[Media, list[Media]]:
    """A picture, and all of its product; ``check`` is called once they are locked."""
    product_id = Media.objects.filter(pk=media_id).values_list("product_id", flat=True).first()
    pictures = _pictures_of(product_id) if product_id is not None else []
    for media in pictures:
        if media.pk == media_id:
            if check is not None:
                check()
            return media, pictures
    raise Rejected("NOT_FOUND", "There is no such picture.", field="id")


def _put(media: Media, *, among: list[Media], position: int | None) -> None:
    place = len(among) if position is None else position
    _number([*among[:place], media, *among[place:]])


def _number(pictures: list[Media]) -> None:
    """Give pictures the positions in which they stand, writing those that change."""
    moved = []
    for position, media in enumerate(pictures):
        if media.position != position:
            media.position = position
            moved.append(media)
    Media.objects.bulk_update(moved, ["position"])


def _touch(product_id: int, now: datetime) -> None:
    Product.objects.filter(pk=product_id).update(updated_at=now)
    announce_product(product_id, WebhookEventType.PRODUCT_UPDATED, now=now)
