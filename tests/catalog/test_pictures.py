from __future__ import annotations

import io
from contextlib import suppress
from random import Random

import pytest
from PIL import Image, ImageCms

from catalog.pictures import MAX_FRAMES, clean_picture, thumbnail
from tasks.errors import Rejected
from tests.catalog.pictures import (
    SCRIPT,
    SVG,
    animation,
    bomb,
    opened,
    picture,
    with_metadata,
)
from tests.damage import damaged


def cleaned(content: bytes) -> Image.Image:
    return opened(clean_picture(io.BytesIO(content)).content)


def refusal(content: bytes) -> str:
    with pytest.raises(Rejected) as caught:
        clean_picture(io.BytesIO(content))
    assert (caught.value.code, caught.value.field) == ("INVALID", "file")
    return caught.value.message


class TestCleanPicture:
    @pytest.mark.parametrize(
        ("format_", "mode", "kept_as", "extension"),
        [
            ("JPEG", "RGB", "JPEG", "jpg"),
            ("JPEG", "L", "JPEG", "jpg"),
            ("JPEG", "CMYK", "JPEG", "jpg"),
            ("PNG", "RGB", "PNG", "png"),
            ("PNG", "RGBA", "PNG", "png"),
            ("PNG", "LA", "PNG", "png"),
            ("PNG", "P", "PNG", "png"),
            ("PNG", "1", "PNG", "png"),
            ("PNG", "I;16", "PNG", "png"),
            ("WEBP", "RGB", "WEBP", "webp"),
            ("WEBP", "RGBA", "WEBP", "webp"),
            ("GIF", "RGB", "PNG", "png"),
        ],
    )
    def test_keeps_what_is_seen(self, format_, mode, kept_as, extension):
        sent = picture(format_, mode="L" if mode == "I;16" else mode)
        if mode == "I;16":
            shades = Image.new("I;16", (40, 20), 200 * 256)
            buffer = io.BytesIO()
            shades.save(buffer, "PNG")
            sent = buffer.getvalue()
        clean = clean_picture(io.BytesIO(sent))
        shown = opened(clean.content)
        assert (shown.format, clean.extension, shown.size) == (kept_as, extension, (40, 20))
        before, after = (
            [image.convert("RGB").getpixel((x, 10)) for x in (5, 35)]
            for image in (opened(sent), shown)
        )
        if mode == "I;16":
            assert after == [(200, 200, 200)] * 2
        else:
            for was, is_ in zip(before, after, strict=True):
                assert all(abs(a - b) < 12 for a, b in zip(was, is_, strict=True))

    def test_keeps_what_is_see_through(self):
        buffer = io.BytesIO()
        Image.new("RGBA", (4, 4), (255, 0, 0, 100)).save(buffer, "PNG")
        assert cleaned(buffer.getvalue()).getpixel((1, 1)) == (255, 0, 0, 100)

    def test_tells_nothing_of_place_and_camera_and_is_upright(self):
        sent = with_metadata(orientation=6)
        assert opened(sent).getexif().get_ifd(0x8825)
        content = clean_picture(io.BytesIO(sent)).content
        shown = opened(content)
        assert not shown.getexif()
        assert not {"exif", "xmp", "comment", "icc_profile", "photoshop"} & set(shown.info)
        for secret in (b"ecret", b"Exif", b"xmp"):
            assert secret in sent
            assert secret not in content
        # Its right side was up: what was on the left is on top.
        assert shown.size == (20, 40)
        red, _, blue = shown.convert("RGB").getpixel((10, 5))
        assert red > 200 > 50 > blue

    def test_takes_a_profile_into_account_and_leaves_it_out(self):
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        for sent in (picture(icc_profile=profile), picture(icc_profile=b"nonsense")):
            shown = cleaned(sent)
            assert "icc_profile" not in shown.info
            red, green, blue = shown.getpixel((5, 10))
            assert red > 240 > 20 > max(green, blue)

    @pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG"])
    def test_keeps_animations(self, format_):
        shown = cleaned(animation(format_))
        assert (shown.format, shown.n_frames, shown.size) == ("WEBP", 3, (8, 8))
        assert shown.info["loop"] == 0

    @pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF"])
    def test_drops_whatever_else_a_file_is(self, format_):
        options = {"comment": SCRIPT} if format_ in ("JPEG", "GIF") else {}
        sent = picture(format_, **options) + SCRIPT
        assert SCRIPT not in clean_picture(io.BytesIO(sent)).content

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"x",
            SVG,
            SCRIPT,
            b"GIF89a",
            b"GIF89a/*" + SCRIPT + b"*/=1",
            b"\xff\xd8\xff",
            b"\x89PNG\r\n\x1a\n",
            b"RIFF\0\0\0\0WEBP",
            b"%PDF-1.7",
            b"%!PS-Adobe-3.0 EPSF-3.0",
            picture("BMP"),
            picture("TIFF"),
            picture("ICO"),
        ],
    )
    def test_refuses_what_is_no_picture_of_those(self, content):
        assert refusal(content) in (
            "Send a picture: JPEG, PNG, WebP or GIF.",
            "The picture is damaged.",
        )

    @pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF"])
    def test_refuses_damaged_pictures(self, format_):
        content = picture(format_, size=(400, 300))
        for cut in (len(content) // 2, len(content) * 9 // 10):
            assert "picture" in refusal(content[:cut])

    @pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF"])
    def test_refuses_or_mends_whatever_became_of_a_picture(self, format_):
        contents = [picture(format_), *([animation(format_)] if format_ != "JPEG" else [])]
        random = Random(format_)
        for _ in range(60):
            with suppress(Rejected):
                assert cleaned(damaged(random.choice(contents), random)).size

    def test_refuses_bombs_before_they_go_off(self, settings):
        assert "pixels" in refusal(bomb())
        assert "side" in refusal(bomb(10_001, 1))
        assert "pixels" in refusal(bomb(9_000, 9_000))
        settings.MEDIA_MAX_PIXELS = 799
        assert "799" in refusal(picture())
        settings.MEDIA_MAX_PIXELS = 800
        assert cleaned(picture()).size == (40, 20)
        # Pictures of an animation count together.
        assert cleaned(animation(frames=12)).n_frames == 12
        assert "800" in refusal(animation(frames=13))

    def test_refuses_endless_animations(self):
        content = animation(frames=MAX_FRAMES + 1, size=(1, 1))
        assert f"{MAX_FRAMES}" in refusal(content)

    def test_refuses_large_files(self, settings):
        content = picture()
        settings.MEDIA_MAX_BYTES = len(content)
        assert cleaned(content)
        assert f"{len(content)} bytes" in refusal(content + b"x")


class TestThumbnail:
    def test_is_a_webp_of_that_width(self):
        for format_, mode in (("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("GIF", "L")):
            content = thumbnail(io.BytesIO(picture(format_, (400, 100), mode)), width=160)
            shown = opened(content)
            assert (shown.format, shown.size) == ("WEBP", (160, 40))

    def test_is_none_where_the_picture_is_no_wider(self):
        for width in (40, 41):
            assert thumbnail(io.BytesIO(picture(size=(40, 20))), width=width) is None

    def test_of_a_very_flat_picture_has_some_height(self):
        content = thumbnail(io.BytesIO(picture("PNG", (1_000, 1))), width=100)
        assert opened(content).size == (100, 1)

    def test_of_an_animation_is_its_first_picture(self):
        content = thumbnail(io.BytesIO(animation(size=(80, 40))), width=40)
        assert getattr(opened(content), "n_frames", 1) == 1
