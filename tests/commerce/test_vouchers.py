from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from commerce.models import Voucher
from commerce.services.vouchers import create_voucher, update_voucher
from tests.commerce.factories import NOON, make_customer, make_voucher
from tests.commerce.refusals import refused
from users.viewer import Viewer

STAFF = Viewer(user_id=1)


def create(key=None, viewer=STAFF, **given):
    given = {"code": "SAVE", "kind": "PERCENTAGE", "value": Decimal(10), **given}
    pk = create_voucher(
        viewer=viewer,
        given={name: value for name, value in given.items() if value is not None},
        idempotency_key=key,
        now=NOON,
    )
    return Voucher.objects.get(pk=pk)


def update(voucher, **given):
    update_voucher(voucher_id=voucher.pk, given=given)
    voucher.refresh_from_db()
    return voucher


class TestCreateVoucher:
    def test_keeps_what_is_said(self):
        voucher = create(
            minimum_subtotal=Decimal("20.00"),
            usage_limit=100,
            usage_limit_per_customer=1,
            valid_from=NOON,
            valid_until=NOON + timedelta(days=1),
        )
        assert (voucher.code, voucher.kind, voucher.value) == ("SAVE", "PERCENTAGE", 10)
        assert voucher.minimum_subtotal == Decimal("20.00")
        assert (voucher.usage_limit, voucher.usage_limit_per_customer) == (100, 1)
        assert voucher.valid_until == NOON + timedelta(days=1)
        assert voucher.used == 0

    def test_begins_now_where_nothing_is_said(self):
        assert create().valid_from == NOON

    def test_of_free_shipping_has_no_value(self):
        assert create(kind="FREE_SHIPPING", value=None).value == 0

    @pytest.mark.parametrize(
        ("given", "refusal"),
        [
            ({"code": ""}, ("REQUIRED", "code")),
            ({"code": "TWO WORDS"}, ("INVALID", "code")),
            ({"code": "X" * 51}, ("INVALID", "code")),
            ({"kind": "BARTER"}, ("INVALID", "kind")),
            ({"value": None}, ("REQUIRED", "value")),
            ({"value": Decimal(0)}, ("INVALID", "value")),
            ({"value": Decimal(-1)}, ("INVALID", "value")),
            ({"value": Decimal("100.01")}, ("INVALID", "value")),
            ({"value": Decimal("1.001")}, ("INVALID", "value")),
            ({"kind": "FIXED", "value": Decimal(10**11)}, ("INVALID", "value")),
            ({"kind": "FREE_SHIPPING", "value": Decimal(1)}, ("INVALID", "value")),
            ({"minimum_subtotal": Decimal(-1)}, ("INVALID", "minimumSubtotal")),
            ({"usage_limit": 0}, ("INVALID", "usageLimit")),
            ({"usage_limit": 2**31}, ("INVALID", "usageLimit")),
            ({"usage_limit_per_customer": 0}, ("INVALID", "usageLimitPerCustomer")),
            ({"valid_from": NOON, "valid_until": NOON}, ("INVALID", "validUntil")),
        ],
    )
    def test_says_what_is_wrong_with_a_field(self, given, refusal):
        with refused(refusal):
            create(**given)

    def test_says_all_that_is_wrong_at_once(self):
        with refused(("INVALID", "value"), ("INVALID", "validUntil")):
            create(value=Decimal(0), valid_from=NOON, valid_until=NOON)

    @pytest.mark.parametrize("name", ["value", "minimum_subtotal"])
    def test_of_a_currency_without_cents_has_whole_amounts(self, settings, name):
        settings.CURRENCY = "JPY"
        given = {"kind": "FIXED", "value": Decimal(5), name: Decimal("5.50")}
        field = "minimumSubtotal" if name == "minimum_subtotal" else name
        with refused(("INVALID", field)):
            create(**given)

    @pytest.mark.parametrize("code", ["SAVE", "save"])
    def test_refuses_a_code_that_is_taken_in_any_case(self, code):
        create()
        with refused(("ALREADY_EXISTS", "code")):
            create(code=code)

    def test_makes_one_of_two_requests_with_one_key(self):
        viewer = make_customer()
        assert create(key="k", viewer=viewer) == create(key="k", viewer=viewer)
        with refused(("IDEMPOTENCY_CONFLICT", "idempotencyKey")):
            create(key="k", viewer=viewer, value=Decimal(20))


class TestUpdateVoucher:
    def test_changes_what_is_said_and_leaves_the_rest(self):
        voucher = update(make_voucher(usage_limit=5), code="MORE", value=Decimal(20))
        assert (voucher.code, voucher.value, voucher.usage_limit) == ("MORE", 20, 5)

    def test_null_clears(self):
        voucher = make_voucher(usage_limit=5, valid_until=NOON, minimum_subtotal=Decimal(9))
        voucher = update(voucher, usage_limit=None, valid_until=None, minimum_subtotal=None)
        assert voucher.usage_limit is voucher.valid_until is voucher.minimum_subtotal is None

    def test_checks_what_stays_against_what_changes(self):
        voucher = make_voucher("SAVE", "FIXED", "150")
        with refused(("INVALID", "value")):
            update(voucher, kind="PERCENTAGE")
        with refused(("INVALID", "validUntil")):
            update(voucher, valid_until=voucher.valid_from)

    def test_allows_no_fewer_uses_than_there_were(self):
        voucher = make_voucher(used=3)
        with refused(("INVALID", "usageLimit"), match="3 times"):
            update(voucher, usage_limit=2)
        assert update(voucher, usage_limit=3).usage_limit == 3

    def test_refuses_anothers_code_but_not_its_own(self):
        make_voucher("OTHER")
        voucher = make_voucher("SAVE")
        assert update(voucher, code="save").code == "save"
        with refused(("ALREADY_EXISTS", "code")):
            update(voucher, code="other")

    def test_of_an_unknown_one_is_not_found(self):
        with refused(("NOT_FOUND", "id")):
            update_voucher(voucher_id=0, given={})


class TestConstraint:
    def test_a_voucher_ends_after_it_begins(self):
        voucher = make_voucher()
        with pytest.raises(IntegrityError), transaction.atomic():
            Voucher.objects.filter(pk=voucher.pk).update(valid_until=voucher.valid_from)
