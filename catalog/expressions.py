"""Database expressions that lists, both APIs and derived columns share.

Their arguments may be plain values or other database expressions.
"""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQueryField
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DecimalField,
    F,
    FloatField,
    Func,
    JSONField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.fields import TextField
from django.db.models.functions import Cast, Coalesce

# One of PostgreSQL's built-in configurations: it stems words and drops stop words.
SEARCH_CONFIG = "english"
_EXTENSION = r"\.[^.]*$"


def available_quantity(prefix: str = "") -> Combinable:
    """How many of a variant can still be promised to orders.

    Args:
        prefix: the way from the annotated model to the variant: ``""`` on ``Variant``,
            ``"variants__"`` on ``Product``.
    """
    return Coalesce(F(f"{prefix}stock__on_hand") - F(f"{prefix}stock__allocated"), Value(0))


def availability_of(available: Any) -> Case:
    """The ``Availability`` that a quantity stands for: out at 0, low up to the threshold."""
    return Case(
        When(GreaterThan(available, settings.LOW_STOCK_THRESHOLD), then=Value("IN_STOCK")),
        When(GreaterThan(available, 0), then=Value("LOW_STOCK")),
        default=Value("OUT_OF_STOCK"),
        output_field=CharField(),
    )


def variant_availability(prefix: str = "") -> Case:
    """A variant's ``Availability``; ``prefix`` as in :func:`available_quantity`."""
    return availability_of(available_quantity(prefix))


def listed_price(prefix: str = "") -> Combinable:
    """What a ``ProductListing`` is sorted by as its price: the least one; 0 where there is none.

    Args:
        prefix: ``"listing__"`` on ``Product``, ``""`` on ``ProductListing``, whose index has it.
    """
    return Coalesce(f"{prefix}min_price", Value(0, DecimalField()))


def listed_rating(prefix: str = "") -> Combinable:
    """What a ``ProductListing`` is sorted by as its rating; 0 without reviews. As above."""
    return Coalesce(f"{prefix}rating", Value(0, DecimalField()))


class GreaterThan(Func):
    """Whether the first argument is greater than the second; usable as a condition."""

    template = "(%(expressions)s)"
    arg_joiner = " > "
    arity = 2
    output_field = BooleanField()

    def __init__(self, left: Any, right: int, **extra: Any) -> None:
        super().__init__(left, Value(right), **extra)


class OptionValue(Func):
    """The value that a variant has for the option called ``name``, or null."""

    function = "jsonb_extract_path_text"
    output_field = TextField()

    def __init__(self, name: Any, **extra: Any) -> None:
        super().__init__("options", Cast(as_expression(name), TextField()), **extra)


class HasOption(Func):
    """Whether a variant has one of ``values`` for the option called ``name``; a condition.

    Written so that the index on ``options`` answers it, and PostgreSQL can guess how many do.
    """

    template = "(%(expressions)s))"
    arg_joiner = " @> ANY ("
    arity = 2
    output_field = BooleanField()

    def __init__(self, name: Any, values: Any, **extra: Any) -> None:
        wanted = Func(
            Cast(as_expression(name), TextField()),
            Cast(as_expression(values), ArrayField(TextField())),
            function="catalog_option_values",
            output_field=ArrayField(JSONField()),
        )
        super().__init__("options", wanted, **extra)


class _SearchQuery(Func):
    # Of a sub-select without references, PostgreSQL evaluates one for all rows.
    function = "catalog_search_query"
    template = "(SELECT %(function)s(%(expressions)s))"
    arity = 1
    output_field = SearchQueryField()


class Matches(Func):
    """Whether a search vector matches a search query; usable as a condition."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    arity = 2
    output_field = BooleanField()


def search_query(term: Any) -> Func:
    """``term`` as people type it into a search box, the last word also as a beginning.

    Quotes make a phrase, ``or`` alternatives and a minus excludes, as in web searches. A word of
    four letters or more that no product has stands for the nearest ones that products have.
    Nothing that can be typed is an error; a term without words matches nothing.
    """
    return _SearchQuery(Cast(as_expression(term), TextField()))


def search_rank(term: Any) -> Combinable:
    """How well a product matches ``term``: a double precision number, greater is better."""
    rank = Func(F("search_vector"), search_query(term), function="ts_rank")
    return Cast(rank, FloatField())


def thumbnail_of(name: str, width: int) -> str:
    """The name of a picture's smaller version, given that of its file.

    ``ThumbnailFile`` says the same in SQL.
    """
    return f"{re.sub(_EXTENSION, '', name)}-{width}.webp"


class ThumbnailFile(Func):
    """The name of the narrowest of a picture's thumbnails that is at least so wide, or null."""

    arity = 3
    output_field = TextField()

    def __init__(self, width: Any, **extra: Any) -> None:
        super().__init__("file", "thumbnails", as_expression(width), **extra)

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:
        """A sub-select over the widths that there are."""
        compiled = [compiler.compile(each) for each in self.get_source_expressions()]
        (file, _), (widths, _), (wanted, _) = compiled
        name = f"regexp_replace({file}, '{_EXTENSION}', '-' || min(made.width) || '.webp')"
        sql = f"(SELECT {name} FROM unnest({widths}) made(width) WHERE made.width >= {wanted})"  # noqa: S608
        return sql, [parameter for _, parameters in compiled for parameter in parameters]


def as_expression(value: Any) -> Any:
    """``value`` itself when it is an expression, else wrapped, so that no text means a column."""
    return value if hasattr(value, "resolve_expression") else Value(value)
