"""Files as such: those that can't be read, and long ones."""

from __future__ import annotations

import io
import tracemalloc

import pytest

from catalog.csv_import import ProductFile, UnreadableFile
from catalog.models import Product
from tests.catalog.test_csv_import import MUG, counts, csv_file, run


class TestUnreadableFiles:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "empty"),
            (b"\n\n", "empty"),
            (b"Title,Variant Price\nMug,5\n", "lacks the column Handle"),
            (b"a;b;c\n1;2;3\n", "lacks the columns Handle, Title, Variant Price"),
            (b"Handle,Title,title,Variant Price\n", "'title' is there twice"),
            ("Handle,Title,Variant Price\nmug,Écru,5\n".encode("cp1252"), "Line 2 is not utf-8"),
            (b'Handle,Title,Variant Price\nmug,"Mug,5\njug,Jug,5\n', "starts at line 2"),
            ("Handle,Title,Variant Price\n".encode("utf-16"), "not utf-8"),
            (b"Handle,Title,Variant Price\nmug,Mug,5\njug,J\0g,5\n", "Line 3 has a NUL"),
            (b"Handle\0,Title,Variant Price\nmug,Mug,5\n", "Line 1 has a NUL"),
            (b"Handle,Title,Variant Price\nmug,Mug,5" + b"," * 1_000, "Line 2 has more than 1000"),
            (b"," * 1_000_000, "Line 1 has more than 1000"),
        ],
    )
    def test_are_refused_with_one_clear_message(self, content, message):
        with pytest.raises(UnreadableFile, match=message):
            run(content)

    def test_another_encoding_can_be_named(self):
        content = "Handle,Title,Variant Price\nmug,Écru,5\n".encode("cp1252")
        run(content, encoding="windows-1252")
        assert Product.objects.get().name == "Écru"
        for unknown in ("klingon", "hex"):
            with pytest.raises(UnreadableFile, match="no encoding"):
                run(content, encoding=unknown)

    def test_the_line_of_a_wrong_byte_is_told_however_far_it_is(self):
        text = csv_file(*[MUG | {"Handle": f"mug-{number}"} for number in range(2_000)])
        with pytest.raises(UnreadableFile, match="Line 2002 is not utf-8"):
            run(text + b"jug,\xff\n")
        content = text.decode().encode("utf-16") + b"\n"
        with pytest.raises(UnreadableFile, match="is not utf-16"):
            run(content, encoding="utf-16")
        assert run(content[:-1], encoding="utf-16", dry_run=True).rows == 2_000

    def test_a_byte_order_mark_is_no_part_of_the_header(self):
        assert counts(run(b"\xef\xbb\xbf" + csv_file(MUG))) == (1, 0, 0, 0)


class TestLongFiles:
    def test_a_long_file_is_never_in_memory_as_a_whole(self):
        def peak(rows: int) -> int:
            texts = ["Handle,Title,Body (HTML),Variant Price"]
            texts += [f"mug-{row},Mug,{'x' * 1_000},5" for row in range(rows)]
            content = io.BytesIO("\n".join(texts).encode())
            tracemalloc.start()
            try:
                assert sum(1 for _ in ProductFile(content).drafts()) == rows
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

        peak(1)
        # A few hundred bytes a row: the handles, and where each product ends.
        assert peak(4_000) - peak(1) < 4_000 * 400
