"""Global ids: ``Type:key`` in base64, opaque to clients."""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import Any

from django.db.models import BigIntegerField

# The largest key that a table can have, and the one that none ever gets to.
NO_ROW = BigIntegerField.MAX_BIGINT


def encode_id(type_name: str, key: Any) -> str:
    """The global id of a row."""
    return base64.b64encode(f"{type_name}:{key}".encode()).decode()


def decode_id(global_id: str, cast: str | None = None) -> tuple[str, Any]:
    """The type name and key in a global id; ``("", None)`` where it is none of ours.

    With ``cast`` (``bigint`` or ``uuid``) the key is checked to be one, else None.
    """
    try:
        type_name, _, key = base64.b64decode(global_id, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeError, ValueError):
        return "", None
    if cast == "bigint":
        digits = key.isascii() and key.isdigit() and len(key) < 20
        return type_name, int(key) if digits and int(key) <= NO_ROW else None
    if cast == "uuid":
        try:
            return type_name, str(uuid.UUID(key))
        except ValueError:
            return type_name, None
    return type_name, key


def row_key(global_id: str, type_name: str | None = None) -> int:
    """The key of the row that a global id names; ``NO_ROW`` where it can't name one.

    Services then answer NOT_FOUND as for any other unknown row.
    """
    found, key = decode_id(global_id, "bigint")
    return NO_ROW if key is None or type_name not in (None, found) else key
