"""The carts and orders of a made-up shop."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from catalog.models import Variant
from commerce.models import (
    Cart,
    CartLine,
    CartVoucher,
    Fulfillment,
    FulfillmentLine,
    Order,
    OrderEvent,
    OrderLine,
    OrderNote,
    OrderStatus,
    Payment,
    PaymentStatus,
    Quote,
    Return,
    ReturnLine,
    ShippingMethod,
    ShippingZone,
    Voucher,
)
from tests.oracle.pieces import AMOUNTS, COUNTRIES, Pieces
from users.models import User


class Purchases:
    """Makes carts of ``variants``, and orders, of ``buyers`` and of guests."""

    def __init__(self, pieces: Pieces, buyers: Sequence[User], variants: Sequence[Variant]) -> None:
        self.pieces = pieces
        self.buyers = buyers
        self.variants = variants
        self.methods = self._shipping()
        self.carts = self._carts()
        self.orders = self._orders()
        self._parcels()

    def _shipping(self) -> list[ShippingMethod]:
        zones = ShippingZone.objects.bulk_create(
            ShippingZone(
                name=f"Zone {number}", countries=self.pieces.random.sample(COUNTRIES, k=number)
            )
            for number in range(3)
        )
        return ShippingMethod.objects.bulk_create(
            ShippingMethod(
                zone=zone,
                name=f"{self.pieces.text()} {number}",
                price=self.pieces.amount(),
                position=self.pieces.random.randint(0, 1),
                is_active=self.pieces.random.random() < 0.8,
            )
            for zone in zones
            for number in range(3)
        )

    def _carts(self) -> list[Cart]:
        carts = Cart.objects.bulk_create(
            Cart(
                token=f"cart{number}-{self.pieces.random.getrandbits(64):x}",
                user=self.pieces.random.choice([None, *self.buyers]),
                email=self.pieces.maybe("", f"{number}@example.com"),
                version=self.pieces.random.randint(1, 9),
                shipping_address=self.pieces.maybe(self.pieces.address()),
                billing_address=self.pieces.maybe(self.pieces.address()),
                shipping_method=self.pieces.random.choice([None, *self.methods]),
                updated_at=self.pieces.time(),
            )
            for number in range(16)
        )
        lines, quotes = [], []
        for cart in carts:
            for variant in self.pieces.random.sample(
                self.variants, k=self.pieces.random.randint(0, 3)
            ):
                price, quantity = self.pieces.amount(), self.pieces.random.randint(1, 9)
                lines.append(
                    CartLine(
                        cart=cart,
                        variant=variant,
                        quantity=quantity,
                        unit_price=price,
                        total=price * quantity if price < 1000 else 0,
                    )
                )
                if price >= 1000:
                    lines.pop()
            if self.pieces.random.random() < 0.6:
                quotes.append(Quote(cart=cart, expires_at=self.pieces.time(), **self.totals()))
        CartLine.objects.bulk_create(lines)
        Quote.objects.bulk_create(quotes)
        vouchers = Voucher.objects.bulk_create(
            Voucher(
                code=code,
                kind=Voucher.Kind.FIXED,
                value=5,
                minimum_subtotal=self.pieces.maybe(self.pieces.amount()),
                usage_limit=self.pieces.maybe(7),
                valid_from=self.pieces.time(),
            )
            for code in ("WELCOME10", "O'Neil", "5%")
        )
        CartVoucher.objects.bulk_create(
            CartVoucher(cart=cart, voucher=voucher, amount=self.pieces.amount())
            for cart in carts
            for voucher in self.pieces.random.sample(
                vouchers, k=self.pieces.random.choice([0, 0, 1, 2])
            )
        )
        return carts

    def totals(self) -> dict[str, Decimal]:
        """The parts of a price that add up."""
        parts = {name: self.pieces.amount() for name in ("subtotal", "shipping", "tax")}
        parts["discount"] = min(self.pieces.amount(), parts["subtotal"])
        if self.pieces.random.random() < 0.5:
            parts |= {"tax": Decimal(0), "included_tax": min(parts["tax"], parts["shipping"])}
        total = parts["subtotal"] - parts["discount"] + parts["shipping"] + parts["tax"]
        return {**parts, "total": total}

    def _orders(self) -> list[Order]:
        ordered = iter(self.pieces.random.sample(self.carts, k=8))
        orders = []
        for number in range(18):
            user = self.pieces.random.choice([None, *self.buyers])
            orders.append(
                Order(
                    number=f"N-{100_000 + number * 7}",
                    token=f"order{number}-{self.pieces.random.getrandbits(64):x}",
                    cart=next(ordered, None),
                    user=user,
                    email=user.email if user else f"Guest_{number}@example.com",
                    status=self.pieces.random.choice(OrderStatus.values),
                    payment_status=self.pieces.random.choice(PaymentStatus.values),
                    shipping_address=self.pieces.address(),
                    billing_address=self.pieces.maybe(self.pieces.address()),
                    shipping_method_name=self.pieces.text(),
                    placed_at=self.pieces.time(),
                    **self.totals(),
                )
            )
        Order.objects.bulk_create(orders)
        OrderEvent.objects.bulk_create(
            OrderEvent(
                order=order,
                sequence=sequence,
                kind=self.pieces.random.choice(OrderEvent.Kind.values),
                message=self.pieces.text(),
                created_at=self.pieces.time(),
            )
            for order in orders
            for sequence in self.pieces.some(4)
        )
        Payment.objects.bulk_create(self._payment(order) for order in orders[: len(orders) // 2])
        return orders

    def _payment(self, order: Order) -> Payment:
        """A payment of which nothing, half or all was authorized, captured and refunded."""
        random = self.pieces.random
        shares = sorted(random.choices([0, order.total // 2, order.total], k=3), reverse=True)
        return Payment(
            order=order,
            provider=random.choice(["manual", "bank"]),
            status=random.choice(Payment.Status.values),
            amount=order.total,
            is_superseded=random.random() < 0.1,
            next_action=self.pieces.maybe(self._next_action()),
            **dict(zip(["authorized", "captured", "refunded"], shares, strict=True)),
        )

    def _next_action(self) -> dict[str, Any]:
        """What a client is to do; providers leave out what they have no use for."""
        action: dict[str, Any] = {"kind": "REDIRECT"}
        for part in ("client_secret", "redirect_url"):
            if self.pieces.random.random() < 0.5:
                action[part] = self.pieces.maybe(self.pieces.text())
        return action

    def _parcels(self) -> None:
        lines = OrderLine.objects.bulk_create(
            OrderLine(
                order=order,
                variant=self.pieces.random.choice([None, *self.variants]),
                name=self.pieces.text(),
                sku=self.pieces.maybe(f"SKU-{self.pieces.number()}"),
                quantity=quantity,
                fulfilled=fulfilled,
                returning=returning,
                returned=self.pieces.random.randint(0, fulfilled - returning),
                unit_price=price,
                total=price * quantity,
            )
            for order in self.orders
            for _ in self.pieces.some(3)
            for quantity in [self.pieces.random.randint(1, 5)]
            for fulfilled in [self.pieces.random.randint(0, quantity)]
            for returning in [self.pieces.random.randint(0, fulfilled)]
            for price in [Decimal(self.pieces.random.choice(AMOUNTS[:-1]))]
        )
        for order in self.orders:
            mine = [line for line in lines if line.order_id == order.pk]
            for _ in self.pieces.some(2):
                parcel = Fulfillment.objects.create(
                    order=order,
                    tracking_number=self.pieces.text(),
                    status=self.pieces.random.choice(Fulfillment.Status.values),
                )
                FulfillmentLine.objects.bulk_create(
                    FulfillmentLine(fulfillment=parcel, order_line=line, quantity=1)
                    for line in self.pieces.random.sample(
                        mine, k=self.pieces.random.randint(0, len(mine))
                    )
                )
            OrderNote.objects.bulk_create(
                OrderNote(
                    order=order,
                    author=self.pieces.random.choice([None, *self.buyers]),
                    body=self.pieces.text(blank=False),
                    created_at=self.pieces.time(),
                )
                for _ in self.pieces.some(2)
            )
            for _ in self.pieces.some(2):
                asked = Return.objects.create(
                    order=order,
                    status=self.pieces.random.choice(Return.Status.values),
                    reason=self.pieces.maybe("", self.pieces.text()),
                    answer=self.pieces.maybe("", self.pieces.text()),
                    created_at=self.pieces.time(),
                )
                ReturnLine.objects.bulk_create(
                    ReturnLine(order_return=asked, order_line=line, quantity=1)
                    for line in self.pieces.random.sample(
                        mine, k=self.pieces.random.randint(0, len(mine))
                    )
                )
