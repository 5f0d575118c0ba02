"""The page on which a CSV file of products is uploaded, checked and imported."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import capfirst

from catalog.csv_import import UnreadableFile, import_products
from catalog.models import Product

# What is imported while a browser waits, half a minute at most; the command takes more.
MAX_KILOBYTES = 1_000
MAX_ROWS = 2_000
ENCODINGS = ("utf-8", "windows-1252", "utf-16")
# An import makes categories, and changes what is there.
PERMISSIONS = (
    "catalog.add_product",
    "catalog.change_product",
    "catalog.add_category",
    "catalog.change_stock",
)


class ImportForm(forms.Form):
    """A file, and whether it is only looked at."""

    file = forms.FileField(
        help_text=f"Shopify's product CSV, up to {MAX_KILOBYTES:,} KB and {MAX_ROWS:,} rows. "
        "A larger one goes in by manage.py import_products."
    )
    encoding = forms.ChoiceField(choices=[(name, name) for name in ENCODINGS])
    is_dry_run = forms.BooleanField(
        label="Dry run",
        required=False,
        initial=True,
        help_text="Check and count everything, write nothing.",
    )

    def clean_file(self) -> UploadedFile:
        """A file that is small enough."""
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MAX_KILOBYTES * 1000:
            raise forms.ValidationError(f"Give a file of at most {MAX_KILOBYTES:,} KB.")
        return file


def may_import(request: HttpRequest) -> bool:
    """Whether the account may do all that an import does."""
    return request.user.has_perms(PERMISSIONS)


def import_page(model_admin: admin.ModelAdmin[Product], request: HttpRequest) -> HttpResponse:
    """Ask for a file; import it, or only check it, and show the report."""
    if not may_import(request):
        raise PermissionDenied
    form = ImportForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": "Import products",
        "form": form,
    }
    if form.is_valid():
        try:
            context["report"] = import_products(
                content=form.cleaned_data["file"].read(),
                encoding=form.cleaned_data["encoding"],
                dry_run=form.cleaned_data["is_dry_run"],
                max_rows=MAX_ROWS,
                now=timezone.now(),
            )
        except UnreadableFile as error:
            form.add_error("file", capfirst(str(error)))
    return render(request, "admin/catalog/product/import.html", context)
