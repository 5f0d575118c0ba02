"""Products' pictures, as clients read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene
from django.conf import settings
from django.db.models import Case, F, TextField, Value, When
from django.db.models.functions import Cast, Coalesce, Concat

from catalog import models
from catalog.expressions import ThumbnailFile
from schema.compiler.mapping import ModelType, column, computed
from schema.node import Node, global_id


def media_url(given: Mapping[str, Any]) -> Any:
    """Where a picture can be fetched: of a file of ours, the version that suits a width."""

    def address(file: Any) -> Any:
        return Concat(Value(f"{settings.PUBLIC_URL}{settings.MEDIA_URL}"), file)

    file: Any = F("file")
    if given["width"] is not None:
        file = Coalesce(ThumbnailFile(given["width"]), Cast("file", TextField()))
    return Case(When(file="", then=F("url")), default=address(file), output_field=TextField())


class Media(ModelType):
    """A picture of a product."""

    class Meta:
        model = models.Media
        interfaces = (Node,)

    id = global_id()
    url = computed(
        graphene.String,
        "Where it can be fetched.",
        source=media_url,
        width=graphene.Int(
            description="Of a picture that the shop keeps itself: the smallest version that is at "
            "least so many pixels wide, or the picture itself where there is none."
        ),
    )
    alt = column(graphene.String, "What it shows, for who can't see it.")
    position = column(graphene.Int, "Its place among the product's pictures, from 0.")
