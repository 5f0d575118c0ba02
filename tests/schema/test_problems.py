"""What clients are told of exceptions that no request over HTTP brings about."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from schema.errors import problem_for


@pytest.mark.parametrize(
    ("reason", "named"),
    [
        ("commerce.add_return", {"required": "commerce.add_return"}),
        ("Log in to claim a cart.", {}),
        ("", {}),
    ],
)
def test_a_refusal_names_a_permission_or_none(reason, named):
    problem = problem_for(PermissionDenied(reason))
    assert problem.formatted()["extensions"] == {"code": "FORBIDDEN", **named}
