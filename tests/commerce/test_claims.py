from __future__ import annotations

from decimal import Decimal

import pytest

from commerce.models import Cart, CartLine, ShippingMethod, ShippingZone
from commerce.services.carts import update_cart
from commerce.services.claims import claim_cart
from commerce.services.line_inputs import MAX_LINES
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
from tests.commerce.racing import race
from tests.commerce.refusals import refused
from users.viewer import ANONYMOUS


def quantities(cart):
    return dict(cart.lines.order_by("pk").values_list("variant__sku", "quantity"))


def claim(cart, customer):
    claimed = claim_cart(viewer=customer, token=cart.token, now=NOON)
    claimed.refresh_from_db()
    return claimed


@pytest.fixture
def ada(db):
    return make_customer("ada@example.com")


class TestIntoAnOpenCart:
    def test_goes_what_the_guest_chose(self, ada):
        for sku in ["mug-1", "hat-1", "pen-1"]:
            make_variant(sku, price="10.00")
        own = make_cart(viewer=ada, mug_1=2, hat_1=1)
        guest = make_cart(mug_1=3, pen_1=1)
        claimed = claim(guest, ada)
        assert claimed == own
        assert quantities(own) == {"mug-1": 5, "hat-1": 1, "pen-1": 1}
        assert claimed.version == 2
        assert claimed.quote.subtotal == Decimal("70.00")
        assert list(Cart.objects.visible_to(ada, now=NOON)) == [own]
        assert not Cart.objects.visible_to(
            ANONYMOUS.holding(cart_token=guest.token), now=NOON
        ).exists()

    def test_quantities_end_at_999(self, ada):
        make_variant()
        make_cart(viewer=ada, mug_1=600)
        assert quantities(claim(make_cart(mug_1=600), ada)) == {"mug-1": 999}

    def test_again_changes_nothing(self, ada):
        make_variant()
        own = make_cart(viewer=ada, mug_1=1)
        guest = make_cart(mug_1=1)
        claim(guest, ada)
        assert claim(guest, ada) == own
        assert quantities(own) == {"mug-1": 2}
        bob = make_customer("bob@example.com")
        with refused(("NOT_FOUND", "token")):
            claim(guest, bob)

    def test_vouchers_of_both_are_kept(self, ada, standard):
        make_variant(price="100.00")
        for code in ["ONE", "TWO"]:
            make_voucher(code)
        own = make_cart(viewer=ada, mug_1=1)
        update_cart(viewer=ada, token=own.token, changes={"voucher_codes": ["ONE"]}, now=NOON)
        guest = make_cart(mug_1=1)
        update_cart(
            viewer=ANONYMOUS, token=guest.token, changes={"voucher_codes": ["TWO"]}, now=NOON
        )
        claimed = claim(guest, ada)
        vouchers = claimed.vouchers.order_by("pk").values_list("voucher__code", "amount")
        assert list(vouchers) == [("ONE", Decimal("20.00")), ("TWO", Decimal("20.00"))]

    def test_what_the_guest_said_counts_and_the_rest_stays(self, ada, standard):
        make_variant()
        own = make_ready_cart(method=standard, viewer=ada, mug_1=1)
        guest = make_cart(mug_1=1)
        claimed = claim(guest, ada)
        assert (claimed.shipping_address, claimed.shipping_method) == (LONDON, standard)
        zone = ShippingZone.objects.create(name="France", countries=["FR"])
        ShippingMethod.objects.create(zone=zone, name="Colis", price=Decimal("9.00"))
        guest = make_cart(mug_1=1)
        update_cart(
            viewer=ANONYMOUS,
            token=guest.token,
            changes={
                "email": "work@example.com",
                "shipping_address": {**LONDON, "country": "FR"},
            },
            now=NOON,
        )
        claimed = claim(guest, ada)
        assert (claimed, claimed.email) == (own, "work@example.com")
        assert claimed.shipping_address["country"] == "FR"
        # What sent to London does not send to France.
        assert (claimed.shipping_method, claimed.quote.shipping) == (None, 0)

    def test_too_many_lines_are_refused_and_both_carts_stay(self, ada):
        variants = [make_variant(f"mug-{number}") for number in range(2)]
        own = make_cart(viewer=ada, mug_0=1)
        guest = make_cart(mug_1=1)
        product = variants[0].product
        filler = type(variants[0]).objects.bulk_create(
            type(variants[0])(product=product, name=str(number), price=1, options={"n": number})
            for number in range(MAX_LINES - 1)
        )
        CartLine.objects.bulk_create(
            CartLine(cart=own, variant=variant, quantity=1, unit_price=1, total=1)
            for variant in filler
        )
        with refused(("INVALID", "token")):
            claim(guest, ada)

    def test_not_into_one_that_was_ordered_or_has_expired(self, ada, standard):
        make_variant()
        own = make_ready_cart(method=standard, viewer=ada, mug_1=1)
        buy(own, viewer=ada)
        gone = make_cart(viewer=ada, mug_1=1)
        Cart.objects.filter(pk=gone.pk).update(expires_at=NOON)
        guest = make_cart(mug_1=2)
        assert claim(guest, ada) == guest

    def test_an_ordered_guests_cart_stays_as_it_is(self, ada, standard):
        make_variant()
        guest = make_ready_cart(method=standard, mug_1=1)
        buy(guest)
        with refused(("CART_ALREADY_ORDERED", "token")):
            claim(guest, ada)


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_claims_of_one_cart_add_it_once(self):
        ada = make_customer()
        make_variant()
        own = make_cart(viewer=ada, mug_1=1)
        guest = make_cart(mug_1=1)
        claimed = race(lambda _: claim(guest, ada), range(4))
        assert {cart.pk for cart in claimed} == {own.pk}
        assert quantities(own) == {"mug-1": 2}

    def test_claims_of_two_carts_leave_one(self):
        ada = make_customer()
        make_variant()
        carts = [make_cart(mug_1=1) for _ in range(4)]
        claimed = race(lambda cart: claim(cart, ada), carts)
        (own,) = {cart.pk for cart in claimed}
        assert quantities(Cart.objects.get(pk=own)) == {"mug-1": 4}
