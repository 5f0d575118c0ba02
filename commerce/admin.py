"""The shop's books in the admin: orders to read, terms to edit.

Orders and carts are read only here: services alone change them, those behind the actions too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from catalog.admin import ShowsRefusals
from commerce.models import (
    Cart,
    CartLine,
    Fulfillment,
    Order,
    OrderEvent,
    OrderLine,
    OrderNote,
    Payment,
    Return,
    ShippingMethod,
    ShippingZone,
    TaxRate,
    Voucher,
)
from commerce.serializers import VoucherChangesSerializer
from commerce.services.fulfillments import create_fulfillment
from commerce.services.orders import cancel_order
from commerce.services.vouchers import create_voucher, update_voucher
from users.authentication import viewer_of
from users.viewer import Viewer


class ReadOnly:
    """Neither adds, changes nor deletes."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(ReadOnly, admin.TabularInline):
    extra = 0
    can_delete = False
    ordering = ("pk",)


class OrderLineInline(ReadOnlyInline):
    model = OrderLine
    fields = (
        "name",
        "sku",
        "quantity",
        "fulfilled",
        "returning",
        "returned",
        "unit_price",
        "total",
    )


class FulfillmentInline(ReadOnlyInline):
    model = Fulfillment
    fields = ("tracking_number", "status", "created_at")


class ReturnInline(ReadOnlyInline):
    model = Return
    fields = ("status", "reason", "answer", "is_restocked", "created_at")


class OrderNoteInline(ReadOnlyInline):
    model = OrderNote
    fields = ("author", "body", "created_at")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("author")


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = ("provider", "status", "amount", "authorized", "captured", "refunded", "created_at")


class OrderEventInline(ReadOnlyInline):
    model = OrderEvent
    fields = ("sequence", "kind", "message", "created_at")


@admin.register(Order)
class OrderAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "number",
        "status",
        "payment_status",
        "email",
        "total",
        "currency",
        "placed_at",
    )
    list_filter = ("status", "payment_status")
    search_fields = ("number__istartswith", "email__istartswith")
    search_help_text = "The beginning of a number or of an e-mail address."
    date_hierarchy = "placed_at"
    ordering = ("-placed_at", "-pk")
    show_full_result_count = False
    exclude = ("cart", "token")
    inlines = (
        OrderLineInline,
        FulfillmentInline,
        ReturnInline,
        PaymentInline,
        OrderEventInline,
        OrderNoteInline,
    )
    actions = ("send_orders", "cancel_orders")

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("commerce.add_fulfillment")

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("commerce.change_order")

    @admin.action(description="Send all that is left of the selected orders", permissions=["send"])
    def send_orders(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        def send(viewer: Viewer, number: str) -> None:
            create_fulfillment(viewer=viewer, order_number=number, now=timezone.now())

        self._with_each(request, queryset, send, done="sent")

    @admin.action(description="Cancel the selected orders", permissions=["cancel"])
    def cancel_orders(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        def cancel(viewer: Viewer, number: str) -> None:
            cancel_order(viewer=viewer, number=number, now=timezone.now())

        self._with_each(request, queryset, cancel, done="cancelled")

    def _with_each(
        self,
        request: HttpRequest,
        orders: QuerySet[Order],
        act: Callable[[Viewer, str], None],
        *,
        done: str,
    ) -> None:
        """Do it with each order, in a transaction of its own, and say what became of it."""
        viewer = viewer_of(request.user)
        numbers = []
        for number in orders.order_by("pk").values_list("number", flat=True):
            try:
                act(viewer, number)
            except ValidationError as error:
                self.message_user(request, f"{number}: {error.messages[0]}", messages.ERROR)
            else:
                numbers.append(number)
        if numbers:
            self.message_user(request, f"{len(numbers)} {done}: {', '.join(numbers)}")


class CartLineInline(ReadOnlyInline):
    model = CartLine
    fields = ("variant", "quantity", "unit_price", "total")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("variant")


@admin.register(Cart)
class CartAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("pk", "email", "user", "version", "updated_at", "expires_at")
    list_select_related = ("user",)
    search_fields = ("email", "user__email")
    date_hierarchy = "updated_at"
    ordering = ("-updated_at",)
    show_full_result_count = False
    # The token opens the cart of a guest.
    exclude = ("token",)
    inlines = (CartLineInline,)


class VoucherForm(forms.ModelForm):
    class Meta:
        model = Voucher
        fields = (
            "code",
            "kind",
            "value",
            "minimum_subtotal",
            "usage_limit",
            "usage_limit_per_customer",
            "valid_from",
            "valid_until",
        )

    def clean(self) -> dict[str, Any]:
        """By the rules of the APIs."""
        cleaned = super().clean() or {}
        old = self.instance if self.instance.pk else None
        serializer = VoucherChangesSerializer(old, data=cleaned, partial=True)
        if not self.errors and not serializer.is_valid():
            for name, details in serializer.errors.items():
                self.add_error(name, [str(detail) for detail in details])
        return cleaned


@admin.register(Voucher)
class VoucherAdmin(ShowsRefusals, admin.ModelAdmin):
    form = VoucherForm
    list_display = ("code", "kind", "value", "used", "usage_limit", "valid_from", "valid_until")
    list_filter = ("kind",)
    search_fields = ("code",)
    ordering = ("code",)
    readonly_fields = ("used",)

    def save_model(self, request: HttpRequest, obj: Voucher, form: Any, change: bool) -> None:
        """By the services: a use that an order makes at this moment stays counted."""
        given = form.cleaned_data
        if change:
            update_voucher(voucher_id=obj.pk, given=given)
        else:
            viewer = viewer_of(request.user)
            obj.pk = create_voucher(viewer=viewer, given=given, now=timezone.now())


class ShippingMethodInline(admin.TabularInline):
    model = ShippingMethod
    fields = ("name", "price", "position", "is_active")
    extra = 0
    ordering = ("position", "pk")


@admin.register(ShippingZone)
class ShippingZoneAdmin(admin.ModelAdmin):
    list_display = ("name", "countries")
    ordering = ("name",)
    inlines = (ShippingMethodInline,)


@admin.register(TaxRate)
class TaxRateAdmin(admin.ModelAdmin):
    list_display = ("country", "rate")
    search_fields = ("country",)
    ordering = ("country",)
