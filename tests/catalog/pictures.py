"""Pictures for tests, good and bad."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
SCRIPT = b"<script>alert(1)</script>"


def picture(
    format_: str = "JPEG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **options: Any
) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, "blue")
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2 - 1, size[1]), fill="red")
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, format_, **options)
    return buffer.getvalue()


def with_metadata(orientation: int = 6) -> bytes:
    """A JPEG that knows where it was taken, and lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Secret Camera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (51.0, 30.0, 0.0)
    xmp = b"<x:xmpmeta>secret place</x:xmpmeta>"
    return picture(exif=exif, comment=b"secret comment", xmp=xmp)


def bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A small PNG that says it has billions of pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 100_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def animation(format_: str = "GIF", frames: int = 3, size: tuple[int, int] = (8, 8)) -> bytes:
    """An animated picture."""
    pictures = [
        Image.new("RGB", size, (number * 37 % 256, number // 7, 80)) for number in range(frames)
    ]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, format_, save_all=True, append_images=pictures[1:], duration=100, loop=0
    )
    return buffer.getvalue()


def opened(content: bytes) -> Image.Image:
    """What a file shows."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image
