"""Pictures from elsewhere: known by their content, and made anew without what is no picture.

What a file calls itself counts for nothing. What is kept was written by this module: without
places, cameras and comments (EXIF, XMP), without whatever else the file was besides a picture, and
turned as it is meant to be seen.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any, TypeVar

from django.conf import settings
from PIL import Image, ImageCms, ImageOps

from tasks.errors import Rejected

# Read by Pillow as: written as, and called.
_JPEG, _PNG, _WEBP = ("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")
# A phone's JPEG may hold several pictures (MPO); the first one is what is shown.
FORMATS = {"JPEG": _JPEG, "MPO": _JPEG, "PNG": _PNG, "WEBP": _WEBP, "GIF": _PNG}
SINGLE = ("JPEG", "MPO")
READ = ("JPEG", "PNG", "WEBP", "GIF")
OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 90, "optimize": True},
    "PNG": {},
    "WEBP": {"quality": 90, "method": 4},
}
MAX_SIDE = 10_000
MAX_FRAMES = 500
# A decoded picture takes a hundred megabytes: so many at a time in one process.
_room = BoundedSemaphore(2)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that may be published.

    Attributes:
        content: the file.
        extension: what its name ends in.
    """

    content: bytes
    extension: str


def clean_picture(file: Any) -> Picture:
    """The picture in a file of a stranger's.

    Animations, GIF's too, become animated WebP; other GIFs become PNG.

    Args:
        file: open for reading bytes, from its start.

    Raises:
        Rejected: ``INVALID`` on ``file``: too large, no picture of a format that is taken, or a
            damaged one.
    """
    file.seek(0, io.SEEK_END)
    if file.tell() > settings.MEDIA_MAX_BYTES:
        raise _refusal(f"The file is larger than {settings.MEDIA_MAX_BYTES} bytes.")
    file.seek(0)
    return _read(file, _made_anew)


def thumbnail(file: Any, *, width: int) -> bytes | None:
    """A picture as a WebP of that width; None where it is no wider itself.

    Raises:
        Rejected: as `clean_picture`.
    """

    def shrink(image: Image.Image) -> bytes | None:
        if image.width <= width:
            return None
        height = max(round(image.height * width / image.width), 1)
        small = _plain(image).resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
        return _written(small, "WEBP", quality=82, method=4)

    return _read(file, shrink)


def _read(file: Any, work: Callable[[Image.Image], Result]) -> Result:
    """What ``work`` makes of the picture in a file."""
    # Pillow's decoders raise whatever they stumble over, and only warn of a picture that the
    # check below refuses.
    with _room, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(file, formats=READ)
        except Image.DecompressionBombError:
            raise _too_many_pixels() from None
        except Exception as error:
            raise _refusal("Send a picture: JPEG, PNG, WebP or GIF.") from error
        with image:
            _check_size(image, frames=1)
            try:
                return work(image)
            except Rejected:
                raise
            except Exception as error:
                raise _refusal("The picture is damaged.") from error


def _made_anew(image: Image.Image) -> Picture:
    frames = _count_frames(image)
    if frames > 1:
        return Picture(_animation(image, frames), _WEBP[1])
    format_, extension = FORMATS[image.format or ""]
    plain = _plain(image)
    if format_ == "JPEG" and plain.mode == "RGBA":
        plain = plain.convert("RGB")
    return Picture(_written(plain, format_, **OPTIONS[format_]), extension)


def _count_frames(image: Image.Image) -> int:
    """How many pictures there are, each of which is checked to be decodable later on."""
    if image.format in SINGLE:
        return 1
    frames = 1
    with suppress(EOFError):
        while True:
            image.seek(frames)
            frames += 1
            if frames > MAX_FRAMES:
                raise _refusal(f"The animation has over {MAX_FRAMES} pictures.")
            _check_size(image, frames=frames)
    image.seek(0)
    return frames


def _animation(image: Image.Image, frames: int) -> bytes:
    pictures, durations = [], []
    for number in range(frames):
        image.seek(number)
        pictures.append(_plain(image).convert("RGBA"))
        durations.append(min(max(int(image.info.get("duration") or 0), 20), 60_000))
    return _written(
        pictures[0],
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=durations,
        loop=min(max(int(image.info.get("loop", 1)), 0), 1_000),
        quality=85,
        method=2,
    )


def _plain(image: Image.Image) -> Image.Image:
    """The pixels, upright, in shades of grey or sRGB, and nothing else."""
    profile = image.info.get("icc_profile")
    image.load()
    upright = image
    # Without a readable orientation a picture is as it is.
    with suppress(Exception):
        upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(("I", "F")):
        # 16 bits a pixel.
        upright = upright.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if upright.has_transparency_data:
        plain = upright.convert("RGBA")
    elif upright.mode in ("1", "L"):
        plain = upright.convert("L")
    else:
        plain = _in_srgb(upright, profile)
    plain = plain.copy() if plain is image else plain
    plain.info = {}
    return plain


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours that a profile stands for, as far as it can be read."""
    if profile and image.mode in ("RGB", "CMYK"):
        with suppress(ImageCms.PyCMSError, OSError):
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, own, srgb, outputMode="RGB")
            if converted is not None:
                return converted
    return image.convert("RGB")


def _written(image: Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def _check_size(image: Image.Image, *, frames: int) -> None:
    if max(image.size) > MAX_SIDE:
        raise _refusal(f"The picture has a side of more than {MAX_SIDE} pixels.")
    if image.width * image.height * frames > settings.MEDIA_MAX_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> Rejected:
    return _refusal(f"The picture has more than {settings.MEDIA_MAX_PIXELS} pixels.")


def _refusal(message: str) -> Rejected:
    return Rejected("INVALID", message, field="file")
