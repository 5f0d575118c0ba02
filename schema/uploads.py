"""Requests that carry files, by the GraphQL multipart request specification.

The body is a form of three kinds of parts, in this order: ``operations``, the request as it would
be sent as JSON, with null where a file belongs; ``map``, the places of each file,
``{"0": ["variables.input.file"]}``; and the files, each a part of the name that ``map`` gives it.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.uploadedfile import UploadedFile
from django.utils.http import parse_header_parameters
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from schema.execution import GraphQLRequest
from schema.http import Refused, check_length, fields_of_body, request_of, value_of_json

UNCODED = (b"", b"7bit", b"8bit", b"binary")
# Deeper than the variables of any request may be.
MAX_PATH = 25
# How much of a name that the client chose is told in an error.
SHOWN = 40


class Form:
    """A multipart body that is read piece by piece, its files into temporary files.

    Those have no names: nothing of them is left once they are closed, however that comes. Reading
    and writing take time, so this has no place on an event loop.

    Args:
        content_type: the request's ``Content-Type``.

    Raises:
        Refused: it names no usable boundary.
    """

    def __init__(self, content_type: str) -> None:
        boundary = parse_header_parameters(content_type)[1].get("boundary", "")
        if not boundary or not boundary.isascii():
            _refuse("The Content-Type names no boundary.")
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._read_header_name,
                    "on_header_value": self._read_header_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._read_data,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError:
            _refuse("The boundary in the Content-Type is too long.")
        self._length = 0
        self._parts = 0
        self._is_complete = False
        self._headers: dict[bytes, bytes] = {}
        self._header_name = self._header_value = b""
        # The part that is being read: its name, and where its bytes go, None for nowhere.
        self._name = ""
        self._target: IO[bytes] | bytearray | None = None
        self._operations: dict[str, Any] | None = None
        self._places: dict[str, list[_Place]] | None = None
        self._files: dict[str, UploadedFile] = {}

    def feed(self, chunk: bytes) -> None:
        """Read the next piece of the body.

        Raises:
            Refused: a limit is passed, or the form or anything in it is not as it must be.
        """
        self._length += len(chunk)
        check_length(self._length, "max_upload_bytes")
        try:
            self._parser.write(chunk)
        except FormParserError:
            _refuse("The request body is not valid multipart/form-data.")

    def request(self) -> GraphQLRequest:
        """The request, its files in their places, once the whole body was fed.

        Raises:
            Refused: something is missing.
        """
        if not self._is_complete:
            _refuse("The multipart body ends too soon.")
        if self._operations is None:
            _refuse("The form has no part operations.")
        if self._places is None:
            _refuse("The form has no part map.")
        for name, places in self._places.items():
            if places and name not in self._files:
                _refuse(f"The form has no file {name[:SHOWN]!r}, which map names.")
            for place in places:
                place.container[place.key] = self._files[name]
        return request_of(self._operations)

    def close(self) -> None:
        """Remove the files; again does no harm."""
        for file in self._files.values():
            file.close()

    # --- what the parser calls ----------------------------------------------------------------

    def _begin_part(self) -> None:
        self._parts += 1
        allowed = settings.GRAPHQL_LIMITS["max_upload_files"]
        if self._parts > allowed + 2:
            _refuse_excess("max_upload_files", f"The form has over {allowed} files.")
        self._headers = {}

    def _read_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _read_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _end_headers(self) -> None:
        """Decide where the part's bytes go."""
        kind, options = parse_options_header(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or b"name" not in options:
            _refuse("A part of the form has no name.")
        if self._headers.get(b"content-transfer-encoding", b"").strip().lower() not in UNCODED:
            _refuse("Send the parts of the form without a Content-Transfer-Encoding.")
        self._name = options[b"name"].decode(errors="replace")
        for wanted, is_there in (
            ("operations", self._operations is not None),
            ("map", self._places is not None),
        ):
            if not is_there:
                if self._name != wanted:
                    _refuse(f"Send operations, map and then the files: {wanted} is not there yet.")
                self._target = bytearray()
                return
        self._target = self._new_file(options[b"filename"]) if b"filename" in options else None

    def _new_file(self, filename: bytes) -> IO[bytes] | None:
        """A temporary file for a part; None where no place wants it."""
        if not (self._places or {}).get(self._name):
            return None
        if self._name in self._files:
            _refuse(f"The file {self._name[:SHOWN]!r} is there twice.")
        target = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115 - `close`
        content_type = self._headers.get(b"content-type", b"").decode("latin-1")
        file = UploadedFile(target, name="upload", content_type=content_type, size=0)
        # The client's name for it, where it can be one.
        with suppress(SuspiciousFileOperation):
            file.name = filename.decode(errors="replace")
        self._files[self._name] = file
        return target

    def _read_data(self, data: bytes, start: int, end: int) -> None:
        if isinstance(self._target, bytearray):
            check_length(len(self._target) + end - start)
            self._target += data[start:end]
        elif self._target is not None:
            self._target.write(data[start:end])

    def _end_part(self) -> None:
        if isinstance(self._target, bytearray):
            if self._name == "operations":
                self._operations = fields_of_body(bytes(self._target), "The part operations")
            else:
                self._places = _read_map(bytes(self._target), self._operations or {})
        elif self._target is not None:
            file = self._files[self._name]
            file.size = self._target.tell()
            file.seek(0)
        self._target = None

    def _end(self) -> None:
        self._is_complete = True


class _Place:
    """Where in the operations a file belongs: a member of an object or an item of a list."""

    def __init__(self, operations: dict[str, Any], path: str) -> None:
        steps = path.split(".", MAX_PATH)
        if steps[0] != "variables" or len(steps) == 1:
            self._refuse(path, "does not begin with variables")
        value: Any = operations
        for step in steps:
            self.container: Any = value
            self.key: Any = step
            if isinstance(value, list) and step.isascii() and step.isdigit() and len(step) < 9:
                self.key = int(step)
            is_there = (
                self.key in value
                if isinstance(value, dict)
                else isinstance(value, list) and isinstance(self.key, int) and self.key < len(value)
            )
            if not is_there:
                self._refuse(path, "leads nowhere in operations")
            value = value[self.key]
        if value is not None:
            self._refuse(path, "does not lead to null")

    @staticmethod
    def _refuse(path: str, problem: str) -> NoReturn:
        _refuse(f"The path {path[:SHOWN]!r} in map {problem}.")

    @property
    def identity(self) -> tuple[int, Any]:
        """What tells it from other places."""
        return id(self.container), self.key


def _read_map(text: bytes, operations: dict[str, Any]) -> dict[str, list[_Place]]:
    """The places of each file, by the name of its part."""
    given = value_of_json(text, "The part map")
    if not isinstance(given, dict):
        _refuse("The part map is not a JSON object.")
    if len(given) > (allowed := settings.GRAPHQL_LIMITS["max_upload_files"]):
        _refuse_excess("max_upload_files", f"The part map names over {allowed} files.")
    places: dict[str, list[_Place]] = {}
    taken: set[tuple[int, Any]] = set()
    for name, paths in given.items():
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            _refuse(f"The paths of {name[:SHOWN]!r} in map are not a list of texts.")
        places[name] = [_Place(operations, path) for path in paths]
        for place in places[name]:
            if place.identity in taken:
                _refuse("Two paths in map lead to the same place.")
            taken.add(place.identity)
    return places


def _refuse(message: str) -> NoReturn:
    raise Refused(400, "BAD_USER_INPUT", message)


def _refuse_excess(limit: str, message: str) -> NoReturn:
    raise Refused(413, "LIMIT_EXCEEDED", message, limit=limit)
