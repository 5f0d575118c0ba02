"""A CSV file as rows of named cells that know their line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

# A description may be long; the module's own limit is 128 KB.
MAX_CELL = 10_000_000


class UnreadableFile(Exception):
    """The file as a whole can't be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record.

    Attributes:
        line: the number of its first line in the file, from 1.
        cells: the trimmed text by column, missing trailing cells as blanks.
        surplus: how many cells it has beyond the header's.
    """

    line: int
    cells: dict[str, str]
    surplus: int


@dataclass(frozen=True, slots=True)
class Table:
    """A file's header, and its rows, of which blank ones are left out."""

    header: list[str]
    rows: list[Row]


def read_table(content: bytes, *, encoding: str = "utf-8") -> Table:
    """Read a comma-separated file with a header row.

    Another encoding is never guessed: a wrong guess would spoil names silently.

    Raises:
        UnreadableFile: for what is no text in this encoding, has no header or broken quotes.
    """
    records = _records(_text(content, encoding))
    _, header = next(records, (0, []))
    header = [name.strip() for name in header]
    if not any(header):
        raise UnreadableFile("The file is empty. Its first line must name the columns.")
    named = [name.casefold() for name in header if name]
    for name in named:
        if named.count(name) > 1:
            raise UnreadableFile(f"The column {name!r} is there twice. Remove one of them.")
    rows = []
    for line, values in records:
        cells = [value.strip() for value in values]
        if any(cells):
            surplus = len("".join(cells[len(header) :])) and len(cells) - len(header)
            cells += [""] * (len(header) - len(cells))
            rows.append(Row(line, dict(zip(header, cells, strict=False)), surplus))
    return Table(header, rows)


def _text(content: bytes, encoding: str) -> str:
    try:
        codec = "utf-8-sig" if encoding.lower() in {"utf-8", "utf8"} else encoding
        return content.decode(codec)
    except LookupError:
        raise UnreadableFile(f"There is no encoding {encoding!r}.") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableFile(
            f"Line {line} is not {encoding}. Save the file as CSV UTF-8, or name its encoding, "
            "for example --encoding windows-1252."
        ) from None


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """(first line, cells) of each record; a quoted cell may go over several lines."""
    previous_limit = csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for values in reader:
            yield line, values
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(
            f"The record that starts at line {line} is no CSV ({error}). Check its quotes."
        ) from None
    finally:
        csv.field_size_limit(previous_limit)
