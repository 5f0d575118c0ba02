"""That a service refuses, with which code, and that it changed nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError

STORED = ["commerce", "catalog", "tasks", "users"]


def stored_rows() -> dict[str, list[Any]]:
    """All rows of all tables of the shop."""
    return {
        model._meta.label: sorted(map(str, model._base_manager.values()))
        for label in STORED
        for model in apps.get_app_config(label).get_models()
    }


@contextmanager
def refused(*refusals: tuple[str, str], match: str = "") -> Iterator[None]:
    """Expect exactly these (code, field) refusals, in this order, and unchanged tables."""
    before = stored_rows()
    with pytest.raises(ValidationError) as caught:
        yield
    errors = caught.value.error_list
    assert [(error.code, error.field) for error in errors] == list(refusals)
    assert re.search(match, " ".join(map(str, caught.value.messages)))
    assert stored_rows() == before
