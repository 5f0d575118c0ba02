"""Cursors: a place in an order, as opaque text that can't be made up.

A cursor is base64 of a short keyed digest and a JSON list: the connection and order that it
belongs to, then the row's sort keys as PostgreSQL writes them. The digest does not guard data
(``visible_to`` does); it tells a damaged or foreign cursor from a good one, so that the answer is
an error rather than another page.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import TextField, Value
from django.db.models.functions import MD5, Cast, Concat, Left

from schema.compiler.json import Base64, JsonArray, text
from schema.compiler.slots import Slot

_DIGEST = 10


@cache
def _secret(key: str) -> str:
    return hashlib.sha256(f"cursor:{key}".encode()).hexdigest()


def cursor_of(tag: str, keys: Sequence[Any]) -> Base64:
    """The SQL expression of a row's cursor."""
    secret = Slot(lambda bindings: _secret(settings.SECRET_KEY), "text")
    # The tag is cast: an untyped constant has no place in json_build_array.
    place = text(JsonArray(Cast(Value(tag), TextField()), *(text(key) for key in keys)))
    return Base64(Concat(Left(MD5(Concat(secret, place)), _DIGEST), place))


# What PostgreSQL wrote, by the type that it is compared in.
_READ: dict[str, Callable[[str], Any]] = {
    "text": str,
    "bigint": int,
    "numeric": Decimal,
    "double precision": float,
    "timestamptz": datetime.fromisoformat,
}


def decode_cursor(cursor: str, tag: str, casts: Sequence[str]) -> list[Any]:
    """The sort keys in a cursor, which are of the types ``casts``.

    Raises:
        ValueError: the cursor is damaged or belongs to another connection or order.
    """
    try:
        decoded = base64.b64decode(cursor, validate=True)
        if base64.b64encode(decoded).decode() != cursor:
            raise ValueError("The cursor is damaged.")
        signed = decoded.decode()
        place = signed[_DIGEST:]
        keyed = (_secret(settings.SECRET_KEY) + place).encode()
        if hashlib.md5(keyed, usedforsecurity=False).hexdigest()[:_DIGEST] != signed[:_DIGEST]:
            raise ValueError("The cursor is damaged.")
        found, *keys = json.loads(place)
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("The cursor is damaged.") from error
    if found != tag or len(keys) != len(casts):
        raise ValueError("The cursor belongs to another list or order.")
    return [_READ[cast](key) for cast, key in zip(casts, keys, strict=True)]
