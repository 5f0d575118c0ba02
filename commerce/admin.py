"""The shop's books in the admin: orders to read, terms to edit.

Orders and carts are read only here: services alone change them.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from commerce.models import (
    Cart,
    CartLine,
    Order,
    OrderEvent,
    OrderLine,
    Payment,
    ShippingMethod,
    ShippingZone,
    TaxRate,
    Voucher,
)


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
    fields = ("name", "sku", "quantity", "fulfilled", "returned", "unit_price", "total")


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
    inlines = (OrderLineInline, PaymentInline, OrderEventInline)


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


@admin.register(Voucher)
class VoucherAdmin(admin.ModelAdmin):
    list_display = ("code", "kind", "value", "used", "usage_limit", "valid_from", "valid_until")
    list_filter = ("kind",)
    search_fields = ("code",)
    ordering = ("code",)
    readonly_fields = ("used",)


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
