"""Which rows of ``catalog`` a viewer may see, and how lists are narrowed.

Arguments of the narrowing methods may be database expressions in place of values.
"""

from __future__ import annotations

from typing import Self

from django.db.models import Q, QuerySet

from users.viewer import Viewer


class CategoryQuerySet(QuerySet):
    """Categories."""

    def visible_to(self, viewer: Viewer) -> Self:
        """All: the tree is public."""
        return self


class ProductQuerySet(QuerySet):
    """Products."""

    def visible_to(self, viewer: Viewer) -> Self:
        """The published ones; all for who may change products."""
        return self if viewer.may("catalog.change_product") else self.filter(is_published=True)


class VariantQuerySet(QuerySet):
    """Variants."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Those of visible products."""
        if viewer.may("catalog.change_product"):
            return self
        return self.filter(product__is_published=True)


class MediaQuerySet(QuerySet):
    """Pictures."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Those of visible products."""
        if viewer.may("catalog.change_product"):
            return self
        return self.filter(product__is_published=True)


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
