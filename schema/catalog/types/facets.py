"""What filters would leave, as clients read it."""

from __future__ import annotations

import graphene


class FacetValue(graphene.ObjectType):
    """One value of a filter."""

    value = graphene.String(required=True, description="As the filter takes it.")
    label = graphene.String(required=True, description="As customers read it.")
    count = graphene.Int(required=True, description="How many products it would leave.")


class Facet(graphene.ObjectType):
    """A filter and the values that still find something.

    Its own filter is left out of its counts, so that a second value can be chosen.
    """

    name = graphene.String(
        required=True, description="The filter's path in the input, such as options.Size."
    )
    label = graphene.String(required=True, description="As customers read it.")
    values = graphene.List(
        graphene.NonNull(FacetValue), required=True, description="The most frequent value first."
    )
