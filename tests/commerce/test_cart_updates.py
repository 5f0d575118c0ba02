from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from commerce.models import ShippingMethod, ShippingZone
from commerce.services.carts import update_cart
from tests.commerce.factories import (
    LONDON,
    NOON,
    buy,
    make_cart,
    make_customer,
    make_ready_cart,
    make_variant,
    make_voucher,
)
from tests.commerce.refusals import refused
from users.viewer import ANONYMOUS


def update(
    cart, *, viewer=ANONYMOUS, now=NOON + timedelta(minutes=1), expected_version=None, **changes
):
    changed = update_cart(
        viewer=viewer,
        token=cart.token,
        changes=changes,
        expected_version=expected_version,
        now=now,
    )
    changed.refresh_from_db()
    return changed


@pytest.fixture
def cart(db):
    make_variant("mug-1", price="10.00")
    return make_cart(mug_1=3)


class TestUpdateCart:
    def test_sets_everything_in_one_call(self, cart, standard):
        make_voucher("SAVE", value="10")
        cart = update(
            cart,
            email="ada@example.com",
            shipping_address={**LONDON, "country": "gb"},
            billing_address={**LONDON, "name": "Lord Byron"},
            shipping_method_id=standard.pk,
            voucher_codes=["save"],
        )
        assert cart.shipping_address == LONDON
        assert cart.billing_address["name"] == "Lord Byron"
        assert cart.shipping_method == standard
        assert cart.vouchers.get().amount == Decimal("3.00")
        quote = cart.quote
        assert (quote.subtotal, quote.discount) == (Decimal("30.00"), Decimal("3.00"))
        assert (quote.shipping, quote.tax) == (Decimal("5.00"), Decimal("6.40"))
        assert quote.total == Decimal("38.40")

    def test_included_tax_is_not_added(self, cart, standard, settings):
        settings.PRICES_INCLUDE_TAX = True
        cart = update(cart, shipping_address=LONDON, shipping_method_id=standard.pk)
        assert (cart.quote.tax, cart.quote.total) == (0, Decimal("35.00"))

    def test_what_is_absent_stays_and_null_clears(self, cart, standard):
        make_voucher()
        update(
            cart,
            email="ada@example.com",
            shipping_address=LONDON,
            billing_address=LONDON,
            shipping_method_id=standard.pk,
            voucher_codes=["SAVE"],
        )
        cart = update(cart, billing_address=None)
        assert cart.email == "ada@example.com"
        assert cart.shipping_method == standard
        assert cart.vouchers.count() == 1
        assert cart.billing_address is None
        cart = update(
            cart,
            email=None,
            shipping_address=None,
            shipping_method_id=None,
            voucher_codes=None,
        )
        assert (cart.email, cart.shipping_address, cart.shipping_method) == ("", None, None)
        assert cart.vouchers.count() == 0
        assert cart.quote.total == Decimal("30.00")

    def test_bumps_the_version_and_renews_the_quote_without_any_change(self, cart):
        later = NOON + timedelta(days=2)
        cart = update(cart, now=later, expected_version=1)
        assert cart.version == 2
        assert cart.quote.expires_at == later + timedelta(minutes=30)

    def test_another_version_is_refused(self, cart):
        with refused(("VERSION_CONFLICT", "expectedVersion")):
            update(cart, email="ada@example.com", expected_version=7)

    def test_an_unknown_token_is_not_found(self):
        with refused(("NOT_FOUND", "token")):
            update_cart(viewer=ANONYMOUS, token="garbage", changes={}, now=NOON)

    def test_an_ordered_cart_stays_as_it_is(self, standard):
        make_variant()
        cart = make_ready_cart(method=standard, mug_1=1)
        buy(cart)
        with refused(("CART_ALREADY_ORDERED", "token")):
            update(cart, email="bob@example.com")


class TestAddress:
    def test_reports_every_missing_field(self, cart):
        with refused(
            ("REQUIRED", "shippingAddress.name"),
            ("REQUIRED", "shippingAddress.street"),
            ("REQUIRED", "shippingAddress.country"),
        ):
            update(cart, shipping_address={"name": "", "city": "London"})

    @pytest.mark.parametrize("country", ["XX", "Great Britain", "G", "1"])
    def test_a_country_has_an_iso_code(self, cart, country):
        with refused(("INVALID", "billingAddress.country")):
            update(cart, billing_address={**LONDON, "country": country})

    def test_may_lack_postal_code_and_phone(self, cart):
        short = {key: LONDON[key] for key in ["name", "street", "city", "country"]}
        assert update(cart, shipping_address=short).shipping_address == {
            **LONDON,
            "postal_code": "",
        }
        unknown = {**LONDON, "postal_code": None, "phone": None}
        assert update(cart, billing_address=unknown).billing_address["postal_code"] == ""

    @pytest.mark.parametrize("email", ["nobody", "a@b", "a b@example.com"])
    def test_an_email_address_must_be_one(self, cart, email):
        with refused(("INVALID", "email")):
            update(cart, email=email)


