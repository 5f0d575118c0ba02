from __future__ import annotations

import pytest
from django.db import IntegrityError, OperationalError, connection

from tasks import transactions
from tasks.models import Job
from tasks.transactions import in_transaction

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    monkeypatch.setattr(transactions, "FIRST_PAUSE_SECONDS", 0.0001)


def fail(sqlstate):
    """Make PostgreSQL raise an error with this code."""
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{sqlstate}'; END $$")


class Attempts:
    """Writes a row and then fails so many times."""

    def __init__(self, failures, sqlstate):
        self.failures, self.sqlstate, self.made = failures, sqlstate, 0

    def __call__(self):
        self.made += 1
        Job.objects.create(kind="tests.count")
        if self.made <= self.failures:
            fail(self.sqlstate)
        return "done"


class TestInTransaction:
    @pytest.mark.parametrize("sqlstate", ["40001", "40P01", "23503"])
    def test_runs_again_what_postgresql_asks_to_repeat(self, sqlstate):
        attempts = Attempts(3, sqlstate)
        assert in_transaction(attempts) == "done"
        assert attempts.made == 4
        assert Job.objects.count() == 1

    def test_gives_up_after_three_repeats_and_leaves_nothing(self):
        attempts = Attempts(9, "40P01")
        with pytest.raises(OperationalError):
            in_transaction(attempts)
        assert attempts.made == 4
        assert not Job.objects.exists()

    @pytest.mark.parametrize("sqlstate", ["53000", "23505"])
    def test_repeats_no_other_error(self, sqlstate):
        attempts = Attempts(9, sqlstate)
        with pytest.raises((OperationalError, IntegrityError)):
            in_transaction(attempts)
        assert attempts.made == 1
