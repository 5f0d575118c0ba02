"""Hand-picked sets of products."""

from __future__ import annotations

from django.contrib import admin

from catalog.models import Collection


@admin.register(Collection)
class CollectionAdmin(admin.ModelAdmin):
    list_display = ("name", "slug")
    search_fields = ("name", "slug")
    ordering = ("name",)
    autocomplete_fields = ("products",)
    prepopulated_fields = {"slug": ("name",)}
