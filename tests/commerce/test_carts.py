from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from commerce.models import Cart
from commerce.services.carts import (
    LineInput,
    create_cart,
    set_cart_lines,
    update_cart,
)
from commerce.services.claims import claim_cart
from commerce.services.line_inputs import MAX_LINES
from tasks.models import IdempotencyRecord
from tests.commerce.factories import (
    NOON,
    buy,
    make_cart,
    make_customer,
    make_ready_cart,
    make_variant,
    wanted,
)
from tests.commerce.refusals import refused
from users.viewer import ANONYMOUS


def quantities(cart):
    return dict(cart.lines.order_by("pk").values_list("variant__sku", "quantity"))


def create(lines, **options):
    return create_cart(**{"viewer": ANONYMOUS, "lines": lines, "now": NOON, **options})


def set_lines(cart, lines, **options):
    return set_cart_lines(
        **{
            "viewer": ANONYMOUS,
            "token": cart.token,
            "lines": lines,
            "now": NOON + timedelta(minutes=1),
            **options,
        }
    )


def test_no_cart_comes_to_more_than_an_amount_can_be():
    """The dearest thing that may be sold, as often as a line holds: once an error of ours."""
    make_variant("moon-1", price="9999999999.99", stock=1000)
    cart = create(wanted(moon_1=1))
    for change in (lambda: create(wanted(moon_1=2)), lambda: set_lines(cart, wanted(moon_1=999))):
        with refused(("INVALID", ""), match="at most"):
            change()


class TestCreateCart:
    def test_stores_lines_and_quote(self):
        make_variant("mug-1", price="9.90")
        make_variant("hat-1", price="20.00")
        cart = create(wanted(mug_1=2, hat_1=1), email="ada@example.com")
        assert quantities(cart) == {"mug-1": 2, "hat-1": 1}
        assert cart.email == "ada@example.com"
        assert cart.lines.get(variant__sku="mug-1").total == Decimal("19.80")
        assert cart.quote.subtotal == cart.quote.total == Decimal("39.80")
        assert cart.quote.expires_at == NOON + timedelta(minutes=30)

    def test_a_variant_may_be_named_by_its_key(self):
        variant = make_variant()
        cart = create([LineInput(sku=None, variant_id=variant.pk, quantity=1)])
        assert quantities(cart) == {"mug-1": 1}

    def test_may_be_empty(self):
        cart = create([])
        assert cart.quote.total == 0
        assert cart.version == 1

    def test_a_customers_cart_is_theirs_and_has_their_address(self):
        customer = make_customer("ada@example.com")
        cart = create([], viewer=customer)
        assert cart.user_id == customer.user_id
        assert cart.email == "ada@example.com"

    def test_the_same_key_makes_one_cart(self):
        make_variant()
        one = create(wanted(mug_1=1), idempotency_key="k")
        assert create(wanted(mug_1=1), idempotency_key="k") == one
        assert Cart.objects.count() == 1

    def test_the_same_key_is_another_one_for_another_customer(self):
        carts = {
            create([], viewer=make_customer(email), idempotency_key="k").pk
            for email in ["ada@example.com", "bob@example.com"]
        }
        assert len(carts) == 2

    def test_the_same_key_is_another_one_for_a_guest_elsewhere(self):
        carts = {
            create([], address=address, idempotency_key="k").pk
            for address in ["192.0.2.1", "192.0.2.2", "192.0.2.1", None]
        }
        assert len(carts) == 3
        assert not IdempotencyRecord.objects.filter(actor__contains="192.0.2").exists()

    def test_the_same_key_with_other_lines_is_refused(self):
        make_variant()
        create(wanted(mug_1=1), idempotency_key="k")
        with refused(("IDEMPOTENCY_CONFLICT", "idempotencyKey")):
            create(wanted(mug_1=2), idempotency_key="k")

    def test_a_refused_call_does_not_use_up_its_key(self):
        make_variant()
        with refused(("NOT_FOUND", "lines.0.sku")):
            create(wanted(nothing=1), idempotency_key="k")
        assert quantities(create(wanted(mug_1=1), idempotency_key="k")) == {"mug-1": 1}

    def test_the_key_of_a_cart_that_is_gone_is_refused(self):
        create([], idempotency_key="k").delete()
        with refused(("NOT_FOUND", "idempotencyKey")):
            create([], idempotency_key="k")


