from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from commerce.models import Voucher
from tests.commerce.factories import NOON, make_voucher

DAY = timedelta(days=1)
(ENDS,) = [
    each for each in Voucher._meta.constraints if each.name == "voucher_ends_after_it_begins"
]


class TestVoucherDates:
    @pytest.mark.parametrize("begins", [NOON, NOON + DAY])
    def test_of_one_that_ended_before_it_began_are_mended_for_the_constraint(self, begins):
        migration = import_module("commerce.migrations.0006_included_tax_and_voucher_dates")
        with connection.schema_editor() as editor:
            editor.remove_constraint(Voucher, ENDS)
            make_voucher("BAD", valid_from=begins, valid_until=NOON)
            make_voucher("GOOD", valid_from=NOON - DAY, valid_until=NOON)
            make_voucher("OPEN", valid_from=NOON)
            migration.begin_before_the_end(apps, editor)
            editor.add_constraint(Voucher, ENDS)
        dates = {each.code: (each.valid_from, each.valid_until) for each in Voucher.objects.all()}
        assert dates == {
            "BAD": (NOON - timedelta(microseconds=1), NOON),
            "GOOD": (NOON - DAY, NOON),
            "OPEN": (NOON, None),
        }
