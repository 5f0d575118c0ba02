"""Carts: what customers are about to buy."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.money import in_words
from commerce.models import Cart, CartLine
from tasks.admin_pages import ReadOnly, ReadOnlyInline, in_one_line


class CartLineInline(ReadOnlyInline):
    model = CartLine
    fields = ("variant", "quantity", "unit_price", "total")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CartLine]:
        return super().get_queryset(request).select_related("variant")


@admin.register(Cart)
class CartAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("pk", "email", "user", "total", "version", "updated_at", "expires_at")
    list_select_related = ("user", "quote")
    search_fields = ("email__istartswith", "user__email__istartswith")
    search_help_text = "The beginning of an e-mail address."
    date_hierarchy = "updated_at"
    ordering = ("-updated_at", "-pk")
    show_full_result_count = False
    # The token opens the cart of a guest.
    exclude = ("token",)
    inlines = (CartLineInline,)

    @admin.display(ordering="quote__total")
    def total(self, cart: Cart) -> str:
        quote = getattr(cart, "quote", None)
        return in_one_line(in_words(quote.total, currency=quote.currency)) if quote else "-"