class TestRefusedLines:
    @pytest.mark.parametrize(
        ("lines", "refusals"),
        [
            (wanted(nothing=1), [("NOT_FOUND", "lines.0.sku")]),
            ([LineInput(None, 10**30, 1)], [("NOT_FOUND", "lines.0.variantId")]),
            (wanted(mug_1=-1), [("INVALID", "lines.0.quantity")]),
            (wanted(mug_1=0), [("INVALID", "lines.0.quantity")]),
            (wanted(mug_1=1000), [("INVALID", "lines.0.quantity")]),
            ([LineInput(None, None, 1)], [("REQUIRED", "lines.0.sku")]),
            ([LineInput("mug-1", 1, 1)], [("INVALID", "lines.0.sku")]),
            (wanted(mug_1=1) + wanted(mug_1=2), [("INVALID", "lines.1.sku")]),
            (
                wanted(nothing=1, mug_1=1, neither=1),
                [("NOT_FOUND", "lines.0.sku"), ("NOT_FOUND", "lines.2.sku")],
            ),
            (wanted(mug_1=1) * (MAX_LINES + 1), [("INVALID", "lines")]),
        ],
    )
    def test_make_no_cart(self, lines, refusals):
        make_variant()
        with refused(*refusals):
            create(lines)

    def test_one_variant_by_both_its_names_is_named_twice(self):
        variant = make_variant()
        with refused(("INVALID", "lines.1.variantId")):
            create([*wanted(mug_1=1), LineInput(None, variant.pk, 1)])

    def test_an_unpublished_product_is_not_found(self):
        variant = make_variant()
        type(variant.product).objects.update(is_published=False)
        with refused(("NOT_FOUND", "lines.0.sku")):
            create(wanted(mug_1=1))

    def test_a_bad_address_is_refused(self):
        with refused(("INVALID", "email")):
            create([], email="nobody")


class TestSetCartLines:
    def test_sets_the_named_removes_zero_and_leaves_the_others(self):
        for sku in ["mug-1", "hat-1", "pen-1"]:
            make_variant(sku, price="10.00")
        cart = make_cart(mug_1=1, hat_1=1)
        set_lines(cart, wanted(mug_1=0, pen_1=3))
        assert quantities(cart) == {"hat-1": 1, "pen-1": 3}
        cart.quote.refresh_from_db()
        assert cart.quote.subtotal == Decimal("40.00")

    def test_bumps_the_version_and_renews_the_quote(self):
        make_variant()
        cart = make_cart(mug_1=1)
        assert set_lines(cart, wanted(mug_1=2), expected_version=1).version == 2
        cart.refresh_from_db()
        assert cart.version == 2
        assert cart.quote.expires_at == NOON + timedelta(minutes=31)

    def test_stores_another_quantity_of_what_costs_nothing(self):
        make_variant(price="0.00")
        cart = make_cart(mug_1=1)
        set_lines(cart, wanted(mug_1=2))
        assert quantities(cart) == {"mug-1": 2}

    def test_brings_all_lines_to_todays_prices(self):
        mug = make_variant(price="10.00")
        make_variant("hat-1")
        cart = make_cart(mug_1=2)
        type(mug).objects.filter(pk=mug.pk).update(price=Decimal("11.00"))
        set_lines(cart, wanted(hat_1=1))
        assert cart.lines.get(variant=mug).total == Decimal("22.00")

    def test_removing_what_is_not_there_is_no_error(self):
        make_variant()
        assert quantities(set_lines(make_cart(), wanted(mug_1=0))) == {}

    def test_removes_what_is_no_longer_sold(self):
        mug = make_variant()
        cart = make_cart(mug_1=1)
        type(mug.product).objects.update(is_published=False)
        set_lines(cart, wanted(mug_1=0))
        assert quantities(cart) == {}

    def test_another_version_is_refused(self):
        make_variant()
        cart = make_cart(mug_1=1)
        with refused(("VERSION_CONFLICT", "expectedVersion")):
            set_lines(cart, wanted(mug_1=2), expected_version=2)

    def test_an_unknown_token_is_not_found(self):
        make_variant()
        cart = make_cart(mug_1=1)
        with refused(("NOT_FOUND", "token")):
            set_lines(cart, wanted(mug_1=2), token="garbage")

    def test_a_customers_cart_is_not_found_by_a_guest_or_another_customer(self):
        make_variant()
        cart = make_cart(viewer=make_customer("ada@example.com"), mug_1=1)
        for viewer in [ANONYMOUS, make_customer("bob@example.com")]:
            with refused(("NOT_FOUND", "token")):
                set_lines(cart, wanted(mug_1=2), viewer=viewer)

    def test_an_unknown_sku_leaves_the_good_lines_unchanged_too(self):
        make_variant()
        cart = make_cart(mug_1=1)
        with refused(("NOT_FOUND", "lines.1.sku")):
            set_lines(cart, wanted(mug_1=2, nothing=1))

    def test_a_negative_quantity_is_refused(self):
        make_variant()
        cart = make_cart(mug_1=1)
        with refused(("INVALID", "lines.0.quantity")):
            set_lines(cart, wanted(mug_1=-1))

    def test_an_ordered_cart_stays_as_it_is(self, standard):
        make_variant()
        cart = make_ready_cart(method=standard, mug_1=1)
        buy(cart)
        with refused(("CART_ALREADY_ORDERED", "token")):
            set_lines(cart, wanted(mug_1=2))


