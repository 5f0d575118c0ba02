"""What the shop asks and gives: vouchers, shipping and taxes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from commerce.models import ShippingMethod, ShippingZone, TaxRate, Voucher
from commerce.serializers import VoucherChangesSerializer
from commerce.services.vouchers import create_voucher, update_voucher
from tasks.admin_pages import ShowsRefusals
from users.authentication import viewer_of


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
    search_fields = ("name",)
    ordering = ("name",)
    inlines = (ShippingMethodInline,)


@admin.register(TaxRate)
class TaxRateAdmin(admin.ModelAdmin):
    list_display = ("country", "rate")
    search_fields = ("country",)
    ordering = ("country",)
