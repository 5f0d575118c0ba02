"""Variants with their stock, and every movement of it."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from catalog.admin.parts import GoesWithItsProduct
from catalog.expressions import available_quantity
from catalog.models import StockMovement, Variant
from catalog.money import in_words
from catalog.services.stock import adjust_stock
from tasks.admin_pages import ReadOnlyInline, ShowsRefusals, in_one_line

# How many movements a variant's page shows.
LATEST = 50


class StockMovementInline(ReadOnlyInline):
    """The latest movements; the list of all is a link away."""

    model = StockMovement
    verbose_name_plural = f"the latest {LATEST} stock movements"
    fields = ("created_at", "delta", "kind", "reference")
    ordering = ("-created_at", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockMovement]:
        match = request.resolver_match
        variant = match.kwargs.get("object_id") if match else None
        newest = StockMovement.objects.filter(variant=variant).order_by("-created_at", "-pk")
        return super().get_queryset(request).filter(pk__in=newest.values("pk")[:LATEST])


@admin.register(Variant)
class VariantAdmin(GoesWithItsProduct, admin.ModelAdmin):
    """Found here with its stock, changed with its product."""

    change_form_template = "admin/catalog/variant/change_form.html"
    list_display = ("__str__", "product", "name", "cost", "on_hand", "allocated", "available")
    list_select_related = ("product", "stock")
    search_fields = ("sku", "product__name")
    search_help_text = "A part of a SKU or of a product's name."
    ordering = ("product__name", "position", "id")
    show_full_result_count = False
    fields = ("product", "sku", "name", "options", "cost", "on_hand", "allocated", "available")
    readonly_fields = fields
    inlines = (StockMovementInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        return super().get_queryset(request).annotate(available=available_quantity())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With a button that books stock in or out."""
        context = {"may_move_stock": may_move_stock(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    @admin.display(description="price", ordering="price")
    def cost(self, variant: Variant) -> str:
        return in_one_line(in_words(variant.price, currency=variant.currency))

    @admin.display(ordering="stock__on_hand")
    def on_hand(self, variant: Variant) -> int:
        stock = getattr(variant, "stock", None)
        return stock.on_hand if stock else 0

    @admin.display(ordering="stock__allocated")
    def allocated(self, variant: Variant) -> int:
        stock = getattr(variant, "stock", None)
        return stock.allocated if stock else 0

    @admin.display(ordering="available")
    def available(self, variant: Any) -> int:
        return variant.available or 0


class StockMovementForm(forms.ModelForm):
    """Its key makes a form that is sent twice move the stock once."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    class Meta:
        model = StockMovement
        fields = ("variant", "delta", "kind")
        help_texts = {"delta": "How many came; below zero: how many went."}


@admin.register(StockMovement)
class StockMovementAdmin(GoesWithItsProduct, ShowsRefusals, admin.ModelAdmin):
    """Movements can be added, which moves the stock, and never changed."""

    form = StockMovementForm
    list_display = ("created_at", "variant", "product", "delta", "kind", "reference")
    list_filter = ("kind",)
    list_select_related = ("variant__product",)
    search_fields = ("variant__sku", "variant__product__name", "reference")
    search_help_text = "A part of a SKU, a product's name or a reference."
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-pk")
    show_full_result_count = False
    autocomplete_fields = ("variant",)

    @admin.display(ordering="variant__product__name")
    def product(self, movement: StockMovement) -> str:
        return movement.variant.product.name

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_move_stock(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Pages of variants and products link to the movements of theirs."""
        links = {"variant", "variant__product"}
        return lookup in links or super().lookup_allowed(lookup, value, request)

    def save_model(self, request: HttpRequest, obj: StockMovement, form: Any, change: bool) -> None:
        reference = f"admin:{form.cleaned_data['key']}"
        adjust_stock(
            variant_id=obj.variant_id,
            delta=obj.delta,
            kind=obj.kind,
            reference=reference,
            now=timezone.now(),
        )
        obj.pk = StockMovement.objects.get(reference=reference).pk


def may_move_stock(request: HttpRequest) -> bool:
    """As in the APIs: movements are written by who may change stock."""
    return request.user.has_perm("catalog.change_stock")
