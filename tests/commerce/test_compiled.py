from __future__ import annotations

import pytest
from django.db.models import Q, TextField

from catalog.models import Variant
from commerce.compiled import Compiled, IsOneOf
from tests.commerce.factories import make_variant


class TestCompiled:
    def test_runs_with_the_values_of_each_call(self):
        for sku in ["mug-1", "hat-1"]:
            make_variant(sku)
        query = Compiled(
            lambda sku: Variant.objects.filter(sku=sku).values_list("sku"), sku="sample"
        )
        assert query.rows(sku="mug-1") == [("mug-1",)]
        assert query.rows(sku="hat-1") == [("hat-1",)]
        assert query.rows(sku="sample") == []

    def test_puts_a_value_in_each_of_its_places(self):
        make_variant("mug-1", price="10.00")
        query = Compiled(
            lambda sku, stock: Variant.objects.filter(
                Q(sku=sku) | Q(name=sku), stock__on_hand=stock
            ).values_list("sku"),
            sku="sample",
            stock=987_654,
        )
        assert query.rows(sku="mug-1", stock=10) == [("mug-1",)]
        assert query.rows(sku="mug-1", stock=11) == []

    def test_takes_lists_of_any_length(self):
        for sku in ["mug-1", "hat-1"]:
            make_variant(sku)
        query = Compiled(
            lambda skus: (
                Variant.objects.filter(IsOneOf("sku", skus, TextField()))
                .order_by("sku")
                .values_list("sku")
            ),
            skus=["sample"],
        )
        assert query.rows(skus=[]) == []
        assert query.rows(skus=["mug-1", "hat-1", "pen-1"]) == [("hat-1",), ("mug-1",)]

    def test_refuses_an_argument_that_no_parameter_shows(self):
        query = Compiled(lambda sku: Variant.objects.values_list("sku"), sku="sample")
        with pytest.raises(ValueError, match="missing"):
            query.rows(sku="mug-1")
