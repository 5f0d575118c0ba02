from __future__ import annotations

from decimal import Decimal

import pytest
from django.db.models import CharField, OuterRef, Subquery, Value
from django.db.models.fields.json import KeyTextTransform

from commerce.expressions import requirements
from commerce.models import Cart, ShippingMethod, ShippingZone
from commerce.services.carts import update_cart
from tests.commerce.factories import LONDON, NOON, make_cart, make_ready_cart, make_variant
from users.viewer import ANONYMOUS


class TestRequirements:
    def lacks(self, cart):
        return Cart.objects.filter(pk=cart.pk).values_list(requirements(), flat=True).get()

    def test_of_a_new_cart_are_all(self):
        assert self.lacks(make_cart()) == [
            "LINES",
            "EMAIL",
            "SHIPPING_ADDRESS",
            "SHIPPING_METHOD",
        ]

    def test_of_a_ready_cart_are_none(self, standard):
        make_variant()
        assert self.lacks(make_ready_cart(method=standard, mug_1=1)) == []

    def test_go_one_by_one(self, standard):
        make_variant()
        cart = make_cart(mug_1=1)
        update_cart(
            viewer=ANONYMOUS, token=cart.token, changes={"shipping_address": LONDON}, now=NOON
        )
        assert self.lacks(cart) == ["EMAIL", "SHIPPING_METHOD"]

    def test_come_back_when_the_method_is_withdrawn(self, standard):
        make_variant()
        cart = make_ready_cart(method=standard, mug_1=1)
        ShippingMethod.objects.update(is_active=False)
        assert self.lacks(cart) == ["SHIPPING_METHOD"]

    def test_of_many_carts_take_one_query(self, standard, django_assert_num_queries):
        make_variant()
        make_ready_cart(method=standard, mug_1=1)
        make_cart()
        with django_assert_num_queries(1):
            lacking = Cart.objects.order_by("pk").values_list(requirements(), flat=True)
            assert [len(names) for names in lacking] == [0, 4]


class TestShippingMethodsForCountry:
    @pytest.fixture
    def methods(self, standard):
        make = ShippingMethod.objects.create
        make(zone=standard.zone, name="Express", price=Decimal(9), position=2)
        make(zone=standard.zone, name="Withdrawn", price=Decimal(1), is_active=False)
        make(zone=standard.zone, name="Boat", price=Decimal(1), position=1)
        other = ShippingZone.objects.create(name="Europe", countries=["FR", "DE"])
        make(zone=other, name="Colis", price=Decimal(3))

    def test_are_the_active_ones_of_its_zone_in_order(self, methods):
        names = [method.name for method in ShippingMethod.objects.for_country("GB")]
        assert names == ["Standard", "Boat", "Express"]

    def test_are_none_without_a_country(self, methods):
        unknown = Value(None, output_field=CharField())
        assert not ShippingMethod.objects.for_country(unknown).exists()

    def test_may_be_asked_for_many_carts_at_once(self, methods):
        for country in ["GB", "DE", "US"]:
            address = {**LONDON, "country": country}
            update_cart(
                viewer=ANONYMOUS,
                token=make_cart().token,
                changes={"shipping_address": address},
                now=NOON,
            )
        country = KeyTextTransform("country", OuterRef("shipping_address"))
        first = ShippingMethod.objects.for_country(country).values("name")[:1]
        names = Cart.objects.order_by("pk").values_list(Subquery(first), flat=True)
        assert list(names) == ["Standard", "Colis", None]
