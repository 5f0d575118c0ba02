"""Fields that Python computes: filled in after the statement, all rows of a field at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from schema.compiler.slots import Bindings

# Marks the places of resolved fields; no key of a response looks so.
MARK = "#"


@dataclass(frozen=True)
class Resolution:
    """One field that Python computes.

    Attributes:
        path: response keys from the root to the field; lists have none of their own.
        number: which of the plan's resolutions it is; the statement marks the places by it, as
            an object of another type may have something else under the same key.
        resolve: one value a row, from what the statement put in the field's place.
    """

    path: tuple[str, ...]
    number: int
    resolve: Callable[[list[Any], Bindings], list[Any]]


def fill_in(
    columns: dict[str, bytes | None],
    resolutions: Sequence[Resolution],
    bindings: Bindings,
    *,
    depth: int,
) -> dict[str, bytes | None]:
    """The columns by response key, with the resolved values in their places.

    ``depth`` is how many keys of a path lead to a column. Columns without such a field keep the
    bytes that PostgreSQL sent.
    """
    concerned = {resolution.path[depth - 1] for resolution in resolutions}
    read = {key: json.loads(columns[key] or b"null") for key in concerned}
    for resolution in resolutions:
        *way, last = resolution.path[depth:]
        parents = [
            parent
            for parent in _objects(read[resolution.path[depth - 1]], way)
            if isinstance(place := parent.get(last), dict) and place.get(MARK) == resolution.number
        ]
        values = resolution.resolve([parent[last] for parent in parents], bindings)
        for parent, value in zip(parents, values, strict=True):
            parent[last] = value
    return columns | {key: json.dumps(value).encode() for key, value in read.items()}


def _objects(value: Any, way: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Every object at the end of a path of keys, through lists; nulls lead nowhere."""
    if isinstance(value, list):
        for item in value:
            yield from _objects(item, way)
    elif isinstance(value, dict):
        if way:
            yield from _objects(value.get(way[0]), way[1:])
        else:
            yield value
