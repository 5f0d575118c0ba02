"""Amounts that the shop's currency has not, from staff who send GraphQL."""

from __future__ import annotations

from django.test import override_settings

from tests.schema.shop import SAMPLES, ShopTestCase, make_user, token_of


@override_settings(CURRENCY="JPY")
class TestShopWithoutCents(ShopTestCase):
    def test_refuses_them_at_their_places(self) -> None:
        bearer = token_of(make_user("boss@example.com", role="admin"))
        product = SAMPLES["ProductCreate"]["input"] | {"slug": "cup"}
        for variant, field in (
            ({"price": "9.90", "compareAtPrice": None}, "price"),
            ({"price": "9", "compareAtPrice": "12.50"}, "compareAtPrice"),
        ):
            variants = [product["variants"][0] | variant]
            self.rejected(
                lambda variants=variants: self.call(
                    "ProductCreate", bearer=bearer, **product | {"variants": variants}
                ),
                (f"input.variants.0.{field}", "INVALID"),
            )
        voucher = SAMPLES["VoucherCreate"]["input"]
        self.rejected(
            lambda: self.call(
                "VoucherCreate",
                bearer=bearer,
                **voucher | {"kind": "FIXED", "value": "0.50", "minimumSubtotal": "9.90"},
            ),
            ("input.minimumSubtotal", "INVALID"),
        )
