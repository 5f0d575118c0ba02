"""A CSV file as rows of named cells that know their line, read without ever holding all of it."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

# A description may be long. The module's own limit, of 128 KB, is one for the whole process.
csv.field_size_limit(10_000_000)
MAX_COLUMNS = 1_000


class UnreadableFile(Exception):
    """The file as a whole can't be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record.

    Attributes:
        line: the number of its first line in the file, from 1.
        cells: the trimmed text by column; blank ones are left out.
        surplus: how many cells it has beyond the header's.
    """

    line: int
    cells: dict[str, str]
    surplus: int


class Table:
    """A comma-separated file with a header row.

    Another encoding is never guessed: a wrong guess would spoil names silently.

    Args:
        file: open for reading bytes at any place.
        encoding: a name that Python knows.
        max_rows: how many rows it may have; None: any number.

    Attributes:
        header: the names of its columns.

    Raises:
        UnreadableFile: it has no header, or none that can be used.
    """

    def __init__(
        self, file: IO[bytes], *, encoding: str = "utf-8", max_rows: int | None = None
    ) -> None:
        self._file = file
        self._encoding = encoding
        self._max_rows = max_rows
        _, header = next(self._records(), (0, []))
        self.header = [name.strip() for name in header]
        if not any(self.header):
            raise UnreadableFile("The file is empty. Its first line must name the columns.")
        seen: set[str] = set()
        for name in filter(None, map(str.casefold, self.header)):
            if name in seen:
                raise UnreadableFile(f"The column {name!r} is there twice. Remove one of them.")
            seen.add(name)

    def rows(self) -> Iterator[Row]:
        """Its rows, from the first one; blank ones are left out. One walk at a time.

        Raises:
            UnreadableFile: for what is no text in this encoding, for broken quotes and for more
                rows than it may have.
        """
        records = self._records()
        next(records)
        count = 0
        for line, values in records:
            cells = [value.strip() for value in values]
            if not any(cells):
                continue
            count += 1
            if self._max_rows is not None and count > self._max_rows:
                raise UnreadableFile(
                    f"The file has more than {self._max_rows} rows. Divide it, keeping the rows of "
                    "a product together."
                )
            surplus = len("".join(cells[len(self.header) :])) and len(cells) - len(self.header)
            named = zip(self.header, cells, strict=False)
            yield Row(line, {name: text for name, text in named if text}, surplus)

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """(first line, cells) of each record; a quoted cell may go over several lines."""
        self._file.seek(0)
        # A byte order mark is no part of the first column's name.
        codec = "utf-8-sig" if self._encoding.lower() in {"utf-8", "utf8"} else self._encoding
        try:
            text = io.TextIOWrapper(self._file, encoding=codec, newline="")
        except LookupError:
            raise UnreadableFile(f"There is no encoding {self._encoding!r}.") from None
        line = 1
        try:
            reader = csv.reader(text, strict=True)
            for values in reader:
                if len(values) > MAX_COLUMNS:
                    raise UnreadableFile(f"Line {line} has more than {MAX_COLUMNS} cells.")
                if any("\0" in value for value in values):
                    raise UnreadableFile(
                        f"Line {line} has a NUL character, which no text has. Save the file as CSV "
                        "UTF-8."
                    )
                yield line, values
                line = reader.line_num + 1
        except csv.Error as error:
            raise UnreadableFile(
                f"The record that starts at line {line} is no CSV ({error}). Check its quotes."
            ) from None
        except UnicodeError:
            raise UnreadableFile(
                f"Line {self._undecodable_line(codec)} is not {self._encoding}. Save the file as "
                "CSV UTF-8, or name its encoding."
            ) from None
        finally:
            # Else the file would be closed along with its wrapper.
            if not self._file.closed:
                text.detach()

    def _undecodable_line(self, codec: str) -> int:
        """The first line that the codec can't decode: the wrapper reads ahead of the records."""
        decoder = codecs.getincrementaldecoder(codec)()
        self._file.seek(0)
        count = 0
        for line in self._file:
            count += 1
            try:
                decoder.decode(line)
            except UnicodeError:
                break
        return count
