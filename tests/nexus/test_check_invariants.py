"""``manage.py check_invariants``: finds what disagrees, and nothing in a shop that is in order."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command, load_command_class
from django.db import Error, connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from catalog.models import Category, ProductListing, Stock, StockMovement
from catalog.services.categories import create_category
from commerce.models import (
    Fulfillment,
    FulfillmentLine,
    Order,
    OrderEvent,
    OrderLine,
    Payment,
    Return,
    ReturnLine,
    ShippingMethod,
    ShippingZone,
    TaxRate,
    Voucher,
    VoucherRedemption,
)
from commerce.services.orders import cancel_order
from nexus.invariants import INVARIANTS
from tests.commerce.factories import NOON, buy, make_ready_cart, make_variant, make_voucher
from tests.invariants import broken_invariants
from users.viewer import ANONYMOUS


def check(*arguments: str) -> str:
    output = StringIO()
    call_command("check_invariants", *arguments, stdout=output)
    return output.getvalue()


def broken() -> set[str]:
    return {violation.partition(":")[0] for violation in broken_invariants()}


@pytest.fixture
def order(db):
    """One of two orders of a shop that is in order; the other is cancelled."""
    zone = ShippingZone.objects.create(name="Britain", countries=["GB"])
    TaxRate.objects.create(country="GB", rate=Decimal("0.2"))
    standard = ShippingMethod.objects.create(zone=zone, name="Standard", price=Decimal("5.00"))
    create_category(name="Shirts", parent=create_category(name="Clothing"))
    make_variant("mug-1")
    make_variant("hat-1", stock=3)
    make_voucher(usage_limit=9)
    changes = {"voucher_codes": ["SAVE"]}
    cart = make_ready_cart(method=standard, mug_1=2, hat_1=3, changes=changes)
    order = buy(cart).order
    other = buy(make_ready_cart(method=standard, mug_1=1, changes=changes), key="key-2").order
    cancel_order(viewer=ANONYMOUS, token=other.token, now=NOON + timedelta(hours=1))
    return order


# What breaks each invariant.
BREAKAGES = {
    "stock_movements": lambda order: StockMovement.objects.filter(variant__sku="mug-1").delete(),
    "product_listings": lambda order: ProductListing.objects.update(min_price=1),
    "category_paths": lambda order: Category.objects.filter(name="Shirts").update(path="7/"),
    "allocated_stock": lambda order: Stock.objects.filter(variant__sku="mug-1").update(allocated=1),
    "order_subtotals": lambda order: OrderLine.objects.filter(sku="mug-1").delete(),
    "order_discounts": lambda order: VoucherRedemption.objects.update(amount=1),
    "order_currencies": lambda order: OrderLine.objects.filter(order=order).update(currency="XTS"),
    "order_statuses": lambda order: Order.objects.filter(pk=order.pk).update(status="FULFILLED"),
    "order_events": lambda order: OrderEvent.objects.create(
        order=order, sequence=7, kind="CONFIRMED", message="Confirmed."
    ),
    "fulfilled_quantities": lambda order: FulfillmentLine.objects.create(
        fulfillment=Fulfillment.objects.create(order=order),
        order_line=order.lines.first(),
        quantity=1,
    ),
    "returned_quantities": lambda order: ReturnLine.objects.create(
        order_return=Return.objects.create(order=order),
        order_line=order.lines.first(),
        quantity=1,
    ),
    "order_parts": lambda order: FulfillmentLine.objects.create(
        fulfillment=Fulfillment.objects.create(order=Order.objects.exclude(pk=order.pk).get()),
        order_line=order.lines.first(),
        quantity=1,
    ),
    "payment_amounts": lambda order: Payment.objects.update(
        status="FAILED", authorized=F("amount"), captured=F("amount")
    ),
    "payment_statuses": lambda order: Order.objects.update(payment_status="PAID"),
    "vouchers_used": lambda order: Voucher.objects.update(used=5),
}


class TestInvariants:
    def test_hold_in_a_shop_that_is_in_order(self, order):
        assert broken_invariants() == []

    def test_hold_in_an_empty_shop(self, db):
        assert broken_invariants() == []

    @pytest.mark.parametrize("name", [invariant.name for invariant in INVARIANTS])
    def test_are_found_broken(self, order, name):
        BREAKAGES[name](order)
        assert name in broken()

    @pytest.mark.parametrize(
        ("payment_status", "status", "captured", "refunded", "agrees"),
        [
            ("PENDING", "PENDING", 0, 0, True),
            ("FAILED", "FAILED", 0, 0, True),
            ("AUTHORIZED", "AUTHORIZED", 0, 0, True),
            ("AUTHORIZED", "AUTHORIZED", 1, 0, True),
            ("PAID", "CAPTURED", 9, 0, True),
            ("PARTIALLY_REFUNDED", "CAPTURED", 9, 4, True),
            ("REFUNDED", "CAPTURED", 9, 9, True),
            ("PENDING", "CAPTURED", 9, 0, False),
            ("PENDING", "AUTHORIZED", 0, 0, False),
            ("FAILED", "AUTHORIZED", 0, 0, False),
            ("AUTHORIZED", "AUTHORIZED", 9, 0, False),
            ("AUTHORIZED", "PENDING", 0, 0, False),
            ("PAID", "AUTHORIZED", 0, 0, False),
            ("PAID", "CAPTURED", 9, 1, False),
            ("PARTIALLY_REFUNDED", "CAPTURED", 9, 9, False),
            ("PARTIALLY_REFUNDED", "CAPTURED", 9, 0, False),
            ("REFUNDED", "CAPTURED", 9, 4, False),
        ],
    )
    def test_know_which_payment_status_fits_the_money(
        self, order, payment_status, status, captured, refunded, agrees
    ):
        """``captured`` and ``refunded`` are in ninths of what is to be paid."""
        Order.objects.filter(pk=order.pk).update(
            total=90, subtotal=90, discount=0, shipping=0, tax=0
        )
        Order.objects.filter(pk=order.pk).update(payment_status=payment_status)
        Payment.objects.filter(order=order).update(
            amount=90,
            status=status,
            authorized=90 if status in ("AUTHORIZED", "CAPTURED") else 0,
            captured=10 * captured,
            refunded=10 * refunded,
        )
        assert ("payment_statuses" not in broken()) is agrees


class TestCommand:
    def test_prints_what_it_checked(self, order):
        lines = check().splitlines()
        assert [line.split()[:2] for line in lines[:-1]] == [
            ["ok", invariant.name] for invariant in INVARIANTS
        ]
        assert lines[-1] == f"All {len(INVARIANTS)} invariants hold."

    def test_prints_each_violation_with_its_ids_and_fails(self, order):
        Stock.objects.update(on_hand=F("on_hand") + 1)
        stocks = list(Stock.objects.order_by("pk"))
        output = StringIO()
        with pytest.raises(CommandError, match="1 of 2 invariants are broken") as failure:
            call_command(
                "check_invariants",
                only=["stock_movements", "vouchers_used"],
                stdout=output,
            )
        assert failure.value.returncode == 1
        assert output.getvalue().splitlines() == [
            "FAIL  stock_movements       What is on hand of a variant is the sum of its stock "
            "movements.",
            *(
                f"      variant_id={stock.pk} on_hand={stock.on_hand} movements={stock.on_hand - 1}"
                for stock in stocks
            ),
            "ok    vouchers_used         A voucher was used as often as orders redeemed it.",
        ]

    def test_cuts_a_long_list(self, order):
        Stock.objects.update(on_hand=F("on_hand") + 1)
        output = StringIO()
        with pytest.raises(CommandError):
            call_command("check_invariants", "--limit=1", stdout=output)
        assert output.getvalue().count("variant_id=") == 1
        assert "and more; --limit 10 shows them" in output.getvalue()

    def test_names_every_invariant_in_its_help(self):
        command = load_command_class("nexus", "check_invariants")
        text = command.create_parser("manage.py", "check_invariants").format_help()
        for invariant in INVARIANTS:
            assert invariant.name in text
            assert invariant.description in text

    @pytest.mark.parametrize("arguments", [["--limit=0"], ["--only=nothing"], ["--limit=x"]])
    def test_refuses_wrong_arguments(self, db, arguments):
        with pytest.raises(CommandError):
            check(*arguments)

    def test_tells_that_the_database_cannot_be_read(self, db, monkeypatch):
        def fail(*_, **__):
            raise Error("gone")

        monkeypatch.setattr("nexus.management.commands.check_invariants.check", fail)
        with pytest.raises(CommandError, match="can't be read") as failure:
            check()
        assert failure.value.returncode == 2

    def test_takes_a_statement_an_invariant_however_large_the_shop(self, order):
        with CaptureQueriesContext(connection) as statements:
            check()
        assert len(statements) == len(INVARIANTS) + 2  # a savepoint around them


@pytest.mark.django_db(transaction=True)
class TestSnapshot:
    def test_is_one_of_its_own_and_read_only(self):
        with CaptureQueriesContext(connection) as statements:
            check()
        assert "REPEATABLE READ, READ ONLY" in statements[1]["sql"]
