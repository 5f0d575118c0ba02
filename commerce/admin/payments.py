"""Payments: what was asked of a provider, and what came of it."""

from __future__ import annotations

from django.contrib import admin

from catalog.money import in_words
from commerce.models import Payment, PaymentEvent, PaymentOperation
from tasks.admin_pages import ReadOnly, ReadOnlyInline, in_one_line


class PaymentOperationInline(ReadOnlyInline):
    model = PaymentOperation
    verbose_name_plural = "captures and refunds"
    fields = ("kind", "amount", "status", "reason", "failure", "provider_ref", "created_at")


class PaymentEventInline(ReadOnlyInline):
    model = PaymentEvent
    verbose_name_plural = "what the provider has told"
    fields = ("kind", "external_id", "received_at")


@admin.register(Payment)
class PaymentAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "created_at",
        "order",
        "provider",
        "status",
        "price",
        "captured",
        "refunded",
    )
    list_filter = ("status", "provider")
    list_select_related = ("order",)
    search_fields = ("order__number__istartswith", "=provider_ref", "=public_id")
    search_help_text = "The beginning of an order's number, or the provider's or our own id."
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-pk")
    show_full_result_count = False
    # What the provider has the client do next may hold a secret of the client's.
    exclude = ("data", "next_action")
    inlines = (PaymentOperationInline, PaymentEventInline)

    @admin.display(description="amount", ordering="amount")
    def price(self, payment: Payment) -> str:
        return in_one_line(in_words(payment.amount, currency=payment.currency))
