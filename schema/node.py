"""What is known by one opaque id, whatever its type."""

from __future__ import annotations

import graphene

from schema.compiler.mapping import ReadField
from schema.compiler.readings import GlobalId


class Node(graphene.Interface):
    """Anything that has an id."""

    id = graphene.ID(required=True, description="Opaque and unique among all types.")


def global_id(key: str = "pk") -> ReadField:
    """The ``id`` field of a type; ``key`` is the column that the id carries."""
    return ReadField(
        graphene.ID,
        read=GlobalId(key),
        required=True,
        description="Opaque and unique among all types.",
    )
