"""What ``?fields=`` costs."""

from __future__ import annotations

import pytest

from catalog.serializers import ProductSerializer
from nexus.api.selection import UnknownField, selection_of


def test_many_fields_cost_no_more_than_few():
    made = []

    class Counted(ProductSerializer):
        def __init__(self, *args, **options):
            made.append(self)
            super().__init__(*args, **options)

    assert selection_of(Counted, ",".join(["id", "variants.price"] * 500))
    with pytest.raises(UnknownField):
        selection_of(Counted, ",".join([*["id"] * 500, "cost"]))
    assert len(made) == 1
