"""How the root fields of ``Subscription`` are declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import graphene
from django.db import connection, models

from schema.compiler.mapping import ReadField
from schema.compiler.readings import TypeRef
from users.permissions import Rule
from users.viewer import Viewer


@dataclass(frozen=True)
class Stream:
    """Rows that are numbered for each key, so that a higher number never commits first.

    Attributes:
        model: whose rows they are.
        key: the column that says whose stream a row belongs to, such as ``order_id``.
        sequence: the column with the number.
    """

    model: type[models.Model]
    key: str
    sequence: str

    @cached_property
    def sql(self) -> str:
        """The statement that looks for news: of keys and what was seen of each, the changed ones.

        One look-up in a unique index for each key.
        """
        quote = connection.ops.quote_name
        table, key, sequence = map(quote, (self.model._meta.db_table, self.key, self.sequence))
        return (
            "SELECT coalesce("  # noqa: S608  (the names are the model's own, and quoted)
            "json_agg(json_build_array(asked.key, news.latest)), '[]'::json)"
            " FROM unnest($1::bigint[], $2::bigint[]) AS asked (key, seen)"
            f" CROSS JOIN LATERAL (SELECT max({sequence}) AS latest FROM {table}"
            f" WHERE {key} = asked.key) AS news"
            " WHERE news.latest > asked.seen"
        )

    def latest(self, key: int) -> int:
        """The highest number of a key; 0 where there is no row."""
        rows = self.model._default_manager.filter(**{self.key: key})
        found: int = rows.aggregate(latest=models.Max(self.sequence, default=0))["latest"]
        return found


@dataclass(frozen=True)
class Live:
    """At the root of a subscription: the rows of one key of a stream, one after the other.

    Attributes:
        stream: the rows.
        find: the key that a viewer's arguments name; None where the viewer may not see it.
        presents: the keys of a ``Viewer`` that the arguments present, such as ``order_token``.
        begins_with_present: whether a client that gives no ``after`` gets the latest row first.
    """

    stream: Stream
    find: Callable[[Viewer, Mapping[str, Any]], int | None]
    presents: Callable[[Mapping[str, Any]], dict[str, Any]] = field(default=lambda given: {})
    begins_with_present: bool = False


def live(
    type_: TypeRef, description: str, *, read: Live, permission: Rule, **arguments: Any
) -> ReadField:
    """A root field that delivers the rows of a stream; ``type_`` is of the stream's model."""
    without = "the latest comes first" if read.begins_with_present else "only later ones come"
    return ReadField(
        type_,
        read=read,
        permission=permission,
        description=description,
        required=True,
        after=graphene.Int(
            description="The last sequence that the client has seen: every later one is delivered, "
            f"from the oldest. Without it, {without}."
        ),
        **arguments,
    )
