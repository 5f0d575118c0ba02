"""Orders, their lines, history and the notes of staff."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import connection, models
from django.db.models.functions import Upper
from django.utils import timezone

from catalog.models import Variant
from commerce.models.cart import Cart, new_token
from commerce.models.money import (
    contains_tax,
    currency_field,
    included_tax_field,
    money_field,
    totals_add_up,
)
from commerce.querysets import OrderEventQuerySet, OrderNoteQuerySet, OrderQuerySet


class OrderStatus(models.TextChoices):
    """Where an order stands."""

    PENDING_PAYMENT = "PENDING_PAYMENT"
    CONFIRMED = "CONFIRMED"
    PARTIALLY_FULFILLED = "PARTIALLY_FULFILLED"
    FULFILLED = "FULFILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class PaymentStatus(models.TextChoices):
    """Where an order's money stands."""

    PENDING = "PENDING"
    AUTHORIZED = "AUTHORIZED"
    PAID = "PAID"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"


class Order(models.Model):
    """A completed checkout. What it shows was true then: names, prices and addresses are copies."""

    number = models.CharField(max_length=20, unique=True)
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    cart = models.OneToOneField(Cart, models.SET_NULL, null=True, blank=True, related_name="order")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="orders"
    )
    email = models.EmailField()
    status = models.CharField(max_length=20, choices=OrderStatus)
    payment_status = models.CharField(
        max_length=20, choices=PaymentStatus, default=PaymentStatus.PENDING
    )
    currency = currency_field()
    subtotal = money_field()
    discount = money_field()
    shipping = money_field()
    tax = money_field()
    total = money_field()
    included_tax = included_tax_field()
    shipping_address = models.JSONField()
    billing_address = models.JSONField(null=True, blank=True)
    shipping_method_name = models.CharField(max_length=100, blank=True)
    placed_at = models.DateTimeField(default=timezone.now)

    objects = OrderQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-placed_at", "-id"], name="order_newest"),
            models.Index(fields=["user", "-placed_at", "-id"], name="order_of_user"),
            # Staff's list: by state, and by the beginning of a number or an address in any case.
            models.Index(fields=["status", "-placed_at", "-id"], name="order_in_status"),
            models.Index(fields=["payment_status", "-placed_at", "-id"], name="order_by_payment"),
            models.Index(
                OpClass(Upper("number"), name="text_pattern_ops"), name="order_number_begins"
            ),
            models.Index(
                OpClass(Upper("email"), name="text_pattern_ops"), name="order_email_begins"
            ),
            # What is not paid in time expires.
            models.Index(
                fields=["placed_at"],
                condition=models.Q(status="PENDING_PAYMENT"),
                name="order_unpaid",
            ),
        ]
        constraints = [
            totals_add_up("order_adds_up"),
            contains_tax("order_contains_tax"),
            models.CheckConstraint(
                condition=models.Q(status__in=OrderStatus.values), name="order_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(payment_status__in=PaymentStatus.values),
                name="order_payment_status_known",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @staticmethod
    def reserve_number() -> tuple[int, str]:
        """Take the next primary key from the database and the number that belongs to it.

        The key's own sequence numbers the orders, so that no two orders wait for each other; a
        checkout that fails leaves a gap. A number is no key: a guest opens an order with its
        token.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval(pg_get_serial_sequence('commerce_order', 'id'))")
            (pk,) = cursor.fetchone()
        return pk, f"N-{100_000 + pk}"


class OrderLine(models.Model):
    """One bought variant, as it was then."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    variant = models.ForeignKey(
        Variant, models.PROTECT, null=True, blank=True, related_name="order_lines"
    )
    name = models.CharField(max_length=500)
    sku = models.CharField(max_length=100, null=True, blank=True)
    quantity = models.PositiveSmallIntegerField()
    fulfilled = models.PositiveSmallIntegerField(default=0)
    returning = models.PositiveSmallIntegerField(
        default=0, help_text="In returns that were asked for and not yet decided or received."
    )
    returned = models.PositiveSmallIntegerField(default=0)
    unit_price = money_field()
    total = money_field()
    currency = currency_field()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(fulfilled__lte=models.F("quantity")),
                name="order_line_fulfilled_within_quantity",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    fulfilled__gte=models.F("returned") + models.F("returning"),
                ),
                name="order_line_returned_within_fulfilled",
            ),
            models.CheckConstraint(
                condition=models.Q(total=models.F("unit_price") * models.F("quantity"))
                & models.Q(quantity__gte=1),
                name="order_line_total",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.name}"


class OrderEvent(models.Model):
    """One step of an order's history, which the customer reads.

    A trigger of the database refuses to change or delete what is written: see
    docs/decisions/0012.
    """

    class Kind(models.TextChoices):
        PLACED = "PLACED"
        CONFIRMED = "CONFIRMED"
        CANCELLED = "CANCELLED"
        EXPIRED = "EXPIRED"
        FULFILLED = "FULFILLED"
        DELIVERED = "DELIVERED"
        FULFILLMENT_CANCELLED = "FULFILLMENT_CANCELLED"
        RETURN_REQUESTED = "RETURN_REQUESTED"
        RETURN_APPROVED = "RETURN_APPROVED"
        RETURN_REJECTED = "RETURN_REJECTED"
        RETURN_RECEIVED = "RETURN_RECEIVED"
        PAYMENT_FAILED = "PAYMENT_FAILED"
        PAYMENT_CAPTURED = "PAYMENT_CAPTURED"
        PAYMENT_RELEASED = "PAYMENT_RELEASED"
        PAYMENT_REFUNDED = "PAYMENT_REFUNDED"
        REFUND_FAILED = "REFUND_FAILED"
        PAYMENT_LATE = "PAYMENT_LATE"

    order = models.ForeignKey(Order, models.CASCADE, related_name="events")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=30, choices=Kind)
    message = models.CharField(max_length=500)
    created_at = models.DateTimeField(default=timezone.now)

    objects = OrderEventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "sequence"], name="order_event_sequence")
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind}"


class OrderNote(models.Model):
    """What staff write about an order for each other; customers never see it."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    objects = OrderNoteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(body=""), name="order_note_not_blank")
        ]

    def __str__(self) -> str:
        return f"Note {self.pk}"
