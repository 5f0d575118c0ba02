"""The catalogue in the admin. What is saved here ends in the same services as everything else."""

from __future__ import annotations

import secrets
import uuid
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.utils import timezone

from catalog.expressions import available_quantity
from catalog.models import (
    Availability,
    Category,
    Collection,
    Media,
    Product,
    ProductOption,
    Review,
    StockMovement,
    Variant,
)
from catalog.pictures import clean_picture
from catalog.querysets import ProductQuerySet
from catalog.services.categories import create_category, delete_category, move_category
from catalog.services.listings import refresh_listings, refresh_search
from catalog.services.media import discard_files, enqueue_thumbnails
from catalog.services.products import sanitise_html
from catalog.services.stock import adjust_stock, open_stock


class ShowsRefusals:
    """A service's refusal becomes a message on the form's page."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return HttpResponseRedirect(request.get_full_path())


class GoesWithItsProduct:
    """Can't be deleted by itself, only along with its product."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        match = request.resolver_match
        return match is not None and str(match.url_name).startswith("catalog_product_")


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
            "options": forms.TextInput(attrs={"size": 32}),
            "name": forms.TextInput(attrs={"size": 16}),
        }

    def clean_options(self) -> dict[str, str]:
        options = self.cleaned_data["options"]
        if not isinstance(options, dict) or not all(isinstance(v, str) for v in options.values()):
            raise ValidationError('Write the value by option name: {"Size": "Small"}.')
        return options


class OptionInline(admin.TabularInline):
    model = ProductOption
    extra = 0
    ordering = ("position",)


class VariantInline(admin.TabularInline):
    model = Variant
    form = VariantForm
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
class ProductAdmin(admin.ModelAdmin):
    form = ProductForm
    list_display = ("name", "vendor", "category", "is_published", "prices", "availability")
    list_filter = ("is_published", AvailabilityFilter, "category", "vendor")
    list_select_related = ("category", "listing")
    list_per_page = 50
    search_fields = ("name", "slug", "vendor", "variants__sku")
    ordering = ("-created_at", "-id")
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

    def delete_model(self, request: HttpRequest, obj: Product) -> None:
        """Its pictures' files go by a job."""
        discard_files(Media.objects.filter(product=obj))
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Likewise."""
        discard_files(Media.objects.filter(product__in=queryset))
        super().delete_queryset(request, queryset)

    @admin.display(ordering="listing__min_price")
    def prices(self, product: Product) -> str:
        listing = getattr(product, "listing", None)
        if listing is None or listing.min_price is None:
            return "-"
        if listing.min_price == listing.max_price:
            return str(listing.min_price)
        return f"{listing.min_price} - {listing.max_price}"

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


@admin.register(Variant)
class VariantAdmin(GoesWithItsProduct, admin.ModelAdmin):
    """Found here, changed with its product."""

    list_display = ("__str__", "product", "name", "price", "on_hand", "allocated")
    list_select_related = ("product", "stock")
    search_fields = ("sku", "product__name")
    ordering = ("product__name", "position", "id")
    fields = ("product", "sku", "name", "options", "price", "on_hand", "allocated")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(ordering="stock__on_hand")
    def on_hand(self, variant: Variant) -> int:
        stock = getattr(variant, "stock", None)
        return stock.on_hand if stock else 0

    @admin.display(ordering="stock__allocated")
    def allocated(self, variant: Variant) -> int:
        stock = getattr(variant, "stock", None)
        return stock.allocated if stock else 0


@admin.register(StockMovement)
class StockMovementAdmin(GoesWithItsProduct, ShowsRefusals, admin.ModelAdmin):
    """Movements can be added, which moves the stock, and never changed."""

    fields = ("variant", "delta", "kind")
    list_display = ("created_at", "variant", "product", "delta", "kind", "reference")
    list_filter = ("kind", "created_at")
    list_select_related = ("variant__product",)
    search_fields = ("variant__sku", "variant__product__name", "reference")
    ordering = ("-created_at", "-id")
    autocomplete_fields = ("variant",)

    def product(self, movement: StockMovement) -> str:
        return movement.variant.product.name

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: StockMovement, form: Any, change: bool) -> None:
        reference = f"admin:{uuid.uuid4()}"
        adjust_stock(
            variant_id=obj.variant_id,
            delta=obj.delta,
            kind=obj.kind,
            reference=reference,
            now=timezone.now(),
        )
        obj.pk = StockMovement.objects.get(reference=reference).pk


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


@admin.register(Collection)
class CollectionAdmin(admin.ModelAdmin):
    list_display = ("name", "slug")
    search_fields = ("name", "slug")
    ordering = ("name",)
    autocomplete_fields = ("products",)
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Review)
class ReviewAdmin(GoesWithItsProduct, admin.ModelAdmin):
    """Reviews are moderated here; their words stay the customer's."""

    list_display = ("product", "rating", "title", "user", "status", "created_at")
    list_filter = ("status", "rating")
    list_select_related = ("product", "user")
    search_fields = ("title", "body", "product__name", "user__email")
    ordering = ("-created_at", "-id")
    fields = ("product", "user", "rating", "title", "body", "created_at", "status")
    readonly_fields = ("product", "user", "rating", "title", "body", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Review, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        refresh_listings([obj.product_id])
