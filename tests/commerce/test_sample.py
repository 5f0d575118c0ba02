from __future__ import annotations

from decimal import Decimal

from commerce.models import ShippingMethod, ShippingZone, TaxRate, Voucher
from commerce.sample import load_sample_shop
from users.countries import COUNTRIES


class TestLoadSampleShop:
    def test_sends_to_the_union_britain_and_beyond(self):
        load_sample_shop()
        for country in ["DE", "GB", "US"]:
            names = [method.name for method in ShippingMethod.objects.for_country(country)]
            assert names == ["Standard", "Express"]
        assert TaxRate.objects.get(country="GB").rate == Decimal("0.2")
        countries = {code for zone in ShippingZone.objects.all() for code in zone.countries}
        assert countries <= COUNTRIES

    def test_again_changes_nothing_that_staff_changed(self):
        load_sample_shop()
        ShippingMethod.objects.filter(name="Express").update(price=1)
        Voucher.objects.update(code="welcome10", value=5)
        load_sample_shop()
        assert ShippingMethod.objects.count() == 6
        assert set(ShippingMethod.objects.filter(name="Express").values_list("price")) == {(1,)}
        assert Voucher.objects.get().value == 5
        assert TaxRate.objects.count() == 28

    def test_ships_for_amounts_of_the_shops_currency(self, settings):
        settings.CURRENCY = "JPY"
        load_sample_shop()
        assert all(price == int(price) for (price,) in ShippingMethod.objects.values_list("price"))
