"""Products, with their options, variants and pictures."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AdminIntegerFieldWidget
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html_join

from catalog.admin.product_import import import_page, may_import
from catalog.expressions import available_quantity
from catalog.models import Availability, Media, Product, ProductOption, Variant
from catalog.money import in_words
from catalog.pictures import clean_picture
from catalog.querysets import ProductQuerySet
from catalog.services.announcements import announce_saved
from catalog.services.listings import refresh_listings, refresh_search
from catalog.services.media import discard_files, enqueue_thumbnails
from catalog.services.product_data import OptionData, VariantData
from catalog.services.products import delete_product, sanitise_html
from catalog.services.stock import open_stock
from catalog.services.variant_fitting import fit_variants
from tasks.admin_pages import ShowsRefusals, in_one_line


class AvailabilityFilter(admin.SimpleListFilter):
    title = "availability"
    parameter_name = "availability"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, str(label)) for value, label in Availability.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(listing__availability=self.value()) if self.value() else queryset


class ProductForm(forms.ModelForm):
    class Meta:
        model = Product
        fields = ("name", "slug", "category", "description", "vendor", "tags", "is_published")
        widgets = {"tags": forms.TextInput(attrs={"size": 80})}

    def clean_description(self) -> str:
        return sanitise_html(self.cleaned_data["description"])


class VariantForm(forms.ModelForm):
    class Meta:
        model = Variant
        fields = ("position", "sku", "name", "options", "price", "compare_at_price", "weight")
        widgets = {
            "sku": forms.TextInput(attrs={"size": 10}),
            "options": forms.TextInput(attrs={"size": 22}),
            "name": forms.TextInput(attrs={"size": 12}),
            "position": AdminIntegerFieldWidget,
            "price": AdminIntegerFieldWidget(attrs={"step": "0.01"}),
            "compare_at_price": AdminIntegerFieldWidget(attrs={"step": "0.01"}),
        }

    def clean_options(self) -> dict[str, str]:
        options = self.cleaned_data["options"]
        if not isinstance(options, dict) or not all(isinstance(v, str) for v in options.values()):
            raise ValidationError('Write the value by option name: {"Size": "Small"}.')
        return options


OptionFormSet = forms.inlineformset_factory(
    Product, ProductOption, fields=("name", "position", "values"), extra=0
)


class VariantFormSet(forms.BaseInlineFormSet):
    """Variants that fit the product's options, by the rule of the APIs."""

    def clean(self) -> None:
        """With each misfit at its variant."""
        super().clean()
        sent = OptionFormSet(self.data, instance=self.instance, prefix="options")
        if any(self.errors) or not sent.is_valid():
            return  # said already
        options = [
            OptionData(name=option["name"], values=option["values"])
            for option in sorted(sent.cleaned_data, key=lambda option: option.get("position", 0))
            if option and not option["DELETE"]
        ]
        variants = [
            form
            for form in self.forms
            if form not in self.deleted_forms and (form.instance.pk or form.has_changed())
        ]
        fitting = fit_variants(
            present_options=[],
            present=[form.instance for form in variants if form.instance.pk],
            options=options,
            variants=[
                VariantData(
                    id=form.instance.pk,
                    sku=form.cleaned_data["sku"],
                    options=form.cleaned_data["options"],
                    price=form.cleaned_data["price"],
                )
                for form in variants
            ],
        )
        for error in fitting.errors:
            part, _, path = error.field.partition(".")
            if part != "variants":
                raise ValidationError(error.message)
            variants[int(path.partition(".")[0])].add_error("options", error.message)


class OptionInline(admin.TabularInline):
    model = ProductOption
    extra = 0
    ordering = ("position",)


