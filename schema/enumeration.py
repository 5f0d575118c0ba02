"""GraphQL enums from the choices that the models define."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import graphene
from django.db import models


def enumeration(
    name: str,
    choices: type[models.TextChoices] | list[str],
    description: str,
    meanings: Mapping[str, str],
) -> Any:
    """A GraphQL enum whose values are stored by name.

    ``meanings`` documents each value; one left out fails at start-up.
    """
    names = choices if isinstance(choices, list) else [choice.name for choice in choices]
    if set(names) != set(meanings):
        raise ValueError(f"Describe each value of {name}: {sorted(set(names) ^ set(meanings))}")
    return graphene.Enum(
        name, [(each, each) for each in names], description=_of(description, meanings)
    )


def _of(description: str, meanings: Mapping[str, str]) -> Callable[[Any], str]:
    """Graphene asks with None for the enum's own description, else with a value."""
    return lambda value: description if value is None else meanings[value.name]
