"""The prepared statements of one connection."""

from __future__ import annotations

from collections import OrderedDict

import psycopg2
from psycopg2 import extensions

# Each kept statement costs PostgreSQL memory, so each connection keeps only the latest.
KEPT_STATEMENTS = 200

# json arrives as the bytes that PostgreSQL sent; the response takes them as they are.
JSON_BYTES = extensions.new_type((114,), "JSON_BYTES", extensions.BYTES)

_UNDEFINED_STATEMENT = "26000"
_CHANGED_RESULT = "0A000"


class Prepared:
    """Which statements a connection has prepared, and how to have one more."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, str] = OrderedDict()
        self._made = 0

    def named(self, sql: str) -> tuple[str, str]:
        """A statement's name, and the commands to run first; empty where it is prepared.

        The least recently used makes room for it.
        """
        if name := self._names.get(sql):
            self._names.move_to_end(sql)
            return name, ""
        self._made += 1
        self._names[sql] = name = f"nexus_{self._made}"
        first = f"PREPARE {name} AS {sql};"
        if len(self._names) > KEPT_STATEMENTS:
            _, oldest = self._names.popitem(last=False)
            first = f"DEALLOCATE {oldest};{first}"
        return name, first

    def forget(self, sql: str) -> None:
        """Have the statement prepared anew next time."""
        self._names.pop(sql, None)


def is_forgotten(error: BaseException) -> bool:
    """Whether an error says that the server has lost or outgrown a prepared statement."""
    cause = error.__cause__ if isinstance(error.__cause__, psycopg2.Error) else error
    return getattr(cause, "pgcode", None) in {_UNDEFINED_STATEMENT, _CHANGED_RESULT}
