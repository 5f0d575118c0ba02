"""Which rows of ``catalog`` a viewer may see, and how lists are narrowed.

Arguments of the narrowing methods may be database expressions in place of values: nothing here
looks at a value, except for None (not given) and booleans.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from django.apps import apps
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from catalog.expressions import HasOption, Matches, search_query
from users.viewer import Viewer


class CategoryQuerySet(QuerySet):
    """Categories."""

    def visible_to(self, viewer: Viewer) -> Self:
        """All: the tree is public."""
        return self

    def in_subtree_of(self, slug: Any) -> Self:
        """The category with this slug and all below it."""
        root: QuerySet = QuerySet(self.model).filter(slug=slug).values("path")
        return self.filter(path__startswith=Subquery(root))


class ProductQuerySet(QuerySet):
    """Products."""

    def visible_to(self, viewer: Viewer) -> Self:
        """The published ones; all for who may change products."""
        return self if viewer.may("catalog.change_product") else self.filter(is_published=True)

    def in_category(self, slug: Any, *, include_descendants: bool = False) -> Self:
        """Those of the category with this slug, or of any below it too."""
        if not include_descendants:
            return self.filter(category__slug=slug)
        categories = apps.get_model("catalog.Category").objects.in_subtree_of(slug)
        return self.filter(category__in=categories.values("pk"))

    def in_collection(self, slug: Any) -> Self:
        """Those of the collection with this slug."""
        return self.filter(collections__slug=slug)

    def from_vendors(self, vendors: Any) -> Self:
        """Those of any of these vendors."""
        return self.filter(vendor__in=vendors)

    def tagged(self, tags: Any) -> Self:
        """Those with at least one of these tags."""
        return self.filter(tags__overlap=tags)

    def created_after(self, moment: Any) -> Self:
        """Those entered later than ``moment``."""
        return self.filter(created_at__gt=moment)

    def published(self, is_published: bool = True) -> Self:
        """The published ones, or the others."""
        return self.filter(is_published=is_published)

    def having_variant(self, **conditions: Any) -> Self:
        """Those with a variant that meets every condition of ``VariantQuerySet.matching``."""
        variants = apps.get_model("catalog.Variant").objects.filter(product=OuterRef("pk"))
        return self.filter(Exists(variants.matching(**conditions)))

    def search(self, term: Any) -> Self:
        """Those that match ``term`` in name, vendor, tags, SKUs or description.

        ``catalog.expressions.search_rank(term)`` says how well.
        """
        return self.filter(Matches(F("search_vector"), search_query(term)))


class VariantQuerySet(QuerySet):
    """Variants."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Those of visible products."""
        if viewer.may("catalog.change_product"):
            return self
        return self.filter(product__is_published=True)

    def matching(
        self,
        *,
        price_min: Any = None,
        price_max: Any = None,
        in_stock: bool | None = None,
        options: Iterable[Mapping[str, Any]] = (),
    ) -> Self:
        """Those that meet every given condition.

        Args:
            price_min: the least price, inclusive.
            price_max: the greatest price, inclusive.
            in_stock: whether the variant can be bought now.
            options: ``{"name": ..., "values": [...]}``: the variant has one of the values.
        """
        variants = self.priced(price_min, price_max)
        if in_stock is not None:
            variants = variants.in_stock(in_stock)
        for option in options:
            variants = variants.with_option(option["name"], option["values"])
        return variants

    def priced(self, least: Any = None, greatest: Any = None) -> Self:
        """Those whose price lies between the two, both inclusive; None: no limit."""
        variants = self
        if least is not None:
            variants = variants.filter(price__gte=least)
        if greatest is not None:
            variants = variants.filter(price__lte=greatest)
        return variants

    def in_stock(self, wanted: bool = True) -> Self:
        """Those that can be bought now, or the others."""
        if wanted:
            return self.filter(stock__on_hand__gt=F("stock__allocated"))
        return self.filter(Q(stock=None) | Q(stock__on_hand__lte=F("stock__allocated")))

    def with_option(self, name: Any, values: Any) -> Self:
        """Those with one of these values for the option called ``name``."""
        return self.filter(HasOption(name, values))


class StockQuerySet(QuerySet):
    """How many there are of each variant."""

    def visible_to(self, viewer: Viewer) -> Self:
        """All for who may view stock: customers see availability alone."""
        return self if viewer.may("catalog.view_stock") else self.none()


class StockMovementQuerySet(QuerySet):
    """What changed how many there are."""

    def visible_to(self, viewer: Viewer) -> Self:
        """All for who may view stock movements."""
        return self if viewer.may("catalog.view_stockmovement") else self.none()


class MediaQuerySet(QuerySet):
    """Pictures."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Those of visible products."""
        if viewer.may("catalog.change_product"):
            return self
        return self.filter(product__is_published=True)


class ProductImportQuerySet(QuerySet):
    """Files of products."""

    def visible_to(self, viewer: Viewer) -> Self:
        """All for who may view imports."""
        return self if viewer.may("catalog.view_productimport") else self.none()

    def change(self, **values: Any) -> int:
        """Update what a client sees of the imports, as a new version of each; how many."""
        return self.update(version=F("version") + 1, **values)


class ImportRowQuerySet(QuerySet):
    """Rows of files of products."""

    def visible_to(self, viewer: Viewer) -> Self:
        """All for who may view imports."""
        return self if viewer.may("catalog.view_productimport") else self.none()


class ImportRowErrorQuerySet(QuerySet):
    """What is wrong with those rows."""

    def visible_to(self, viewer: Viewer) -> Self:
        """All for who may view imports."""
        return self if viewer.may("catalog.view_productimport") else self.none()


class CollectionQuerySet(QuerySet):
    """Collections."""

    def visible_to(self, viewer: Viewer) -> Self:
        """All: their products are guarded by themselves."""
        return self


class ReviewQuerySet(QuerySet):
    """Reviews."""

    def visible_to(self, viewer: Viewer) -> Self:
        """The published ones of visible products, and one's own; all for moderators."""
        if viewer.may("catalog.change_review"):
            return self
        published = Q(status="PUBLISHED", product__is_published=True)
        if viewer.is_authenticated:
            published |= Q(user_id=viewer.user_id)
        return self.filter(published)
