"""The tree of categories."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.models import Category
from catalog.services.categories import create_category, delete_category, move_category
from tasks.admin_pages import ShowsRefusals


@admin.register(Category)
class CategoryAdmin(ShowsRefusals, admin.ModelAdmin):
    list_display = ("name", "slug", "parent", "position")
    list_select_related = ("parent",)
    search_fields = ("name", "slug")
    ordering = ("path",)
    autocomplete_fields = ("parent",)
    prepopulated_fields = {"slug": ("name",)}

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        if not change:
            created = create_category(
                name=obj.name, slug=obj.slug, parent=obj.parent, position=obj.position
            )
            obj.pk, obj.path = created.pk, created.path
            return
        if "parent" in form.changed_data:
            moved = Category.objects.get(pk=obj.pk)
            move_category(category=moved, parent=obj.parent)
            obj.path = moved.path
        # Not the path, which others may change meanwhile.
        obj.save(update_fields=[name for name in form.changed_data if name != "parent"])

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        delete_category(category_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for category in queryset:
            delete_category(category_id=category.pk)