class TestShippingMethod:
    @pytest.fixture
    def to_france(self, db):
        zone = ShippingZone.objects.create(name="France", countries=["FR"])
        return ShippingMethod.objects.create(zone=zone, name="Colis", price=Decimal("9.00"))

    def test_must_send_to_the_address(self, cart, standard, to_france):
        with refused(("NOT_FOUND", "shippingMethodId")):
            update(cart, shipping_address=LONDON, shipping_method_id=to_france.pk)

    def test_needs_an_address(self, cart, standard):
        with refused(("NOT_FOUND", "shippingMethodId")):
            update(cart, shipping_method_id=standard.pk)

    def test_must_be_offered(self, cart, standard):
        ShippingMethod.objects.update(is_active=False)
        with refused(("NOT_FOUND", "shippingMethodId")):
            update(cart, shipping_address=LONDON, shipping_method_id=standard.pk)

    @pytest.mark.parametrize(("pk", "code"), [(10**9, "NOT_FOUND"), (10**30, "INVALID")])
    def test_must_exist(self, cart, pk, code):
        with refused((code, "shippingMethodId")):
            update(cart, shipping_address=LONDON, shipping_method_id=pk)

    def test_is_forgotten_when_the_goods_go_elsewhere(self, cart, standard, to_france):
        update(cart, shipping_address=LONDON, shipping_method_id=standard.pk)
        cart = update(cart, shipping_address={**LONDON, "country": "FR"})
        assert cart.shipping_method is None
        assert (cart.quote.shipping, cart.quote.tax) == (0, 0)


class TestVoucherCodes:
    def test_replace_those_before(self, cart):
        make_voucher("ONE", kind="FIXED", value="1")
        make_voucher("TWO", kind="FIXED", value="2")
        update(cart, voucher_codes=["ONE"])
        cart = update(cart, voucher_codes=["TWO"])
        assert cart.vouchers.get().voucher.code == "TWO"
        assert cart.quote.discount == Decimal("2.00")

    def test_named_twice_count_once(self, cart):
        make_voucher("ONE", kind="FIXED", value="1")
        assert update(cart, voucher_codes=["ONE", "one"]).quote.discount == Decimal("1.00")

    @pytest.mark.parametrize(
        "unfit",
        [
            {"valid_from": NOON + timedelta(days=1)},
            {"valid_until": NOON},
            {"minimum_subtotal": Decimal("30.01")},
            {"usage_limit": 2, "used": 2},
        ],
    )
    def test_that_do_not_apply_are_refused(self, cart, unfit):
        make_voucher("GOOD")
        make_voucher("BAD", **unfit)
        with refused(("VOUCHER_NOT_APPLICABLE", "voucherCodes.1"), match="BAD"):
            update(cart, voucher_codes=["GOOD", "BAD"])

    def test_that_do_not_exist_are_refused(self, cart):
        with refused(("VOUCHER_NOT_APPLICABLE", "voucherCodes.0")):
            update(cart, voucher_codes=["NONE"])

    def test_that_the_customer_has_used_are_refused(self, standard):
        make_variant()
        make_voucher(usage_limit_per_customer=1)
        buy(make_ready_cart(method=standard, mug_1=1, changes={"voucher_codes": ["SAVE"]}))
        cart = make_ready_cart(method=standard, mug_1=1)
        with refused(("VOUCHER_NOT_APPLICABLE", "voucherCodes.0"), match="already"):
            update(cart, voucher_codes=["SAVE"])
        assert update(cart, email="bob@example.com", voucher_codes=["SAVE"]).vouchers.count() == 1

    def test_that_an_account_has_used_are_refused_whatever_e_mail_it_names(self, standard):
        make_variant()
        make_voucher(usage_limit_per_customer=1)
        ada = make_customer()
        used = {"voucher_codes": ["SAVE"]}
        buy(make_ready_cart(method=standard, viewer=ada, mug_1=1, changes=used), viewer=ada)
        changes = {"email": "other@example.com"}
        cart = make_ready_cart(method=standard, viewer=ada, mug_1=1, changes=changes)
        with refused(("VOUCHER_NOT_APPLICABLE", "voucherCodes.0"), match="already"):
            update(cart, viewer=ada, **used)
        # Nor with a guest's cart that the account pays.
        cart = make_ready_cart(method=standard, mug_1=1, changes={**changes, **used})
        with refused(("VOUCHER_NOT_APPLICABLE", "vouchers.0")):
            buy(cart, viewer=ada, key="key-2")

    def test_at_most_five(self, cart):
        with refused(("INVALID", "voucherCodes")):
            update(cart, voucher_codes=list("ABCDEF"))

    def test_that_no_longer_apply_take_nothing_off_until_they_do_again(self, cart):
        make_voucher(minimum_subtotal=Decimal("30.00"))
        update(cart, voucher_codes=["SAVE"])
        type(cart.lines.get().variant).objects.update(price=Decimal("9.00"))
        cart = update(cart)
        assert (cart.vouchers.get().amount, cart.quote.discount) == (0, 0)
        type(cart.lines.get().variant).objects.update(price=Decimal("10.00"))
        assert update(cart).quote.discount == Decimal("3.00")