class TestExpiry:
    """A cart lives for thirty days from its last change."""

    LIFETIME = timedelta(days=30)

    def test_at_its_end_a_cart_is_unknown_to_everybody(self):
        owner = make_customer("ada@example.com")
        for viewer in (ANONYMOUS, owner):
            cart = make_cart(viewer=viewer)
            holder = viewer.holding(cart_token=cart.token)
            visible = Cart.objects.filter(pk=cart.pk)
            last = NOON + self.LIFETIME - timedelta(microseconds=1)
            assert visible.visible_to(holder, now=last).exists()
            assert not visible.visible_to(holder, now=NOON + self.LIFETIME).exists()

    def test_without_another_clock_the_databases_counts(self):
        now = timezone.now()
        cart = make_cart(now=now)
        carts = Cart.objects.visible_to(ANONYMOUS.holding(cart_token=cart.token))
        assert carts.get() == cart
        Cart.objects.update(expires_at=now)
        assert not carts.all().exists()

    def test_at_its_end_a_cart_is_neither_changed_nor_claimed_nor_ordered(self, standard):
        make_variant()
        cart = make_ready_cart(method=standard, mug_1=1)
        late, ada = NOON + self.LIFETIME, make_customer("ada@example.com")
        with refused(("NOT_FOUND", "token")):
            set_lines(cart, [], now=late)
        with refused(("NOT_FOUND", "token")):
            update_cart(viewer=ANONYMOUS, token=cart.token, changes={}, now=late)
        with refused(("NOT_FOUND", "token")):
            claim_cart(viewer=ada, token=cart.token, now=late)
        with refused(("NOT_FOUND", "cartToken")):
            buy(cart, now=late)

    def test_the_key_of_a_cart_that_has_expired_is_refused(self):
        create([], idempotency_key="k")
        with refused(("NOT_FOUND", "idempotencyKey")):
            create([], idempotency_key="k", now=NOON + self.LIFETIME)

    def test_every_change_starts_it_anew(self):
        make_variant()
        cart = make_cart()
        later = NOON
        for change in (
            lambda now: set_lines(cart, wanted(mug_1=1), now=now),
            lambda now: update_cart(viewer=ANONYMOUS, token=cart.token, changes={}, now=now),
            lambda now: claim_cart(viewer=make_customer(), token=cart.token, now=now),
        ):
            later += timedelta(days=20)
            change(later)
            cart.refresh_from_db()
            assert cart.expires_at == later + self.LIFETIME


class TestClaimCart:
    def test_a_guests_cart_becomes_the_customers(self):
        make_variant()
        customer = make_customer("ada@example.com")
        cart = make_cart(mug_1=1)
        claimed = claim_cart(viewer=customer, token=cart.token, now=NOON)
        assert (claimed.user_id, claimed.email) == (customer.user_id, "ada@example.com")
        assert claimed.version == 2
        with refused(("NOT_FOUND", "token")):
            set_lines(cart, wanted(mug_1=2))

    def test_claiming_again_changes_nothing(self):
        customer = make_customer()
        cart = make_cart(viewer=customer)
        assert claim_cart(viewer=customer, token=cart.token, now=NOON).version == 1

    def test_another_customers_cart_is_not_found(self):
        cart = make_cart(viewer=make_customer("ada@example.com"))
        bob = make_customer("bob@example.com")
        with refused(("NOT_FOUND", "token")):
            claim_cart(viewer=bob, token=cart.token, now=NOON)

    def test_a_guest_may_not(self):
        cart = make_cart()
        with pytest.raises(PermissionDenied):
            claim_cart(viewer=ANONYMOUS, token=cart.token, now=NOON)
