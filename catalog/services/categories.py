"""The category tree: a category's path names its ancestors and itself."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import CharField, Value
from django.db.models.functions import Concat, Substr
from django.utils.text import slugify

from catalog.models import MAX_PATH, Category
from tasks.errors import Rejected


def create_category(
    *, name: str, slug: str = "", parent: Category | None = None, position: int = 0
) -> Category:
    """Add a category.

    Args:
        name: what people read.
        slug: unique; made of the name where blank.
        parent: the category above; None: a root.
        position: its place among its siblings.

    Raises:
        Rejected: ``ALREADY_EXISTS`` for a slug in use, ``INVALID`` for a name that makes no slug
            or a tree that gets too deep.
    """
    slug = slug or category_slug(name)
    try:
        with transaction.atomic():
            above = _locked(parent)
            category = Category.objects.create(
                name=name, slug=slug, parent=above, position=position
            )
            _set_path(category, above)
    except IntegrityError as error:
        raise Rejected(
            "ALREADY_EXISTS", f"There is a category {slug} already.", field="slug"
        ) from error
    return category


def find_or_create_category(*, name: str) -> Category:
    """The category whose slug is that of ``name``; a new root with this name if there is none."""
    slug = category_slug(name)
    category = Category.objects.filter(slug=slug).first()
    if category is None:
        try:
            category = create_category(name=name, slug=slug)
        except Rejected:  # Somebody else just made it.
            category = Category.objects.get(slug=slug)
    return category


def move_category(*, category: Category, parent: Category | None) -> None:
    """Hang a category, with all below it, below another one (None: make it a root).

    Raises:
        Rejected: ``INVALID`` when that would make a circle or a tree that is too deep.
    """
    with transaction.atomic():
        # In one order for all, so that two moves can't wait for each other.
        ids = [node.pk for node in (category, parent) if node is not None]
        locked = Category.objects.select_for_update(no_key=True).order_by("pk").in_bulk(ids)
        moved, above = locked[category.pk], locked[parent.pk] if parent else None
        if above and above.path.startswith(moved.path):
            raise Rejected("INVALID", "A category can't be below itself.", field="parentSlug")
        old_path = moved.path
        moved.parent = above
        moved.save(update_fields=["parent"])
        _set_path(moved, above)
        below = Category.objects.filter(path__startswith=old_path).exclude(pk=moved.pk)
        longest = max((len(path) for path in below.values_list("path", flat=True)), default=0)
        _check_depth(longest - len(old_path) + len(moved.path))
        below.update(
            path=Concat(
                Value(moved.path),
                Substr("path", len(old_path) + 1),
                output_field=CharField(),
            )
        )
    category.parent, category.path = above, moved.path


def category_slug(name: str) -> str:
    """The slug that a name makes.

    Raises:
        Rejected: ``INVALID`` when the name has neither letters nor digits.
    """
    slug = slugify(name, allow_unicode=True)
    if not slug:
        raise Rejected("INVALID", "A category's name needs letters or digits.", field="name")
    return slug


def _locked(category: Category | None) -> Category | None:
    """As it is now, and kept from moving until the transaction ends."""
    if category is None:
        return None
    return Category.objects.select_for_update(no_key=True).get(pk=category.pk)


def _set_path(category: Category, parent: Category | None) -> None:
    category.path = f"{parent.path if parent else ''}{category.pk}/"
    _check_depth(len(category.path))
    category.save(update_fields=["path"])


def _check_depth(length: int) -> None:
    if length > MAX_PATH:
        raise Rejected("INVALID", "The category tree would get too deep.", field="parentSlug")