class VariantInline(admin.TabularInline):
    model = Variant
    form = VariantForm
    formset = VariantFormSet
    extra = 0
    ordering = ("position", "id")
    readonly_fields = ("on_hand", "available")
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return (
            super()
            .get_queryset(request)
            .annotate(on_hand=F("stock__on_hand"), available=available_quantity())
        )

    def on_hand(self, variant: Variant) -> int:
        return getattr(variant, "on_hand", None) or 0

    def available(self, variant: Variant) -> int:
        return getattr(variant, "available", None) or 0


class MediaForm(forms.ModelForm):
    url = forms.URLField(max_length=2000, required=False, assume_scheme="https")

    class Meta:
        model = Media
        fields = ("position", "file", "url", "alt")

    def clean_file(self) -> Any:
        """A new file as it may be published, under a random name."""
        file = self.cleaned_data["file"]
        if not isinstance(file, UploadedFile):
            return file
        picture = clean_picture(file)
        return ContentFile(picture.content, f"{secrets.token_hex(16)}.{picture.extension}")


class MediaInline(admin.TabularInline):
    model = Media
    form = MediaForm
    extra = 0
    ordering = ("position", "id")


@admin.register(Product)
class ProductAdmin(ShowsRefusals, admin.ModelAdmin):
    form = ProductForm
    change_form_template = "admin/catalog/product/change_form.html"
    change_list_template = "admin/catalog/product/change_list.html"
    list_display = ("name", "vendor", "category", "is_published", "prices", "availability")
    # No filter by vendor: there may be thousands, and the search finds them.
    list_filter = ("is_published", AvailabilityFilter, "category")
    list_select_related = ("category", "listing")
    list_per_page = 50
    search_fields = ("name", "slug", "vendor", "variants__sku")
    search_help_text = "Words as customers search them, or a part of a name, vendor or SKU."
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-id")
    show_full_result_count = False
    autocomplete_fields = ("category",)
    prepopulated_fields = {"slug": ("name",)}
    inlines = (OptionInline, VariantInline, MediaInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("search_vector", "description")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """The shop's own search; where it finds nothing, parts of words."""
        found = cast("ProductQuerySet", queryset).search(search_term)
        if search_term and found.exists():
            return found, False
        return super().get_search_results(request, queryset, search_term)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(partial(import_page, self))
        return [path("import/", view, name="catalog_product_import"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With a button that leads to the import, for who may."""
        context = {"may_import": may_import(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def delete_model(self, request: HttpRequest, obj: Product) -> None:
        delete_product(product_id=obj.pk, now=timezone.now())

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for key in queryset.order_by("pk").values_list("pk", flat=True):
            delete_product(product_id=key, now=timezone.now())

    @admin.display(ordering="listing__min_price")
    def prices(self, product: Product) -> str:
        listing = getattr(product, "listing", None)
        if listing is None or listing.min_price is None:
            return "-"
        ends = sorted({listing.min_price, listing.max_price})
        prices = (in_words(price, currency=settings.CURRENCY) for price in ends)
        return format_html_join(" - ", "{}", [(in_one_line(price),) for price in prices])

    @admin.display(ordering="listing__availability")
    def availability(self, product: Product) -> str:
        listing = getattr(product, "listing", None)
        return listing.get_availability_display() if listing else "-"

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        obj.updated_at = timezone.now()
        if obj.is_published and obj.published_at is None:
            obj.published_at = obj.updated_at
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """With variants and pictures saved, everything derived from them follows."""
        product = form.instance
        before = {media.file.name: media for media in product.media.exclude(file="")}
        super().save_related(request, form, formsets, change)
        after = {media.file.name: media for media in Media.objects.filter(product=product)}
        discard_files(media for file, media in before.items() if file not in after)
        new = [media for file, media in after.items() if file not in before]
        Media.objects.filter(pk__in=[media.pk for media in new]).update(thumbnails=[])
        enqueue_thumbnails(new)
        open_stock(variant_ids=product.variants.values_list("pk", flat=True))
        refresh_listings([product.pk])
        refresh_search([product.pk])
        announce_saved(
            product, is_new=not change, changed=form.changed_data, now=product.updated_at
        )
