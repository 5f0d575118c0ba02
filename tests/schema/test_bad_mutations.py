"""Mutations that break a rule say which, where, and change nothing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from catalog.models import Product, Stock, Variant
from commerce.models import Cart, Quote
from schema.compiler.ids import encode_id
from tests.commerce.factories import make_voucher
from tests.schema.shop import (
    LONDON,
    MANUAL,
    SKULL,
    ShopTestCase,
    buy,
    id_of,
    make_user,
    product_id,
    ready_cart,
    token_of,
)


class TestCartLines(ShopTestCase):
    def test_that_name_nothing_of_the_shops(self) -> None:
        lamp = Variant.objects.get(sku="LAMP-1")
        for line, field, code in (
            ({"sku": "NOTHING", "quantity": 1}, "sku", "NOT_FOUND"),
            ({"sku": "", "quantity": 1}, "sku", "NOT_FOUND"),
            ({"sku": "mug-1", "quantity": 1}, "sku", "NOT_FOUND"),
            ({"sku": SKULL * 10_000, "quantity": 1}, "sku", "NOT_FOUND"),
            ({"sku": "LAMP-1", "quantity": 1}, "sku", "NOT_FOUND"),
            ({"variantId": id_of(lamp), "quantity": 1}, "variantId", "NOT_FOUND"),
            ({"variantId": product_id("mug"), "quantity": 1}, "variantId", "NOT_FOUND"),
            ({"variantId": "garbage", "quantity": 1}, "variantId", "NOT_FOUND"),
            ({"variantId": "", "quantity": 1}, "variantId", "NOT_FOUND"),
            ({"variantId": encode_id("Variant", 2**63), "quantity": 1}, "variantId", "NOT_FOUND"),
            ({"variantId": lamp.pk, "quantity": 1}, "variantId", "NOT_FOUND"),
            ({"quantity": 1}, "sku", "REQUIRED"),
            ({"sku": None, "variantId": None, "quantity": 1}, "sku", "REQUIRED"),
            ({"sku": "MUG-1", "variantId": id_of(lamp), "quantity": 1}, "sku", "INVALID"),
        ):
            with self.subTest(str(line)[:60]):
                self.refused_line(line, field, code)

    def test_with_an_impossible_quantity(self) -> None:
        for quantity in (-1, 0, 1000, 2**31 - 1, -(2**31)):
            with self.subTest(quantity):
                self.refused_line({"sku": "MUG-1", "quantity": quantity}, "quantity", "INVALID")
        for quantity in ("1", 1.5, None, True, 2**31, 1e300, [], {}):
            with self.subTest(quantity):
                lines = [{"sku": "MUG-1", "quantity": quantity}]
                self.refused(
                    lambda lines=lines: self.call("CartCreate", lines=lines), "BAD_USER_INPUT"
                )

    def test_each_with_an_error_of_its_own(self) -> None:
        lines = [
            {"sku": "MUG-1", "quantity": 1},
            {"sku": "NOTHING", "quantity": 1},
            {"sku": "MUG-1", "quantity": 2},
        ]
        self.rejected(
            lambda: self.call("CartCreate", lines=lines),
            ("input.lines.1.sku", "NOT_FOUND"),
            ("input.lines.2.sku", "INVALID"),
        )

    def test_that_are_too_many(self) -> None:
        for count, codes in ((201, []), (251, ["LIMIT_EXCEEDED"])):
            lines = [{"sku": f"S-{number}", "quantity": 1} for number in range(count)]
            if codes:
                self.refused(lambda it=lines: self.call("CartCreate", lines=it), codes)
            else:
                self.rejected(
                    lambda it=lines: self.call("CartCreate", lines=it), ("input.lines", "INVALID")
                )

    def refused_line(self, line: dict[str, Any], field: str, code: str) -> None:
        """Neither a new cart nor an old one takes the line."""
        cart = Cart.objects.first() or Cart.objects.create()
        error = (f"input.lines.0.{field}", code)
        self.rejected(lambda: self.call("CartCreate", lines=[line]), error)
        if line["quantity"] != 0:
            self.rejected(lambda: self.call("CartLinesSet", token=cart.token, lines=[line]), error)


class TestCarts(ShopTestCase):
    def test_that_are_unknown_ordered_or_somebody_elses(self) -> None:
        bearer = token_of(make_user())
        hers = ready_cart(self, bearer=token_of(make_user("bea@example.com")))["token"]
        payload = buy(self)
        ordered = Cart.objects.get(order__number=payload["order"]["number"]).token
        for token, code in (
            ("", "NOT_FOUND"),
            ("no-such-thing", "NOT_FOUND"),
            (SKULL * 10_000, "NOT_FOUND"),
            (hers, "NOT_FOUND"),
            (ordered, "CART_ALREADY_ORDERED"),
        ):
            with self.subTest(f"{token[:20]} {code}"):
                error = ("input.token", code)
                for name, given in (("CartUpdate", {}), ("CartLinesSet", {"lines": []})):
                    for who in (None, bearer):
                        self.rejected(
                            lambda name=name, who=who, given=given, token=token: self.call(
                                name, bearer=who, token=token, **given
                            ),
                            error,
                        )
                self.rejected(
                    lambda token=token: self.call("CartClaim", bearer=bearer, token=token), error
                )

    def test_that_moved_on(self) -> None:
        cart = ready_cart(self)
        for version in (1, cart["version"] + 1, -1, 2**31 - 1):
            for name, given in (("CartUpdate", {}), ("CartLinesSet", {"lines": []})):
                self.rejected(
                    lambda name=name, version=version, given=given: self.call(
                        name, token=cart["token"], expectedVersion=version, **given
                    ),
                    ("input.expectedVersion", "VERSION_CONFLICT"),
                )

    def test_with_an_impossible_change(self) -> None:
        token = ready_cart(self)["token"]
        make_voucher("OVER", valid_until=timezone.now() - timedelta(days=1))
        make_voucher("GREAT", minimum_subtotal=Decimal(10_000))
        for given, *errors in (
            ({"email": "no address"}, ("email", "INVALID")),
            ({"email": f"{'x' * 250}@example.com"}, ("email", "INVALID")),
            ({"email": "ada\N{SKULL}@example.com"}, ("email", "INVALID")),
            ({"shippingAddress": LONDON | {"name": ""}}, ("shippingAddress.name", "REQUIRED")),
            ({"shippingAddress": LONDON | {"name": " "}}, ("shippingAddress.name", "REQUIRED")),
            (
                {"shippingAddress": LONDON | {"city": "x" * 101}},
                ("shippingAddress.city", "INVALID"),
            ),
            (
                {"shippingAddress": LONDON | {"country": ""}},
                ("shippingAddress.country", "REQUIRED"),
            ),
            (
                {"billingAddress": LONDON | {"country": "Britain"}},
                ("billingAddress.country", "INVALID"),
            ),
            ({"billingAddress": LONDON | {"country": "XX"}}, ("billingAddress.country", "INVALID")),
            (
                {"billingAddress": LONDON | {"street": "", "city": ""}},
                ("billingAddress.street", "REQUIRED"),
                ("billingAddress.city", "REQUIRED"),
            ),
            ({"shippingMethodId": "garbage"}, ("shippingMethodId", "NOT_FOUND")),
            ({"shippingMethodId": ""}, ("shippingMethodId", "NOT_FOUND")),
            ({"shippingMethodId": product_id("mug")}, ("shippingMethodId", "NOT_FOUND")),
            (
                {"shippingMethodId": encode_id("ShippingMethod", 2**62)},
                ("shippingMethodId", "NOT_FOUND"),
            ),
            ({"voucherCodes": ["NOTHING"]}, ("voucherCodes.0", "VOUCHER_NOT_APPLICABLE")),
            (
                {"voucherCodes": ["OVER", SKULL, "GREAT"]},
                *((f"voucherCodes.{at}", "VOUCHER_NOT_APPLICABLE") for at in range(3)),
            ),
            ({"voucherCodes": [""]}, ("voucherCodes.0", "REQUIRED")),
            ({"voucherCodes": ["x" * 51]}, ("voucherCodes.0", "INVALID")),
            ({"voucherCodes": ["x"] * 6}, ("voucherCodes", "INVALID")),
        ):
            with self.subTest(str(given)[:80]):
                self.rejected(
                    lambda given=given: self.call("CartUpdate", token=token, **given),
                    *((f"input.{field}", code) for field, code in errors),
                )

    def test_with_an_address_that_lacks_a_part_or_has_another(self) -> None:
        token = ready_cart(self)["token"]
        for address in ({}, {"name": "Ada"}, LONDON | {"planet": "Earth"}, "1 Way", [LONDON, 1]):
            self.refused(
                lambda it=address: self.call("CartUpdate", token=token, shippingAddress=it),
                ["BAD_USER_INPUT"] * len(self.asked(token, address)),
            )

    def asked(self, token: str, address: Any) -> list[str]:
        codes = self.call("CartUpdate", token=token, shippingAddress=address).codes
        assert set(codes) == {"BAD_USER_INPUT"}
        return codes

    def test_made_with_a_key_that_was_used_or_is_none(self) -> None:
        lines = [{"sku": "MUG-1", "quantity": 1}]
        self.call("CartCreate", lines=lines, idempotencyKey="k-1")
        for key, code in (
            ("k-1", "IDEMPOTENCY_CONFLICT"),
            ("", "INVALID"),
            ("x" * 201, "INVALID"),
            ("\n", "INVALID"),
        ):
            self.rejected(
                lambda key=key: self.call("CartCreate", lines=[], idempotencyKey=key),
                ("input.idempotencyKey", code),
            )


class TestCheckout(ShopTestCase):
    def check_out(self, token: str, **given: Any) -> Any:
        return self.call(
            "Checkout",
            **{"cartToken": token, "idempotencyKey": "k-1", "payment": MANUAL} | given,
        )

    def test_of_a_cart_that_lacks_something(self) -> None:
        empty = self.call("CartCreate").payload["cart"]["token"]
        bare = self.call("CartCreate", lines=[{"sku": "MUG-1", "quantity": 1}])
        for token, *errors in (
            (empty, ("cartToken", "CART_EMPTY")),
            (
                bare.payload["cart"]["token"],
                ("email", "REQUIRED"),
                ("shippingAddress", "REQUIRED"),
                ("shippingMethod", "REQUIRED"),
            ),
            ("", ("cartToken", "NOT_FOUND")),
            ("no-such-thing", ("cartToken", "NOT_FOUND")),
            (SKULL, ("cartToken", "NOT_FOUND")),
        ):
            self.rejected(
                lambda token=token: self.check_out(token),
                *((f"input.{field}", code) for field, code in errors),
            )

    def test_a_second_time(self) -> None:
        token = ready_cart(self)["token"]
        assert self.check_out(token).payload["order"]
        self.rejected(
            lambda: self.check_out(token, idempotencyKey="k-2"),
            ("input.cartToken", "CART_ALREADY_ORDERED"),
        )
        self.rejected(
            lambda: self.check_out(token, quoteTotal="1.00"),
            ("input.idempotencyKey", "IDEMPOTENCY_CONFLICT"),
        )

    def test_of_a_quote_that_has_expired(self) -> None:
        token = ready_cart(self)["token"]
        Quote.objects.update(expires_at=timezone.now())
        self.rejected(lambda: self.check_out(token), ("input.cartToken", "QUOTE_EXPIRED"))
        assert self.call("CartUpdate", token=token).payload
        assert self.check_out(token).payload["order"]

    def test_at_another_price(self) -> None:
        token = ready_cart(self)["token"]
        for total in ("29.75", "29.77", 0, -1, "1e15"):
            self.rejected(
                lambda total=total: self.check_out(token, quoteTotal=total),
                ("input.quoteTotal", "PRICE_CHANGED"),
            )
        Variant.objects.filter(sku="MUG-1").update(price=Decimal("9.91"))
        self.rejected(
            lambda: self.check_out(token),
            ("input.cartToken", "PRICE_CHANGED"),
            ("input.lines.0", "PRICE_CHANGED"),
        )

    def test_of_goods_that_are_gone(self) -> None:
        token = ready_cart(self)["token"]
        Stock.objects.filter(variant__sku="MUG-1").update(on_hand=1)
        self.rejected(lambda: self.check_out(token), ("input.lines.0", "OUT_OF_STOCK"))
        Product.objects.filter(slug="mug").update(is_published=False)
        self.rejected(lambda: self.check_out(token), ("input.lines.0", "NOT_FOUND"))

    def test_with_an_unusable_key_or_payment(self) -> None:
        token = ready_cart(self)["token"]
        for given, error in (
            ({"idempotencyKey": ""}, ("idempotencyKey", "REQUIRED")),
            ({"idempotencyKey": "x" * 201}, ("idempotencyKey", "INVALID")),
            ({"payment": {"provider": ""}}, ("payment.provider", "INVALID")),
            ({"payment": {"provider": SKULL}}, ("payment.provider", "INVALID")),
            ({"payment": {"provider": "MANUAL"}}, ("payment.provider", "INVALID")),
            ({"payment": MANUAL | {"data": [1]}}, ("payment.data", "INVALID")),
            ({"payment": MANUAL | {"data": "x"}}, ("payment.data", "INVALID")),
        ):
            with self.subTest(str(given)[:60]):
                self.rejected(
                    lambda given=given: self.check_out(token, **given),
                    (f"input.{error[0]}", error[1]),
                )

    def test_with_a_wrong_type(self) -> None:
        token = ready_cart(self)["token"]
        for given in (
            {"idempotencyKey": None},
            {"idempotencyKey": 1},
            {"quoteTotal": "NaN"},
            {"quoteTotal": "Infinity"},
            {"quoteTotal": "1,00"},
            {"quoteTotal": ""},
            {"quoteTotal": True},
            {"payment": None},
            {"payment": {}},
            {"payment": "manual"},
            {"payment": {"data": {}}},
        ):
            with self.subTest(given):
                self.refused(lambda given=given: self.check_out(token, **given), "BAD_USER_INPUT")

    def test_with_numbers_in_the_document_that_json_does_not_know(self) -> None:
        token = ready_cart(self)["token"]
        document = """mutation {
          checkoutComplete(input: {
            cartToken: "%s", idempotencyKey: "k-1",
            payment: {provider: "manual", data: %s}, quoteTotal: %s
          }) { order { id } userErrors { field code message } }
        }"""
        for data, total in (
            ("{x: 1e999}", "29.76"),
            ("[[-1e999]]", "29.76"),
            (f"{{x: {'9' * 5_000}}}", "29.76"),
            ("{}", "1e999"),
        ):
            with self.subTest(f"{data} {total}"):
                text = document % (token, data, total)
                answer = self.ask(text)
                assert set(answer.codes) == {"GRAPHQL_VALIDATION_FAILED"}, answer.text
                self.refused(lambda text=text: self.ask(text), answer.codes)


class TestOrders(ShopTestCase):
    def test_that_can_not_be_called_off(self) -> None:
        token, number = (buy(self)["order"][name] for name in ("token", "number"))
        for given, error in (
            ({}, ("token", "REQUIRED")),
            ({"token": None, "number": None}, ("token", "REQUIRED")),
            ({"token": token, "number": number}, ("token", "INVALID")),
            ({"token": "no-such-thing"}, ("token", "NOT_FOUND")),
            ({"token": ""}, ("token", "NOT_FOUND")),
            ({"number": number}, ("number", "NOT_FOUND")),
            ({"number": SKULL}, ("number", "NOT_FOUND")),
            ({"token": token, "reason": "x" * 401}, ("reason", "INVALID")),
        ):
            with self.subTest(str(given)[:60]):
                self.rejected(
                    lambda given=given: self.call("OrderCancel", **given),
                    (f"input.{error[0]}", error[1]),
                )
        assert self.call("OrderCancel", token=token).payload
        self.rejected(lambda: self.call("OrderCancel", token=token), ("", "INVALID_TRANSITION"))
