"""The compiler answers as plain resolvers do, whatever is asked by whom of which shop."""

from __future__ import annotations

import os

import pytest

from tests.oracle.arguments import Pools
from tests.oracle.comparison import SCHEMA
from tests.oracle.operations import unknown_fields
from tests.oracle.session import compare
from tests.oracle.shop import Shop

OPERATIONS = 200


@pytest.mark.compiler
@pytest.mark.django_db
@pytest.mark.timeout(600)  # A difference takes a while to be made small.
class TestCompiledAnswers:
    @pytest.mark.parametrize("seed", range(8))
    def test_are_those_of_plain_resolvers(self, seed):
        self.check(seed)

    @pytest.mark.parametrize("shard", range(2))
    def test_are_those_of_plain_resolvers_in_a_shop_that_no_run_had_before(self, shard):
        self.check(int(os.environ["ORACLE_SEED"]) + shard)

    def check(self, seed: int) -> None:
        tally = compare(seed=seed, operations=OPERATIONS)
        assert tally.operations == OPERATIONS
        assert tally.answered > OPERATIONS


@pytest.mark.django_db
def test_the_oracle_knows_every_field_and_argument_of_queries():
    assert unknown_fields(SCHEMA, Pools(Shop())) == []
